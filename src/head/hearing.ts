import type { BlockTree } from './block-tree.ts';
import { type ChainMemory, nudgeOthers } from './chain-memory.ts';
import { settleContradiction } from './contradiction.ts';
import type { Header } from './header.ts';
import type { WatchedNode } from './watched-node.ts';

/** Tells of something that is not as it should be. */
export type Note = (message: string, fields: Readonly<Record<string, unknown>>) => void;

/** Takes a header of a node's own; false where it is not its head. */
export const hear = (
  memory: ChainMemory,
  node: WatchedNode,
  header: Header,
  { via, now, note }: { readonly via: 'feed' | 'poll'; readonly now: number; readonly note: Note },
): boolean => {
  const { tree } = memory;
  const { number, hash } = header;
  let added = tree.add(header, node.name, now);
  if (added === 'contradiction') {
    note('nodes told headers that contradict each other', { upstream: node.name, number, hash });
    added = settleContradiction(tree, header, node.name, now);
  }
  for (const name of tree.told(hash)?.liars ?? []) {
    if (memory.nodes.get(name)?.lied(header, now)) note('a node told a false header', { upstream: name, number, hash });
  }
  if (added === 'contradiction') return false;
  if (via === 'feed' && isBehind(tree, header, node.tracker.head)) return false;
  if (added === 'linked') nudgeOthers(memory, header, node);
  return true;
};

const isBehind = (tree: BlockTree, header: Header, head: Header | undefined): boolean =>
  head !== undefined && tree.contains(header.hash, head.hash);
