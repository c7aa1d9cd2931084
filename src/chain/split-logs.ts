import type { BlockLogsQuery, BlockLogsSource } from '../core/block-logs-source.ts';
import type { Call } from '../core/call.ts';
import type { Handle, Layer } from '../core/layer.ts';
import { inParts, type Part } from '../core/parts.ts';
import { refuse, type Reply } from '../core/reply.ts';
import { locate, rewriteRange } from '../ethereum/block-ref.ts';
import { type BlockRange, parseLogFilter, splitRange } from '../ethereum/logs.ts';
import type { ChainFeed, ChainView } from '../head/chain-view.ts';
import { elementOf } from '../jsonrpc/params.ts';
import type { Clock } from '../lib/clock.ts';
import { askForTruth, tellVerified } from './verified.ts';

export interface SplitLogsOptions {
  /** Blocks that one call may span. */
  readonly maxRange: number;
  /** Ranges are cut at the multiples of this many blocks. */
  readonly split: number;
  /** Bytes of the whole answer. */
  readonly mostBytes: number;
}

export interface SplitLogsDeps {
  readonly chain: ChainFeed;
  readonly clock: Clock;
  /** Undefined: every log is a node's word. */
  readonly recent: BlockLogsSource | undefined;
}

/** Parts of one call that are under way at once. */
const PARALLEL = 4;

/** Blocks at the end of a range that are told from verified blocks, where they have to be fetched. */
const VERIFIED = 8;

/**
 * Cuts a wide `eth_getLogs` into aligned parts, each a call of its own, so that ranges that overlap share most of them. The
 * newest blocks are told from verified blocks: there a node's `[]` is most often only ignorance. Older ones that the tree
 * still holds are compared with their headers.
 */
export const splitLogs =
  (options: SplitLogsOptions, deps: SplitLogsDeps): Layer =>
  (next) =>
  (call) => {
    if (call.method !== 'eth_getLogs') return next(call);
    const ref = locate(call.spec, call.params);
    if (ref.kind !== 'logs') return next(call);
    // Who asks for one node's word gets that.
    const query = call.only === undefined ? queryOf(call, deps.recent) : undefined;
    if (ref.blockHash !== undefined) {
      const kept = query !== undefined && query.mayMatch(ref.blockHash) !== undefined;
      return kept ? tellVerified(call, [ref.blockHash], query, deps, call.cancellation) : next(call);
    }
    if (ref.from.kind !== 'number' || ref.to.kind !== 'number') return next(call);
    const range = { from: ref.from.number, to: ref.to.number };
    if (range.to - range.from >= options.maxRange) return Promise.resolve(tooWide(range, options.maxRange));
    // Orphaned before it was asked about: whoever pinned it is told so.
    if (call.pin !== undefined && !deps.chain.view.canonical(call.pin.hash)) return next(call);
    return answer(call, range, query, next, options, deps);
  };

const queryOf = (call: Call, recent: BlockLogsSource | undefined): BlockLogsQuery | undefined => {
  const filter = parseLogFilter(elementOf(call.params, call.spec.block.kind === 'logs' ? call.spec.block.index : 0));
  return 'invalid' in filter ? undefined : recent?.query(filter);
};

const tooWide = ({ from, to }: BlockRange, maxRange: number): Reply => {
  const hex = (number: number): string => `0x${number.toString(16)}`;
  const message =
    `${to - from + 1} blocks are more than the ${maxRange} that one call may span: ` +
    `ask from ${hex(from)} to ${hex(from + maxRange - 1)} first, then go on from ${hex(from + maxRange)}`;
  return refuse('range_too_large', message, { maxRange });
};

const answer = (
  call: Call,
  range: BlockRange,
  query: BlockLogsQuery | undefined,
  next: Handle,
  options: SplitLogsOptions,
  deps: SplitLogsDeps,
): Promise<Reply> => {
  const { view } = deps.chain;
  const known = query === undefined ? { maybe: [], from: range.to + 1 } : knownBlocks(view, range, query);
  const verified = known.maybe.slice(0, VERIFIED);
  // Everything from here on is told without a node's word on the range.
  const tail = known.maybe[VERIFIED] === undefined ? known.from : (verified.at(-1)?.number ?? range.to + 1);
  const doubtful = known.maybe.slice(VERIFIED);
  const parts: Part[] = [...splitRange(range.from, tail - 1, options.split)].map((part) => {
    const own = doubtful.filter(({ number }) => number >= part.from && number <= part.to);
    const asked = partOf(view, call, part, range.to);
    return (cancellation) => askForTruth({ ...asked, cancellation }, own, query, next, deps);
  });
  if (tail <= range.to && query !== undefined) {
    const hashes = verified.map(({ hash }) => hash).reverse();
    parts.push((cancellation) => tellVerified(call, hashes, query, deps, cancellation));
  }
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only(call.cancellation);
  return inParts(call, parts, { parallel: PARALLEL, mostBytes: options.mostBytes });
};

/** One part as a call: it is pinned to its own end, so that it does not change with the head. */
const partOf = (view: ChainView, call: Call, { from, to }: BlockRange, end: number): Call => {
  if (to === end && call.pin !== undefined) return { ...call, params: rewriteRange(call.params, call.spec, from, to) };
  const hash = view.hashAt(to);
  const pin = hash === undefined ? undefined : { number: to, hash };
  return { ...call, params: rewriteRange(call.params, call.spec, from, to), pin, minBlock: to };
};

/** A block of the published branch whose header does not exclude that something in it matches. */
export interface MaybeBlock {
  readonly number: number;
  readonly hash: string;
}

/** The blocks of a range that are kept: those that may have something, newest first, and the lowest kept height. */
const knownBlocks = (
  view: ChainView,
  { from, to }: BlockRange,
  query: BlockLogsQuery,
): { readonly maybe: readonly MaybeBlock[]; readonly from: number } => {
  const maybe: MaybeBlock[] = [];
  for (let number = to; number >= from; number -= 1) {
    const hash = view.hashAt(number);
    const may = hash === undefined ? undefined : query.mayMatch(hash);
    if (hash === undefined || may === undefined) return { maybe, from: number + 1 };
    if (may) maybe.push({ number, hash });
  }
  return { maybe, from };
};
