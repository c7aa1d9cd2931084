import type { Added, BlockTree } from './block-tree.ts';
import { type Header, isTrue } from './header.ts';

/**
 * Feeds a header that contradicts another one told for the same hash: the one that the hash is made of is true and takes
 * the other's place. Where that cannot be told, the first stays.
 */
export const settleContradiction = (tree: BlockTree, header: Header, source: string, now: number): Added => {
  const known = tree.get(header.hash);
  const proven = known !== undefined && isTrue(header) && !isTrue(known);
  return proven ? tree.replace(header, source, now) : 'contradiction';
};
