import type { UpstreamRequest } from '../upstream/upstream.ts';
import type { BlockTree } from './block-tree.ts';
import type { Header } from './header.ts';
import { questions } from './probe-answers.ts';

/** Asks one node for headers; undefined for each that it does not have. */
export type AskHeaders = (requests: readonly UpstreamRequest[]) => Promise<readonly (Header | undefined)[]>;

/** A node that is asked for headers, and vouches for those that it gives. */
export interface Teller {
  readonly name: string;
  readonly ask: AskHeaders;
}

/** What the walk back to the published branch needs. */
export interface LinkInput {
  readonly tree: BlockTree;
  /** The head to be linked; it has been fed to the tree. */
  readonly target: Header;
  readonly window: number;
  /** The published height, or the tree's root before there is one. */
  readonly around: number;
  readonly now: () => number;
  /** The node whose head it is. */
  readonly owner: Teller;
  /** A node that holds the tree's root; undefined while none does. */
  readonly holder: () => Teller | undefined;
}

/** `below` and `beyond`: farther from the published head than the window. */
export type LinkResult = 'linked' | 'below' | 'beyond' | 'broken';

/**
 * Headers asked for at once: by parent hash the first, the others by number, to be believed only if they link. At first as
 * many as lie between; where those do not lead to the branch, a few more at a time.
 */
const furtherBatch = 4;
const largestBatch = 32;

/**
 * Walks back from a node's head by parent hash until it joins the tree, or from the tree's root down where the node is
 * behind it. Bounded by the window, and each step adds at least the header it asked for, or the walk ends as `broken`.
 */
export const linkBranch = async (input: LinkInput): Promise<LinkResult> => {
  const { tree, target, window, around } = input;
  for (let steps = 0; steps <= 2 * window; steps++) {
    if (tree.linked(target.hash)) return 'linked';
    if (target.number < around - window) return 'below';
    if (target.number > around + window) return 'beyond';
    const missing = tree.missingParent(target.hash);
    if (missing === undefined) return 'broken';
    const teller = missing.below === 'branch' ? input.owner : input.holder();
    if (teller === undefined) return 'broken';
    const headers = await teller.ask(
      batchFrom(missing.hash, missing.number, missing.below === 'branch' ? around : target.number),
    );
    for (const header of headers) if (header !== undefined) tree.add(header, teller.name, input.now());
    if (tree.get(missing.hash) === undefined) return 'broken';
  }
  return 'broken';
};

const batchFrom = (hash: string, number: number, goal: number): UpstreamRequest[] => {
  const size = Math.min(largestBatch, number > goal ? number - goal : furtherBatch, number + 1);
  const below = Array.from({ length: size - 1 }, (_, step) => questions.byNumber(number - 1 - step));
  return [questions.byHash(hash), ...below];
};
