import type { BlockId } from '../core/call.ts';
import type { BlockTree } from './block-tree.ts';

/** A node's answer for a tag: a block, `none` where it says that it has no such block, undefined while it was not asked. */
export type TagAnswer = BlockId | 'none' | undefined;

/** What one voter says is settled. */
export interface FinalityVote {
  /** The voter's own newest block. */
  readonly latest: number;
  readonly safe: TagAnswer;
  readonly finalized: TagAnswer;
}

export interface FinalityInput {
  /** The block to be published. */
  readonly head: BlockId;
  readonly votes: readonly FinalityVote[];
  /** Votes that settle a height; the same as for the head. */
  readonly quorum: number;
  /** Depth, in blocks, at which a chain without the tags takes a block for final. */
  readonly depth: number;
  readonly previous: Finality;
}

/** A settled block, and whether nodes told it; else it is a guess by depth. */
export interface Settled {
  readonly block: BlockId;
  readonly told: boolean;
}

export interface Finality {
  readonly safe: Settled | undefined;
  readonly finalized: Settled | undefined;
}

/**
 * The `safe` and `finalized` blocks that a quorum of voters agrees on, each below the head. They never go back, unless the
 * pool itself undid the block. Where too many voters have no tags for a quorum of them, a fixed depth below the head
 * counts, or block 0 where the chain is shorter: a guess, which gives way to what is told, lower or not, and is not made once
 * something was told. A voter whose `safe` is its `latest` while another's is not (two of four providers were seen to do that) is not heard on it.
 */
export const agreeOnFinality = (tree: BlockTree, input: FinalityInput): Finality => {
  const { head, votes, previous } = input;
  const plausible = votes.filter((vote) => !isBlock(vote.safe) || vote.safe.number < vote.latest);
  const safeVotes = plausible.some((vote) => isBlock(vote.safe)) ? plausible : votes;
  const finalized = monotone(
    tree,
    head,
    previous.finalized,
    agreed(tree, input, votes, (vote) => vote.finalized),
  );
  const safe = monotone(
    tree,
    head,
    previous.safe,
    agreed(tree, input, safeVotes, (vote) => vote.safe),
  );
  const overtaken = finalized !== undefined && (safe === undefined || safe.block.number < finalized.block.number);
  return { safe: overtaken ? finalized : safe, finalized };
};

const isBlock = (answer: TagAnswer): answer is BlockId => answer !== undefined && answer !== 'none';

const byDepth = (tree: BlockTree, { head, depth }: FinalityInput): Settled | undefined => {
  const block = tree.ancestorAt(head.hash, Math.max(0, head.number - depth));
  return block === undefined ? undefined : { block: { number: block.number, hash: block.hash }, told: false };
};

/** The highest told block at or above which a quorum stands, and which lies on the head's branch. */
const agreed = (
  tree: BlockTree,
  input: FinalityInput,
  votes: readonly FinalityVote[],
  tag: (vote: FinalityVote) => TagAnswer,
): Settled | undefined => {
  const { head, quorum } = input;
  const answers = votes.map(tag).filter((answer) => answer !== undefined);
  if (answers.filter(isBlock).length < quorum) {
    const tagless = answers.filter((answer) => answer === 'none').length;
    return votes.length - tagless < quorum && tagless > 0 ? byDepth(tree, input) : undefined;
  }
  const told = votes.flatMap((vote) => {
    const block = tag(vote);
    return isBlock(block) && block.number <= vote.latest ? [block] : [];
  });
  const byHeight = told.toSorted((one, other) => other.number - one.number);
  const block = byHeight.slice(quorum - 1).find((candidate) => onBranch(tree, head, candidate, byHeight, quorum));
  return block === undefined ? undefined : { block, told: true };
};

/** In the window the tree knows; below it, a quorum has to name the same hash. */
const onBranch = (
  tree: BlockTree,
  head: BlockId,
  block: BlockId,
  told: readonly BlockId[],
  needed: number,
): boolean => {
  if (block.number > head.number) return false;
  const known = tree.ancestorAt(head.hash, block.number);
  if (known !== undefined) return known.hash === block.hash;
  return told.filter((other) => other.hash === block.hash).length >= needed;
};

const monotone = (
  tree: BlockTree,
  head: BlockId,
  previous: Settled | undefined,
  next: Settled | undefined,
): Settled | undefined => {
  if (previous === undefined || previous.block.number > head.number) return next;
  const there = tree.ancestorAt(head.hash, previous.block.number);
  const undone = there !== undefined && there.hash !== previous.block.hash;
  if (undone) return next;
  if (next === undefined) return previous;
  if (next.told !== previous.told) return next.told ? next : previous;
  return next.block.number > previous.block.number ? next : previous;
};
