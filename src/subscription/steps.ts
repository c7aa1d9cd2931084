import type { BlockTree } from '../head/block-tree.ts';
import type { Header } from '../head/header.ts';
import { ALL, type Position } from './position.ts';

/** One block on a reader's way to the head. */
export type Step =
  /** Takes back the logs below index `below`, which are those that were delivered. */
  | { readonly kind: 'undo'; readonly header: Header; readonly below: number }
  /** Delivers the logs from index `from` on. */
  | { readonly kind: 'apply'; readonly header: Header; readonly from: number };

/** Blocks between two places: newest first, and then oldest first. */
export interface Path {
  readonly removed: readonly Header[];
  readonly added: readonly Header[];
}

/**
 * The way from a position to the head: what the head's branch does not have is undone, newest block first, and then what
 * is new is applied, oldest first. Undefined where the tree does not connect the two.
 */
export const stepsTo = (
  tree: Pick<BlockTree, 'get' | 'path'>,
  position: Position,
  head: string,
): readonly Step[] | undefined => {
  const path = tree.path(position.hash, head);
  if (path === undefined) return undefined;
  return stepsOver(position, path, tree.get(position.hash));
};

/** The steps over known blocks. `standing`: the block that the position is in; where it stays, the rest of it comes first. */
export const stepsOver = (
  position: Position,
  { removed, added }: Path,
  standing: Header | undefined,
): readonly Step[] => {
  const undone = removed.map(
    (header): Step => ({ kind: 'undo', header, below: header.hash === position.hash ? position.logs : ALL }),
  );
  const applied = added.map((header): Step => ({ kind: 'apply', header, from: 0 }));
  if (undone.length > 0 || position.logs === ALL || standing === undefined) return [...undone, ...applied];
  return [{ kind: 'apply', header: standing, from: position.logs }, ...applied];
};
