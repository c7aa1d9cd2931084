import type { Header } from './header.ts';

/** One step of the published head: down to the common ancestor and up again. */
export interface HeadMove {
  /** Blocks undone, newest first. */
  readonly removed: readonly Header[];
  /** Blocks new on the branch, oldest first; empty when the head was lowered. */
  readonly added: readonly Header[];
  readonly head: Header;
  /** The new head does not link to the old one within the window: `added` is the new head alone, and what lies between is not known. */
  readonly gap: boolean;
}
