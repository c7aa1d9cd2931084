import type { Reply } from '../core/reply.ts';
import { encodeBatch, encodeError, encodeResult } from '../jsonrpc/encode.ts';
import { statusOf } from '../jsonrpc/errors.ts';
import type { Answer, Answered } from './answer.ts';

/** The bytes of an answer in pieces, so that large results need no copy; none where nothing is to be said. */
export const bodyOf = (answer: Answer): readonly Buffer[] => {
  switch (answer.kind) {
    case 'silence':
      return [];
    case 'single':
      return encode(answer.answered);
    case 'batch':
      return encodeBatch(answer.answered.map(encode));
    default:
      return answer satisfies never;
  }
};

const encode = ({ id, reply }: Answered): readonly Buffer[] =>
  reply.ok ? encodeResult(id, reply.result) : encodeError(id, reply.error, reply.raw);

/** A batch is 200 whatever its items say; a single call's own errors have the status of their reason. */
export const httpStatusOf = (answer: Answer): number => {
  if (answer.kind === 'silence') return 204;
  if (answer.kind === 'batch') return 200;
  const { reply } = answer.answered;
  return reply.ok || reply.reason === undefined ? 200 : statusOf(reply.reason);
};

/** The `x-headgate-*` headers that hold for all items, and `retry-after` where one asks for patience. */
export const headersOf = (answer: Answer, head: number | undefined): Readonly<Record<string, string>> => {
  if (answer.kind === 'silence') return {};
  if (answer.kind === 'single') return headersFor(answer.answered.reply, head);
  const [first, ...others] = answer.answered.map(({ reply }) => headersFor(reply, head));
  const common = Object.entries(first ?? {}).filter(([name, value]) => others.every((other) => other[name] === value));
  const patience = Math.max(0, ...answer.answered.map(({ reply }) => patienceOf(reply)));
  return { ...Object.fromEntries(common), ...(patience > 0 ? { [RETRY_AFTER]: String(patience) } : {}) };
};

const RETRY_AFTER = 'retry-after';

const patienceOf = (reply: Reply): number => (reply.ok ? 0 : (reply.retryAfter ?? 0));

const headersFor = (reply: Reply, head: number | undefined): Record<string, string> => {
  const { upstream, source, attempts, block = head } = reply.info;
  const headers: Record<string, string> = { 'x-headgate-cache': source, 'x-headgate-attempts': String(attempts) };
  if (upstream !== undefined) headers['x-headgate-upstream'] = upstream;
  if (block !== undefined) headers['x-headgate-block'] = String(block);
  const patience = patienceOf(reply);
  if (patience > 0) headers[RETRY_AFTER] = String(patience);
  return headers;
};
