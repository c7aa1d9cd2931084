import { isArray, joinArrays } from '../jsonrpc/arrays.ts';
import { Cancellation } from '../lib/cancellation.ts';
import type { Call } from './call.ts';
import { costOf, refuse, type Reply, type ReplyInfo, tooManyBytes } from './reply.ts';

/** One part of a call. Its cancellation fires when the client has gone, or another part has failed. */
export type Part = (cancellation: Cancellation) => Promise<Reply>;

export interface PartsOptions {
  /** Parts under way at once. */
  readonly parallel: number;
  /** Bytes of all results together. */
  readonly mostBytes: number;
}

type Answered = Extract<Reply, { ok: true }>;

/**
 * Answers a call part by part: one array with the elements of all parts' arrays, in the order of the parts. The first
 * error ends the other parts and is the answer.
 */
export const inParts = async (call: Call, parts: readonly Part[], options: PartsOptions): Promise<Reply> => {
  const replies: Answered[] = [];
  const cancellation = new Cancellation();
  const forgetClient = call.cancellation.onCancel(() => cancellation.cancel());
  let error: Reply | undefined;
  let bytes = 0;
  let begun = 0;
  const work = async (): Promise<void> => {
    while (error === undefined && begun < parts.length) {
      const index = begun;
      begun += 1;
      const reply = await parts[index]?.(cancellation);
      if (error !== undefined || reply === undefined) return;
      bytes += reply.ok ? reply.result.length : 0;
      error = faultOf(reply, bytes, options);
      if (reply.ok) replies[index] = reply;
      if (error !== undefined) cancellation.cancel();
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.parallel, parts.length) }, work));
  forgetClient();
  if (error !== undefined) return error;
  if (call.memory !== undefined && !(await call.memory.take(bytes))) return tooManyBytes();
  return { ok: true, result: joinArrays(replies.map(({ result }) => result)), info: together(replies) };
};

/** Why the call ends with this part's answer. */
const faultOf = (reply: Reply, bytes: number, { mostBytes }: PartsOptions): Reply | undefined => {
  if (!reply.ok) return reply;
  if (!isArray(reply.result)) return refuse('upstreams_failed', 'a node answered with something else than a list');
  if (bytes <= mostBytes) return undefined;
  const message = `the result is larger than ${mostBytes} bytes: ask for fewer blocks, or filter more`;
  return refuse('range_too_large', message, { mostBytes });
};

const together = (replies: readonly Answered[]): ReplyInfo => {
  const infos = replies.map(({ info }) => info);
  return {
    ...costOf(infos),
    block: infos.find(({ block }) => block !== undefined)?.block,
    orphaned: false,
  };
};
