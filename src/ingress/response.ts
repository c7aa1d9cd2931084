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
  const replies = answer.kind === 'batch' ? answer.answered.map(({ reply }) => reply) : single(answer);
  const headers: Record<string, string> = {};
  const common = (name: string, value: (reply: Reply) => string | number | undefined): void => {
    const [first, ...others] = replies.map(value);
    if (first !== undefined && others.every((other) => other === first)) headers[name] = String(first);
  };
  common('x-headgate-upstream', ({ info }) => info.upstream);
  common('x-headgate-cache', ({ info }) => info.source);
  common('x-headgate-attempts', ({ info }) => info.attempts);
  common('x-headgate-block', ({ info }) => info.block ?? head);
  const patience = Math.max(0, ...replies.map((reply) => (reply.ok ? 0 : (reply.retryAfter ?? 0))));
  if (patience > 0) headers['retry-after'] = String(patience);
  return headers;
};

const single = (answer: Answer): readonly Reply[] => (answer.kind === 'single' ? [answer.answered.reply] : []);
