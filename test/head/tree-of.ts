import { BlockTree } from '../../src/head/block-tree.ts';
import type { Header } from '../../src/head/header.ts';
import type { ScriptedBlock, ScriptedChain } from '../support/scripted-chain.ts';

/** A scripted block as a tracker would feed it. */
export const headerOf = (block: ScriptedBlock): Header => ({
  number: block.number,
  hash: block.hash,
  parentHash: block.parentHash,
  timestamp: block.timestamp,
  raw: Buffer.from(JSON.stringify(block.header)),
});

/** A tree that stands at `anchor` and holds every branch that ends in one of `heads`. */
export const treeOf = (
  chain: ScriptedChain,
  anchor: ScriptedBlock,
  heads: readonly ScriptedBlock[],
  window = 64,
): BlockTree => {
  const tree = new BlockTree({ window });
  tree.add(headerOf(anchor), 'test', 0);
  tree.anchor(anchor.hash);
  for (const head of heads) {
    for (const block of chain.branch(head, anchor.number)) tree.add(headerOf(block), 'test', 0);
  }
  return tree;
};
