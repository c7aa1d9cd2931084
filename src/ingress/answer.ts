import type { Call, Client, HeadSnapshot } from '../core/call.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { Memory } from '../core/memory.ts';
import { faultReply, type Reply } from '../core/reply.ts';
import type { Session } from '../core/session.ts';
import { methodSpec } from '../ethereum/methods.ts';
import { type DecodeLimits, decodeRequests, type Item } from '../jsonrpc/decode.ts';
import type { GatewayError } from '../jsonrpc/errors.ts';
import type { RawJson, Request } from '../jsonrpc/message.ts';
import type { Cancellation } from '../lib/cancellation.ts';
import { type CallDeps, carryOut } from './carry-out.ts';
import type { Holding } from './holding.ts';

/** What a listener knows of a message besides its bytes. */
export interface Context {
  readonly client: Client;
  readonly transport: Call['transport'];
  readonly cancellation: Cancellation;
  readonly minBlock: number | undefined;
  readonly only: string | undefined;
  readonly bypassCache: boolean;
  readonly session: Session | undefined;
  readonly requestId: string;
  readonly traceparent: string | undefined;
}

/** A message as it came, and where its bytes and those of its answer count. */
export interface Message {
  readonly body: Buffer;
  readonly holding: Holding;
}

export interface AnswerDeps extends CallDeps {
  readonly limits: DecodeLimits;
}

/** A reply with the id that it goes to. */
export interface Answered {
  readonly id: RawJson;
  readonly reply: Reply;
}

/** What to write back: nothing for notifications, one object, a list in the order of the requests, or one error. */
export type Answer =
  | { readonly kind: 'silence' }
  | { readonly kind: 'single'; readonly answered: Answered }
  | { readonly kind: 'batch'; readonly answered: readonly Answered[] };

/** What a call has: its time, in monotonic ms, and room for its answer. */
interface Due {
  readonly deadline: number;
  readonly memory: Memory;
}

/** Items of one batch under way at once. */
const WIDTH = 100;
/** Times a message is pinned anew because a reorganisation took its block away. */
const PINS = 3;
const NULL_ID: RawJson = Buffer.from('null');

/** Takes one message, single or batch, through the chain's pipeline. Never rejects. */
export const answer = async (
  { body, holding }: Message,
  endpoint: Endpoint,
  context: Context,
  deps: AnswerDeps,
): Promise<Answer> => {
  const decoded = decodeRequests(body, deps.limits);
  const deadline = deps.clock.now() + endpoint.timeoutMs;
  const due = (): Due => ({ deadline, memory: holding.memory(deadline) });
  switch (decoded.kind) {
    case 'invalid':
      deps.observer.rejected(decoded.error.data.reason);
      return { kind: 'single', answered: { id: NULL_ID, reply: faultReply(decoded.error) } };
    case 'single': {
      const { item } = decoded;
      const reply = item.ok ? await runOne(item.request, due(), endpoint, context, deps) : rejected(item.error, deps);
      if (item.ok && item.request.id === undefined) return { kind: 'silence' };
      return { kind: 'single', answered: { id: (item.ok ? item.request.id : item.id) ?? NULL_ID, reply } };
    }
    case 'batch': {
      const answered = await runAll(decoded.items, due, endpoint, context, deps);
      const heard = answered.filter((one) => one !== undefined);
      return heard.length === 0 ? { kind: 'silence' } : { kind: 'batch', answered: heard };
    }
    default:
      return decoded satisfies never;
  }
};

const runOne = async (
  request: Request,
  due: Due,
  endpoint: Endpoint,
  context: Context,
  deps: AnswerDeps,
): Promise<Reply> => {
  for (let pins = 1; ; pins += 1) {
    const reply = await carryOut(callOf(request, due, endpoint.head(), endpoint, context), endpoint, deps);
    if (!reply.info.orphaned || pins >= PINS || !repeatable(request)) return reply;
  }
};

/** One entry per item, in order; undefined for a notification. All items see one head. */
const runAll = async (
  items: readonly Item[],
  due: () => Due,
  endpoint: Endpoint,
  context: Context,
  deps: AnswerDeps,
): Promise<(Answered | undefined)[]> => {
  const dues = items.map(due);
  const replies: (Reply | undefined)[] = items.map((item) => (item.ok ? undefined : rejected(item.error, deps)));
  for (let pins = 0; pins < PINS && (pins === 0 || replies.some((reply) => reply?.info.orphaned)); pins += 1) {
    const head = endpoint.head();
    await eachOf(items.length, async (index) => {
      const [item, own] = [items[index], dues[index]];
      if (!item?.ok || own === undefined || (pins > 0 && !repeatable(item.request))) return;
      replies[index] = await carryOut(callOf(item.request, own, head, endpoint, context), endpoint, deps);
    });
  }
  return items.map((item, index) => {
    const reply = replies[index];
    if (reply === undefined || (item.ok && item.request.id === undefined)) return undefined;
    return { id: (item.ok ? item.request.id : item.id) ?? NULL_ID, reply };
  });
};

/** A batch reads at one block: when that is orphaned for one of its reads, all of them are read again, and nothing else. */
const repeatable = ({ method }: Request): boolean => {
  const { write, idempotent } = methodSpec(method);
  return idempotent && !write;
};

const rejected = (error: GatewayError, { observer }: AnswerDeps): Reply => {
  observer.rejected(error.data.reason);
  return faultReply(error);
};

const callOf = (
  request: Request,
  { deadline, memory }: Due,
  head: HeadSnapshot | undefined,
  endpoint: Endpoint,
  context: Context,
): Call => ({
  // Written out, since an object that is spread into a larger one is built member by member, and each call is.
  client: context.client,
  transport: context.transport,
  cancellation: context.cancellation,
  minBlock: context.minBlock,
  only: context.only,
  bypassCache: context.bypassCache,
  session: context.session,
  requestId: context.requestId,
  traceparent: context.traceparent,
  chain: endpoint.name,
  method: request.method,
  spec: methodSpec(request.method),
  params: request.params,
  deadline,
  memory,
  head,
  pin: undefined,
  accept: undefined,
});

/** Runs `task` for every index below `count`, at most `WIDTH` at once. */
const eachOf = async (count: number, task: (index: number) => Promise<void>): Promise<void> => {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await task(next - 1);
    }
  };
  await Promise.all(Array.from({ length: Math.min(WIDTH, count) }, lane));
};
