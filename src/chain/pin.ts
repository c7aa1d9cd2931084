import type { BlockId, Call, HeadSnapshot } from '../core/call.ts';
import type { Handle, Layer } from '../core/layer.ts';
import { localReply, refuse, type Reply } from '../core/reply.ts';
import { type BlockEnd, type BlockRef, locate, rewriteRange, type Tag } from '../ethereum/block-ref.ts';
import type { ChainFeed, ChainView } from '../head/chain-view.ts';

/** What a call may read at: a block on the published branch, or only a height that a node must have reached. */
interface Place {
  readonly pin: BlockId | undefined;
  /** Nodes below this height cannot answer. */
  readonly height: number;
}

/**
 * Turns the block that a call names into a block of the published branch, so that every node is asked about the same
 * one. What reads a block that nobody has yet waits within its time, and then says so: an empty answer would look right.
 */
export const pinBlocks =
  (chain: ChainFeed): Layer =>
  (next) =>
  async (call) => {
    const ref = locate(call.spec, call.params);
    if (ref.kind === 'invalid') return refuse('invalid_params', ref.message);
    const height = heightOf(call, ref);
    const head = headNow(chain.view, call, height) ?? (await headInTime(chain, call, height));
    if (head === undefined) return noHead(chain.view, call, ref);
    const at: Call = { ...call, head };
    return ref.kind === 'logs' && ref.blockHash === undefined
      ? pinLogs(chain, at, head, ref.from, ref.to, next)
      : pinBlock(chain, at, head, ref, next);
  };

/** The least height of the published head at which the call can be answered as asked. */
const heightOf = (call: Call, ref: BlockRef): number => {
  const least = call.minBlock ?? 0;
  if (call.spec.lookup && ref.kind === 'number') return least;
  if (ref.kind === 'number') return Math.max(least, ref.number);
  if (ref.kind !== 'logs' || ref.blockHash !== undefined) return least;
  const numbers = [ref.from, ref.to].map((end) => (end.kind === 'number' ? end.number : 0));
  return Math.max(least, ...numbers);
};

/** The head that the call, or its batch, came with; the newest where that one is not high enough. */
const headNow = (view: ChainView, call: Call, height: number): HeadSnapshot | undefined =>
  [call.head, view.head].find((head) => head !== undefined && head.latest.number >= height);

const headInTime = async (chain: ChainFeed, call: Call, height: number): Promise<HeadSnapshot | undefined> => {
  const reached = (view: ChainView): boolean => view.head !== undefined && view.head.latest.number >= height;
  return (await chain.waitFor(reached, call.deadline, call.cancellation)) ? chain.view.head : undefined;
};

const noHead = (view: ChainView, call: Call, ref: BlockRef): Reply => {
  if (view.head !== undefined) {
    const message = `block ${heightOf(call, ref)} is ahead of every node; the chain is at ${view.head.latest.number}`;
    return refuse('not_yet', message, { head: view.head.latest.number });
  }
  const why = view.nodes.map(({ upstream, state, reason }) => `${upstream.name} is ${state}: ${reason}`).join('; ');
  return refuse('no_upstream', `no node has been reached: ${why}`);
};

const pinBlock = (chain: ChainFeed, call: Call, head: HeadSnapshot, ref: BlockRef, next: Handle): Promise<Reply> => {
  if (ref.kind === 'number' && ref.number > head.latest.number) return Promise.resolve(unknownBlock(head));
  const place = placeOf(chain.view, call, head, ref);
  if (place === undefined) return Promise.resolve(unknownBlock(head));
  return next(placed(call, place));
};

/** Undefined for a tag that this chain has no block for yet. */
const placeOf = (view: ChainView, call: Call, head: HeadSnapshot, ref: BlockRef): Place | undefined => {
  switch (ref.kind) {
    case 'tag':
      return placeOfTag(head, ref.tag);
    case 'number':
      return { pin: published(view, head, ref.number), height: ref.number };
    case 'hash': {
      const number = view.numberOf(ref.hash);
      return { pin: number === undefined ? undefined : { number, hash: ref.hash }, height: 0 };
    }
    default:
      return { pin: undefined, height: call.spec.atHead ? head.latest.number : 0 };
  }
};

const placeOfTag = (head: HeadSnapshot, tag: Tag): Place | undefined => {
  if (tag === 'earliest') return { pin: undefined, height: 0 };
  if (tag === 'pending') return { pin: undefined, height: head.latest.number };
  const block = head[tag];
  return block === undefined ? undefined : { pin: block, height: block.number };
};

/** The block at a height, as the head that the call goes by has it; undefined below what the tree reaches. */
const published = (view: ChainView, head: HeadSnapshot, number: number): BlockId | undefined => {
  if (number === head.latest.number) return head.latest;
  const hash = view.hashAt(number);
  return hash === undefined ? undefined : { number, hash };
};

const placed = (call: Call, { pin, height }: Place): Call => ({
  ...call,
  pin,
  minBlock: Math.max(call.minBlock ?? 0, height),
});

/** Both ends become numbers: a node that lags would take `latest` for its own head, and leave out the rest in silence. */
const pinLogs = (
  chain: ChainFeed,
  call: Call,
  head: HeadSnapshot,
  from: BlockEnd,
  to: BlockEnd,
  next: Handle,
): Promise<Reply> => {
  const first = numberOf(from, head);
  const last = numberOf(to, head);
  if (first === undefined || last === undefined)
    return Promise.resolve(localReply(EMPTY, { block: head.latest.number }));
  if (first > last) {
    return Promise.resolve(
      refuse('invalid_params', `invalid block range: fromBlock ${first} is after toBlock ${last}`),
    );
  }
  const params = rewriteRange(call.params, call.spec, first, last);
  return next(placed({ ...call, params }, { pin: published(chain.view, head, last), height: last }));
};

const EMPTY = Buffer.from('[]');
const NULL = Buffer.from('null');

const numberOf = (end: BlockEnd, head: HeadSnapshot): number | undefined => {
  if (end.kind === 'number') return end.number;
  if (end.tag === 'earliest') return 0;
  return end.tag === 'pending' ? head.latest.number : head[end.tag]?.number;
};

/** A look-up of a block that the chain does not have. */
const unknownBlock = (head: HeadSnapshot): Reply => localReply(NULL, { block: head.latest.number });
