import { type Reason, reasonOf } from '../jsonrpc/errors.ts';
import type { RpcError } from '../jsonrpc/message.ts';
import type { ClientKind } from './client-kind.ts';
import {
  bareStatuses,
  codeRules,
  type ErrorClass,
  executionRules,
  lastRules,
  type Rule,
  statuses,
  type Verdict,
} from './error-rules.ts';
import { wordingRules } from './error-wordings.ts';
import { logsLimit } from './log-limits.ts';
import { methodSpec } from './methods.ts';

export type { ErrorClass } from './error-rules.ts';

/** One failure of an attempt, as it came over the wire. */
export interface RemoteError {
  /** Undefined over WebSocket and IPC. */
  readonly httpStatus: number | undefined;
  /** Undefined where the body is no JSON-RPC error. */
  readonly error: RpcError | undefined;
  readonly method: string;
  readonly client: ClientKind;
}

export type Classified =
  /** The client's own error: an answer, and no blame on the node. */
  | { readonly kind: 'refused' }
  | {
      readonly kind: 'failed';
      readonly failure: ErrorClass;
      /** No line of the table fits: the table should get one. */
      readonly unknown?: true;
    };

/** Another headgate's own words, where one stands behind another. */
const ownReasons: Partial<Record<Reason, Verdict>> = {
  no_upstream: 'overloaded',
  not_yet: 'not_yet',
  upstreams_failed: 'overloaded',
  disagreement: 'unclassified',
  timeout: 'timeout',
  rate_limited: 'rate_limited',
  overloaded: 'overloaded',
  unauthorized: 'transport',
  method_denied: 'unsupported',
  method_unknown: 'unsupported',
  internal_error: 'transport',
};

/** Long enough for every known wording, short enough to cost nothing. */
const textLength = 1000;

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;

/** What `data` says in words. */
const dataText = (data: unknown): string | undefined => {
  const text = typeof data === 'string' ? data : member(data, 'message');
  return typeof text === 'string' ? text.slice(0, textLength).toLowerCase() : undefined;
};

const find = (rules: readonly Rule[], { method, client }: RemoteError, code: number, text: string) =>
  rules.find(
    (rule) =>
      (rule.codes?.includes(code) ?? true) &&
      (rule.clients?.includes(client) ?? true) &&
      (rule.methods?.test(method) ?? true) &&
      (rule.wording?.test(text) ?? true),
  )?.verdict;

const classified = (verdict: Verdict): Classified =>
  verdict === 'refused' ? { kind: 'refused' } : { kind: 'failed', failure: verdict };

/** Log methods alone may be refused for their range. */
const asksForLogs = (method: string): boolean =>
  methodSpec(method).block.kind === 'logs' || method === 'eth_getFilterLogs';

/**
 * Decides by HTTP status, then by code, then by wording scoped to method and client. A wording that no line of the table
 * knows is `unclassified`: another node is asked, the node's health is not touched, and where all nodes agree their own
 * error is the answer.
 */
export const classify = (remote: RemoteError): Classified => {
  const { httpStatus, error } = remote;
  const byStatus = httpStatus === undefined ? undefined : statuses.get(httpStatus);
  if (byStatus !== undefined) return classified(byStatus);
  if (error === undefined) {
    return classified(httpStatus === undefined ? 'bad_reply' : (bareStatuses.get(httpStatus) ?? 'transport'));
  }
  const text = error.message.slice(0, textLength).toLowerCase();
  const execution = find(executionRules, remote, error.code, text);
  if (execution !== undefined) return classified(execution);
  const reason = reasonOf(error);
  const own = reason === undefined ? undefined : ownReasons[reason];
  if (own !== undefined) return classified(own);
  // How wide a query it takes is for those to read who cut queries.
  if (asksForLogs(remote.method) && logsLimit(error) !== undefined) return classified('unclassified');
  const verdict = find(codeRules, remote, error.code, text) ?? find(wordingRules, remote, error.code, text);
  if (verdict !== undefined) return classified(verdict);
  const inData = dataText(error.data);
  const byData = inData === undefined ? undefined : find(wordingRules, remote, error.code, inData);
  const last = byData ?? find(lastRules, remote, error.code, text);
  return last === undefined ? { kind: 'failed', failure: 'unclassified', unknown: true } : classified(last);
};

/** A revert may say any words, and where it is the nonce that is taken, another transaction may have it. */
const ofAnother = (error: RpcError): boolean =>
  error.code === 3 || /^execution reverted|\bnonce\b/i.test(error.message);

/** True if the node says that it has this very transaction already: success, with the hash computed here. */
export const alreadyKnown = (error: RpcError): boolean =>
  !ofAnother(error) &&
  /already ?known|(?<!un)known transaction|already (?:been )?imported|already in (?:the )?(?:mem)?pool|already exists|already have transaction|existing (?:tx|txn|transaction) with same hash/.test(
    error.message.slice(0, textLength).toLowerCase(),
  );

/** True if the node says that the sender's nonce is taken: success if that very transaction is the one mined. */
export const nonceTooLow = (error: RpcError): boolean =>
  /nonce (?:is )?too low|nonce has already been used|nonce already used|nonce already (?:exists|known)|^oldnonce/.test(
    error.message.slice(0, textLength).toLowerCase(),
  );

/** The lowest block that the node says it serves; undefined where it does not tell. */
export const prunedBelow = (error: RpcError): number | undefined => {
  const text = `${error.message.slice(0, textLength)} ${dataText(error.data) ?? ''}`.toLowerCase();
  const at =
    /(?:earliest|lowest|oldest|first) (?:available )?(?:block|height)(?: available)?(?: is|:| =)? ?#?(0x[0-9a-f]{1,13}|\d{1,15})\b/;
  const lowest = at.exec(text)?.[1];
  if (lowest !== undefined) return Number(lowest);
  // Reth: the block that was asked for is gone; nothing below it is left either.
  const gone = /state at block #?(\d{1,15}) is pruned/.exec(text)?.[1];
  return gone === undefined ? undefined : Number(gone) + 1;
};
