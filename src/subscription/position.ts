import type { BlockId } from '../core/call.ts';

/**
 * Where a reader stands: it has everything of the branch below this block, and of the block itself the first `logs`
 * logs, counted over all of the block's, whoever they match.
 */
export interface Position extends BlockId {
  readonly logs: number;
  /** The newest block whose head it was told of, where that has been taken back since: to come up to it again is no news. */
  readonly announced?: BlockId;
}

/** A block's logs, however many they are. */
export const ALL = 0xffff_ffff;

/** Behind the whole of a block. */
export const after = ({ number, hash }: BlockId): Position => ({ number, hash, logs: ALL });

/** Before everything of a block, which is behind the whole of its parent. */
export const before = (block: { readonly number: number; readonly parentHash: string }): Position => ({
  number: block.number - 1,
  hash: block.parentHash,
  logs: ALL,
});
