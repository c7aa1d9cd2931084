import type { HeadSnapshot } from '../core/call.ts';
import type { BlockTree } from './block-tree.ts';
import type { ChainView, NodeView } from './chain-view.ts';
import type { Header } from './header.ts';

/** The published branch of one head, as far back as the tree reaches. */
export interface Branch {
  readonly head: Header;
  readonly lowest: number;
  readonly heights: ReadonlyMap<string, number>;
  readonly hashes: ReadonlyMap<number, string>;
}

/** How far a node's own branch is known. */
export interface Reach {
  /** Its newest block that is linked, or that is older than the tree. */
  readonly head: number;
  readonly hash: string;
  /** Up to this height its branch is the published one; undefined where they part below the tree. */
  readonly joint: number | undefined;
}

/** The branch that ends in `head`. */
export const branchOf = (tree: BlockTree, head: Header): Branch => {
  const heights = new Map<string, number>();
  const hashes = new Map<number, string>();
  let lowest = head;
  for (let block: Header | undefined = head; block !== undefined; block = tree.get(block.parentHash)) {
    heights.set(block.hash, block.number);
    hashes.set(block.number, block.hash);
    lowest = block;
  }
  return { head, lowest: lowest.number, heights, hashes };
};

/** How a node's linked head stands to the published branch. */
export const reachOf = (tree: BlockTree, head: Header, published: Header): Reach => ({
  head: head.number,
  hash: head.hash,
  joint: tree.commonAncestor(head.hash, published.hash)?.number,
});

/** The picture that calls read. Only what it tells of blocks off the published branch is looked up in the tree as that stands by then. */
export const pictureOf = (
  tree: BlockTree,
  head: HeadSnapshot | undefined,
  branch: Branch | undefined,
  nodes: readonly NodeView[],
  reaches: ReadonlyMap<string, Reach>,
): ChainView => ({
  head,
  nodes,
  holds: (upstream, block) => {
    const reach = reaches.get(upstream);
    if (reach === undefined || reach.head < block.number) return false;
    if (block.hash === undefined || block.hash === reach.hash) return true;
    const { joint } = reach;
    if (branch?.heights.has(block.hash)) return joint !== undefined && joint >= block.number;
    if (tree.get(block.hash) !== undefined) return tree.contains(block.hash, reach.hash);
    return branch !== undefined && block.number < branch.lowest && joint !== undefined;
  },
  canonical: (hash) => branch === undefined || branch.heights.has(hash) || tree.get(hash) === undefined,
  hashAt: (number) => branch?.hashes.get(number),
  numberOf: (hash) => branch?.heights.get(hash),
});
