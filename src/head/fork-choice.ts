import type { BlockTree } from './block-tree.ts';
import type { Header } from './header.ts';

/** A voter's own head, linked into the tree: a vote for that block and every block it descends from. */
export interface Vote {
  readonly voter: string;
  readonly head: string;
}

export interface ForkChoiceInput {
  /** Voters, those included that have no linked head and so no vote. */
  readonly voters: number;
  readonly votes: readonly Vote[];
  /** `fastest` publishes what a single voter holds. */
  readonly mode: 'majority' | 'fastest';
  /** The published block; undefined before the first one. */
  readonly current: string | undefined;
  /** True while a node that can be asked holds the published block. */
  readonly held: boolean;
  /** Nodes that have held the published block. One of them on another branch is a reorganisation; without one, its holders are merely gone. */
  readonly witnesses: ReadonlySet<string>;
  /** Monotonic ms. */
  readonly now: number;
  readonly blockTimeMs: number;
  /** How long the published block outlives its last holder. */
  readonly stallMs: number;
}

/** What one decision leaves for the next. */
export interface ForkChoiceMemory {
  /** Since when two branches have had a quorum each. */
  readonly splitSince: number | undefined;
  /** Since when nobody who can be asked holds the published block. */
  readonly unheldSince: number | undefined;
}

export interface Decision {
  /** The block to publish; undefined while there is none. */
  readonly head: Header | undefined;
  /** True while two branches have a quorum each. */
  readonly split: boolean;
  /** The head is lowered on its own branch because nobody holds it any more. */
  readonly rewound: boolean;
  readonly memory: ForkChoiceMemory;
  /** Monotonic ms, later than now, at which time alone may change the decision. */
  readonly recheckAt: number | undefined;
}

export const freshMemory: ForkChoiceMemory = { splitSince: undefined, unheldSince: undefined };

/** Block times for which a split keeps the current branch. */
const splitPatience = 2;

/** Votes that publish a block: half of the voters, and from three voters on never a single one. 1:1 2:1 3:2 4:2 5:3 7:4. */
export const quorumOf = (voters: number): number => (voters < 3 ? 1 : Math.max(2, Math.ceil(voters / 2)));

/**
 * Which block to publish: the highest one with a quorum of votes. It never goes down on its own branch, except that it is
 * lowered to what the living hold once nobody has held it for `stallMs`. Of two branches with a quorum the current one
 * stays; after two block times the longer one wins, then the one with more votes. Without any quorum the most votes win.
 */
export const chooseHead = (tree: BlockTree, input: ForkChoiceInput, memory: ForkChoiceMemory): Decision => {
  const current = input.current === undefined ? undefined : tree.get(input.current);
  const unheldSince = input.held || current === undefined ? undefined : (memory.unheldSince ?? input.now);
  const tips = winners(tree, input);
  if (tips.length === 0) return stay(current, { splitSince: undefined, unheldSince }, undefined);
  if (current === undefined) return firstHead(tips, input.now);

  const split = tips.length > 1;
  const splitSince = split ? (memory.splitSince ?? input.now) : undefined;
  const patienceEnds = splitSince === undefined ? undefined : splitSince + splitPatience * input.blockTimeMs;
  const own = tips.find((tip) => sameBranch(tree, tip.block, current));
  const patient = patienceEnds === undefined || input.now < patienceEnds;
  const tip = own !== undefined && patient ? own : best(tips, own);
  const recheckAt = patient ? patienceEnds : undefined;
  const kept = { splitSince, unheldSince };

  if (tree.contains(current.hash, tip.block.hash)) {
    const moved = tip.block.hash !== current.hash;
    return {
      head: tip.block,
      split,
      rewound: false,
      memory: moved ? { splitSince, unheldSince: undefined } : kept,
      recheckAt,
    };
  }
  const goneFor = unheldSince === undefined ? 0 : input.now - unheldSince;
  const mayLeave = goneFor >= input.stallMs && unheldSince !== undefined;
  const down = tree.contains(tip.block.hash, current.hash);
  const reorganised = !down && (input.held || tip.voters.some((voter) => input.witnesses.has(voter)));
  if (!mayLeave && !reorganised) {
    const goneAt = unheldSince === undefined ? undefined : unheldSince + input.stallMs;
    return stay(current, kept, earlier(recheckAt, goneAt), split);
  }
  const next = { splitSince: split ? input.now : undefined, unheldSince: undefined };
  return { head: tip.block, split, rewound: down, memory: next, recheckAt: undefined };
};

/** A block with enough votes of which no descendant has. */
interface Tip {
  readonly block: Header;
  readonly voters: readonly string[];
}

const stay = (
  current: Header | undefined,
  memory: ForkChoiceMemory,
  recheckAt: number | undefined,
  split = false,
): Decision => ({
  head: current,
  split,
  rewound: false,
  memory,
  recheckAt,
});

const firstHead = (tips: readonly Tip[], now: number): Decision => ({
  head: best(tips, undefined).block,
  split: tips.length > 1,
  rewound: false,
  memory: { splitSince: tips.length > 1 ? now : undefined, unheldSince: undefined },
  recheckAt: undefined,
});

const winners = (tree: BlockTree, input: ForkChoiceInput): readonly Tip[] => {
  const quorum = input.mode === 'fastest' ? 1 : quorumOf(input.voters);
  for (let needed = quorum; needed > 0; needed--) {
    const tips = tipsWith(tree, input.votes, needed);
    if (tips.length > 0) return tips;
  }
  return [];
};

/**
 * Sinks the votes from the heads downwards, highest block first, so that each block has all its votes when it is looked
 * at. What is below a tip is covered by it and carries no votes on.
 */
const tipsWith = (tree: BlockTree, votes: readonly Vote[], needed: number): Tip[] => {
  const open = new Map<string, { block: Header; voters: string[]; covered: boolean }>();
  const put = (block: Header | undefined, voters: readonly string[], covered: boolean) => {
    if (block === undefined) return;
    const there = open.get(block.hash);
    if (there === undefined) open.set(block.hash, { block, voters: [...voters], covered });
    else {
      there.voters.push(...voters);
      there.covered ||= covered;
    }
  };
  for (const { voter, head } of votes) put(tree.get(head), [voter], false);
  const tips: Tip[] = [];
  while (open.size > 0 && [...open.values()].some(({ covered }) => !covered)) {
    const top = [...open.values()].reduce((high, entry) => (entry.block.number > high.block.number ? entry : high));
    open.delete(top.block.hash);
    const wins = !top.covered && top.voters.length >= needed;
    if (wins) tips.push({ block: top.block, voters: top.voters });
    put(tree.get(top.block.parentHash), top.voters, top.covered || wins);
  }
  return tips;
};

const sameBranch = (tree: BlockTree, tip: Header, current: Header): boolean =>
  tree.contains(current.hash, tip.hash) || tree.contains(tip.hash, current.hash);

/** The longer branch, then the one with more votes, then the current one; the hash decides what nothing else does. */
const best = (tips: readonly Tip[], own: Tip | undefined): Tip =>
  tips.reduce((one, other) => {
    const order =
      other.block.number - one.block.number ||
      other.voters.length - one.voters.length ||
      Number(other === own) - Number(one === own) ||
      Number(other.block.hash < one.block.hash) - Number(one.block.hash < other.block.hash);
    return order > 0 ? other : one;
  });

const earlier = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
