import type { HeadSnapshot } from '../core/call.ts';

/** What the cache has to know of the published branch at one moment; a chain's view is one. */
export interface BranchView {
  readonly head: HeadSnapshot | undefined;
  /** True if the block is on the published branch, or so old that nobody remembers. */
  canonical(hash: string): boolean;
  /** Hash of the published block at this height; undefined above the head and below what is remembered. */
  hashAt(number: number): string | undefined;
  /** Height of the published block with this hash; undefined where it is not remembered there. */
  numberOf(hash: string): number | undefined;
}

/** The published branch as it moves. */
export interface Branch {
  readonly view: BranchView;
}

/** True once no reorganisation can take the height back any more. */
export const isFinal = (view: BranchView, number: number): boolean => {
  const finalized = view.head?.finalized;
  return finalized !== undefined && number <= finalized.number;
};
