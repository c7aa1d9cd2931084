import type { Call, HeadSnapshot } from '../core/call.ts';
import type { Layer } from '../core/layer.ts';
import { localReply, refuse, type Reply } from '../core/reply.ts';
import type { ChainFeed, ChainView } from '../head/chain-view.ts';
import type { RawJson } from '../jsonrpc/message.ts';

export interface LocalDeps {
  readonly chain: ChainFeed;
  /** Undefined until it was configured or a node has told it. */
  readonly chainId: () => bigint | undefined;
}

type Known = (head: HeadSnapshot | undefined, chainId: bigint | undefined) => RawJson | undefined;

const json = (value: unknown): RawJson => Buffer.from(JSON.stringify(value));

/** What the gateway knows better than any node; undefined while it does not know yet. */
const known: ReadonlyMap<string, Known> = new Map<string, Known>([
  ['eth_chainId', (_head, id) => (id === undefined ? undefined : json(`0x${id.toString(16)}`))],
  ['net_version', (_head, id) => (id === undefined ? undefined : json(id.toString()))],
  ['eth_blockNumber', (head) => (head === undefined ? undefined : json(`0x${head.latest.number.toString(16)}`))],
  ['eth_accounts', () => json([])],
]);

/**
 * Answers what needs no node, so that the answers of one gateway always fit together. While something is not known yet
 * (no node has been reached), the call waits within its time.
 */
export const localAnswers =
  ({ chain, chainId }: LocalDeps): Layer =>
  (next) => {
    const answer = async (call: Call, tell: Known): Promise<Reply> => {
      const has = (view: ChainView): boolean =>
        tell(headFor(call, view), chainId()) !== undefined && reached(call, view);
      if (!has(chain.view)) await chain.waitFor(has, call.deadline, call.cancellation);
      const head = headFor(call, chain.view);
      const result = has(chain.view) ? tell(head, chainId()) : undefined;
      return result === undefined ? unknown(call, chain.view) : localReply(result, { block: head?.latest.number });
    };
    return (call) => {
      if (call.method === 'eth_syncing' && fresh(chain.view)) return Promise.resolve(localReply(json(false)));
      const tell = known.get(call.method);
      return tell === undefined || call.only !== undefined ? next(call) : answer(call, tell);
    };
  };

/** The head that the call, or its whole batch, came with, unless it asks for a later one. */
const headFor = (call: Call, view: ChainView): HeadSnapshot | undefined =>
  call.head !== undefined && call.head.latest.number >= (call.minBlock ?? 0) ? call.head : view.head;

const reached = (call: Call, view: ChainView): boolean =>
  call.minBlock === undefined || (headFor(call, view)?.latest.number ?? -1) >= call.minBlock;

/** A node at the head answers for the pool: what lags beside it is no concern of a client. */
const fresh = (view: ChainView): boolean => view.nodes.some(({ state }) => state === 'healthy');

const unknown = (call: Call, view: ChainView): Reply => {
  if (view.head !== undefined && !reached(call, view)) {
    return refuse('not_yet', `the chain is at block ${view.head.latest.number}, not yet at ${call.minBlock}`);
  }
  const why = view.nodes.map(({ upstream, state, reason }) => `${upstream.name} is ${state}: ${reason}`).join('; ');
  return refuse('no_upstream', `no node has been reached: ${why}`);
};
