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
  (next) => {
    const read = (call: Call, head: HeadSnapshot, ref: BlockRef): Promise<Reply> =>
      ref.kind === 'logs' && ref.blockHash === undefined
        ? pinLogs(chain, call, head, ref.from, ref.to, next)
        : pinBlock(chain, call, head, ref, next);
    const readLater = async (call: Call, need: Need, ref: BlockRef): Promise<Reply> => {
      const head = await headInTime(chain, call, need);
      return head === undefined ? noHead(chain.view, need) : read(call, head, ref);
    };
    return (received) => {
      // What is sent changes no state that it would have to wait for.
      const call: Call = received.spec.write ? { ...received, minBlock: undefined } : received;
      const ref = locate(call.spec, call.params);
      if (ref.kind === 'invalid') return Promise.resolve(refuse('invalid_params', ref.message));
      const need = needOf(call, ref);
      const head = headNow(chain.view, call, need);
      return head === undefined ? readLater(call, need, ref) : read(call, head, ref);
    };
  };

/** That there is no such block is its answer. Traces of a block are made of its state, and have to wait for it. */
const looksUpBlock = ({ spec }: Call): boolean => spec.lookup && spec.need !== 'trace';

/** The least height of the published head at which the call can be answered as asked. */
const heightOf = (call: Call, ref: BlockRef): number => {
  const least = call.minBlock ?? 0;
  if (looksUpBlock(call) && ref.kind === 'number') return least;
  if (ref.kind === 'number') return Math.max(least, ref.number);
  if (ref.kind !== 'logs' || ref.blockHash !== undefined) return least;
  const numbers = [ref.from, ref.to].map((end) => (end.kind === 'number' ? end.number : 0));
  return Math.max(least, ...numbers);
};

/** Blocks that have to be there before the call can be answered as asked. */
interface Need {
  readonly height: number;
  readonly tags: readonly SettledTag[];
}

type SettledTag = 'safe' | 'finalized';

const needOf = (call: Call, ref: BlockRef): Need => ({ height: heightOf(call, ref), tags: tagsOf(call, ref) });

const NO_TAGS: readonly SettledTag[] = [];

const tagsOf = (call: Call, ref: BlockRef): readonly SettledTag[] => {
  if (ref.kind === 'tag' && ref.tag === 'latest') return NO_TAGS;
  return endsOf(call, ref).flatMap((end) =>
    end.kind === 'tag' && (end.tag === 'safe' || end.tag === 'finalized') ? [end.tag] : [],
  );
};

/** A look-up of a block names none. */
const endsOf = (call: Call, ref: BlockRef): readonly BlockEnd[] => {
  if (ref.kind === 'tag') return looksUpBlock(call) ? [] : [ref];
  return ref.kind === 'logs' && ref.blockHash === undefined ? [ref.from, ref.to] : [];
};

const meets = (head: HeadSnapshot | undefined, { height, tags }: Need): head is HeadSnapshot =>
  head !== undefined && head.latest.number >= height && tags.every((tag) => head[tag] !== undefined);

/** The head that the call, or its batch, came with; the newest where that one lacks what the call needs. */
const headNow = (view: ChainView, call: Call, need: Need): HeadSnapshot | undefined => {
  if (meets(call.head, need)) return call.head;
  return meets(view.head, need) ? view.head : undefined;
};

const headInTime = async (chain: ChainFeed, call: Call, need: Need): Promise<HeadSnapshot | undefined> => {
  const reached = (view: ChainView): boolean => meets(view.head, need);
  return (await chain.waitFor(reached, call.deadline, call.cancellation)) ? chain.view.head : undefined;
};

const noHead = ({ head, nodes }: ChainView, { height, tags }: Need): Reply => {
  if (head !== undefined) {
    const { number } = head.latest;
    const what =
      number < height
        ? `block ${height} is ahead of every node`
        : `no block is known to be ${tags.find((tag) => head[tag] === undefined) ?? 'settled'} yet`;
    return refuse('not_yet', `${what}; the chain is at ${number}`, { head: number });
  }
  const why = nodes.map(({ upstream, state, reason }) => `${upstream.name} is ${state}: ${reason}`).join('; ');
  return refuse('no_upstream', `no node has been reached: ${why}`);
};

const pinBlock = (chain: ChainFeed, call: Call, head: HeadSnapshot, ref: BlockRef, next: Handle): Promise<Reply> => {
  if (ref.kind === 'number' && ref.number > head.latest.number) return Promise.resolve(unknownBlock(head));
  const place = placeOf(chain.view, call, head, ref);
  if (place === undefined) return Promise.resolve(unknownBlock(head));
  return next(placed(call, head, place));
};

/** Undefined for a look-up by a tag that this chain has no block for yet. */
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

/** The call as it is asked: of the given head, at its place, with other params where they say the place. */
const placed = (call: Call, head: HeadSnapshot, { pin, height }: Place, params = call.params): Call => ({
  ...call,
  head,
  params,
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
  if (first > last) {
    return Promise.resolve(
      refuse('invalid_params', `invalid block range: fromBlock ${first} is after toBlock ${last}`),
    );
  }
  const params = rewriteRange(call.params, call.spec, first, last);
  return next(placed(call, head, { pin: published(chain.view, head, last), height: last }, params));
};

const NULL = Buffer.from('null');

/** A head is waited for that has the tags of both ends. */
const numberOf = (end: BlockEnd, head: HeadSnapshot): number => {
  if (end.kind === 'number') return end.number;
  if (end.tag === 'earliest') return 0;
  const block = end.tag === 'pending' ? head.latest : head[end.tag];
  if (block === undefined) throw new Error(`a call was let through without the ${end.tag} block`);
  return block.number;
};

/** A look-up of a block that the chain does not have. */
const unknownBlock = (head: HeadSnapshot): Reply => localReply(NULL, { block: head.latest.number });
