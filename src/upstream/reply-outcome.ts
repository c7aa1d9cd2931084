import { failedBecause, type Outcome } from '../core/outcome.ts';
import type { ClientKind } from '../ethereum/client-kind.ts';
import { classify } from '../ethereum/error-class.ts';
import type { ReplyEnvelope } from '../jsonrpc/decode-reply.ts';
import type { RawJson, RpcError } from '../jsonrpc/message.ts';
import { cutText } from '../lib/cut-text.ts';

/** Characters of a node's error that are worth telling further. */
const LONGEST = 1000;

/** What the wording of an error depends on. */
export interface Question {
  readonly method: string;
  readonly client: ClientKind;
}

/** How an answer came. */
export interface Arrival {
  readonly latencyMs: number;
  /** Undefined over WebSocket and IPC. */
  readonly httpStatus: number | undefined;
  readonly retryAfterMs: number | undefined;
}

export const cancelled: Outcome = { kind: 'cancelled' };

/** What the node's own error means for whoever asked. */
export const erredOutcome = (error: RpcError, raw: RawJson, question: Question, arrival: Arrival): Outcome => {
  const { httpStatus, latencyMs, retryAfterMs } = arrival;
  const classified = classify({ httpStatus, error, method: question.method, client: question.client });
  if (classified.kind === 'refused') return { kind: 'refused', error, raw, latencyMs };
  const message = error.message === '' ? `error ${error.code}` : cutText(error.message, LONGEST);
  const failed: Outcome = { kind: 'failed', failure: classified.failure, message, error, raw, retryAfterMs, latencyMs };
  return classified.unknown === true ? { ...failed, unknownWording: true } : failed;
};

/** Reads the answer to one question, whose id has been looked at already. */
export const replyOutcome = (reply: ReplyEnvelope, question: Question, arrival: Arrival): Outcome => {
  switch (reply.kind) {
    case 'result':
      return { kind: 'answered', result: reply.result, latencyMs: arrival.latencyMs };
    case 'error':
      return erredOutcome(reply.error, reply.raw, question, arrival);
    case 'notification':
      return failedBecause('bad_reply', 'a notification instead of an answer', arrival);
    case 'malformed':
      return failedBecause('bad_reply', `not a JSON-RPC answer: ${reply.why}`, arrival);
    default:
      return reply satisfies never;
  }
};

/** The number that an id is, if it may be one that the gateway made; -1 otherwise. */
export const numericId = (id: RawJson): number => {
  if (id.length === 0 || id.length > 15) return -1;
  let value = 0;
  for (const byte of id) {
    if (byte < 0x30 || byte > 0x39) return -1;
    value = value * 10 + byte - 0x30;
  }
  return value;
};

export const isNullId = (id: RawJson): boolean => id[0] === 0x6e;
