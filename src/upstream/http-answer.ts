import { failedBecause, type Outcome } from '../core/outcome.ts';
import { classify } from '../ethereum/error-class.ts';
import { decodeReplies, decodeReply, type ReplyEnvelope } from '../jsonrpc/decode-reply.ts';
import type { HttpResult } from './http-exchange.ts';
import { type Arrival, cancelled, isNullId, numericId, type Question, replyOutcome } from './reply-outcome.ts';

export type HttpResponse = Extract<HttpResult, { kind: 'response' }>;

/** A question with the id that it was sent under. */
export interface Sent extends Question {
  readonly id: number;
}

/** How an exchange came to its end, whatever that was. */
export interface Timing {
  readonly latencyMs: number;
  readonly retryAfterMs: number | undefined;
}

/** What one HTTP exchange means for the one question that it carried. */
export const readAnswer = (result: HttpResult, sent: Sent, timing: Timing): Outcome => {
  if (result.kind === 'cancelled') return cancelled;
  if (result.kind === 'failed') {
    const failed = failedBecause(result.failure, result.message, timing);
    if (result.unsent) return { ...failed, unsent: true };
    return result.died ? { ...failed, died: true } : failed;
  }
  const reply = decodeReply(result.body);
  if (reply.kind === 'malformed' || !isSuccess(result, reply)) return strangeOutcome(result, reply, sent, timing);
  return answerTo(reply, sent, { ...timing, httpStatus: result.status });
};

/** An answer of a batch that is to none of its questions, or to one that was answered already. */
export type BatchStray = 'late_answer' | 'unasked_answer';

/** Outcomes in the order of the questions, or `refused` where the node takes no batches but may answer one by one. */
export const readAnswers = (
  result: HttpResult,
  batch: readonly Sent[],
  timing: Timing,
  stray: (what: BatchStray) => void,
): readonly Outcome[] | 'refused' => {
  if (result.kind !== 'response') return batch.map((sent) => readAnswer(result, sent, timing));
  const replies = decodeReplies(result.body, batch.length * 2);
  const [only] = replies;
  const alone = replies.length === 1 && only !== undefined && only.kind !== 'result' && !answers(only, batch);
  if (alone && refusesBatches(result, only)) return 'refused';
  if (alone || result.status >= 300) return batch.map((sent) => readAnswer(result, sent, timing));
  const byId = new Map(replies.map((reply) => [idOf(reply), reply]));
  for (const reply of replies) {
    if (!answers(reply, batch)) stray('unasked_answer');
    else if (byId.get(idOf(reply)) !== reply) stray('late_answer');
  }
  return batch.map((sent) => {
    const reply = byId.get(sent.id);
    const arrival = { ...timing, httpStatus: result.status };
    return reply === undefined
      ? failedBecause('bad_reply', 'no answer to this item of the batch', timing)
      : replyOutcome(reply, sent, arrival);
  });
};

const idOf = (reply: ReplyEnvelope): number =>
  reply.kind === 'result' || reply.kind === 'error' ? numericId(reply.id) : -1;

const answers = (reply: ReplyEnvelope, batch: readonly Sent[]): boolean => batch.some(({ id }) => id === idOf(reply));

/** A result under a status that says failure is not believed; the node's own error is read whatever the status. */
const isSuccess = ({ status }: HttpResponse, reply: ReplyEnvelope): boolean => reply.kind === 'error' || status < 300;

/** One error for all of them: JSON-RPC's own codes for a request that was not understood, or a status of that kind. */
const refusesBatches = ({ status }: HttpResponse, reply: ReplyEnvelope): boolean => {
  if (reply.kind === 'error') return status !== 429 && reply.error.code <= -32600 && reply.error.code >= -32700;
  return status === 400 || status === 405 || status === 415 || status === 422 || status === 501;
};

const answerTo = (reply: ReplyEnvelope, sent: Sent, arrival: Arrival): Outcome => {
  const id = idOf(reply);
  // A node that could not read the request, or a proxy in front of it, does not know the id of what it turns away.
  const matches = id === sent.id || (reply.kind === 'error' && isNullId(reply.id));
  return matches
    ? replyOutcome(reply, sent, arrival)
    : failedBecause('bad_reply', 'an answer with another id', arrival);
};

/** Something that is no answer: the status says what to make of it. */
const strangeOutcome = (response: HttpResponse, reply: ReplyEnvelope, sent: Sent, timing: Timing): Outcome => {
  const { status } = response;
  if (status >= 300 && status < 400) {
    return failedBecause(
      'bad_reply',
      `HTTP ${status}: a redirect, which is not followed; name the final address`,
      timing,
    );
  }
  if (status === 403 && response.body.includes('invalid host specified')) {
    return failedBecause('transport', virtualHosts, timing);
  }
  if (status < 300) return replyOutcome(reply, sent, { ...timing, httpStatus: status });
  const { method, client } = sent;
  const classified = classify({ httpStatus: status, error: undefined, method, client });
  const failure = classified.kind === 'failed' ? classified.failure : 'bad_reply';
  return failedBecause(failure, `HTTP ${status}${kindOf(response)} instead of a JSON-RPC answer`, timing);
};

const virtualHosts =
  'HTTP 403, invalid host specified: the node does not know the host name by which it is called; ' +
  'start geth with --http.vhosts=NAME (the host in its url), or call it by its IP address';

/** The media type, if it looks like one: what a node sends does not go into a message as it is. */
const kindOf = ({ contentType }: HttpResponse): string => {
  const type = /^[a-z]+\/[a-z0-9.+-]{1,40}/i.exec(contentType)?.[0];
  return type === undefined ? '' : ` with ${type}`;
};
