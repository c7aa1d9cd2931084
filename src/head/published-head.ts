import type { HeadSnapshot } from '../core/call.ts';
import type { BlockTree } from './block-tree.ts';
import { agreeOnFinality, type Finality, type FinalityVote } from './finality.ts';
import { chooseHead, type Decision, type ForkChoiceMemory, freshMemory, quorumOf } from './fork-choice.ts';
import type { HeadMove } from './head-move.ts';
import type { Header } from './header.ts';
import { type Branch, branchOf } from './picture.ts';

export interface PublishedHeadOptions {
  readonly mode: 'majority' | 'fastest';
  /** Depth of a final block on chains without the tags. */
  readonly finality: number;
}

/** A node that has a say, or that holds blocks. */
export interface Ballot extends FinalityVote {
  readonly name: string;
  readonly voter: boolean;
  /** Its own newest linked block; undefined while it has none. */
  readonly head: Header | undefined;
}

/** Durations in ms, as the chain's pace has them at this moment. */
export interface Pace {
  readonly blockTimeMs: number;
  readonly stallMs: number;
}

/** What settling came to. */
export interface Settled {
  readonly move: HeadMove | undefined;
  readonly decision: Decision;
}

const nothingSettled: Finality = { safe: undefined, finalized: undefined };

/** The block that clients are told is the newest, and what hangs on it: its branch, and the settled blocks below it. */
export class PublishedHead {
  readonly #options: PublishedHeadOptions;
  #memory: ForkChoiceMemory = freshMemory;
  /** Nodes that have held the present head. */
  #witnesses = new Set<string>();
  #head: Header | undefined;
  #branch: Branch | undefined;
  #snapshot: HeadSnapshot | undefined;
  #finality: Finality = nothingSettled;
  #detached = false;
  /** It was reset: the next head follows from nothing that was published before. */
  #abandoned = false;

  constructor(options: PublishedHeadOptions) {
    this.#options = options;
  }

  get head(): Header | undefined {
    return this.#head;
  }

  get branch(): Branch | undefined {
    return this.#branch;
  }

  get snapshot(): HeadSnapshot | undefined {
    return this.#snapshot;
  }

  /** Forgets everything: the chain turned out to be another one. */
  reset(): void {
    this.#abandoned = this.#head !== undefined;
    this.#memory = freshMemory;
    this.#witnesses.clear();
    this.#head = undefined;
    this.#branch = undefined;
    this.#snapshot = undefined;
    this.#finality = nothingSettled;
  }

  /** The next head need not follow from the present one: the tree stands elsewhere now. */
  detach(): void {
    this.#detached = true;
    this.#memory = freshMemory;
  }

  /** Counts the votes and publishes what they say. */
  settle(tree: BlockTree, ballots: readonly Ballot[], now: number, pace: Pace): Settled {
    const current = this.#detached ? undefined : this.#head;
    const holders = ballots.filter(
      ({ head }) => current !== undefined && head !== undefined && tree.contains(current.hash, head.hash),
    );
    for (const { name } of holders) this.#witnesses.add(name);
    const voters = ballots.filter(({ voter }) => voter);
    const input = {
      voters: voters.length,
      votes: voters.flatMap(({ name, head }) => (head === undefined ? [] : [{ voter: name, head: head.hash }])),
      mode: this.#options.mode,
      current: current?.hash,
      held: holders.length > 0,
      witnesses: this.#witnesses,
      now,
      ...pace,
    };
    const decision = chooseHead(tree, input, this.#memory);
    this.#memory = decision.memory;
    const move = this.#publish(tree, decision.head) ?? this.#lengthen(tree);
    this.#settleFinality(tree, voters);
    return { move, decision };
  }

  #publish(tree: BlockTree, head: Header | undefined): HeadMove | undefined {
    const from = this.#head;
    if (head === undefined || head.hash === from?.hash) return undefined;
    const path = from === undefined ? undefined : tree.path(from.hash, head.hash);
    tree.publish(head.hash);
    this.#detached = false;
    this.#head = head;
    this.#branch = branchOf(tree, head);
    this.#witnesses = new Set();
    const gap = path === undefined && (from !== undefined || this.#abandoned);
    this.#abandoned = false;
    return path === undefined ? { removed: [], added: [head], head, gap } : { ...path, head, gap };
  }

  /** The tree has grown below its root. */
  #lengthen(tree: BlockTree): undefined {
    if (this.#head === undefined || this.#branch === undefined || tree.root === undefined) return;
    if (tree.root.number < this.#branch.lowest) this.#branch = branchOf(tree, this.#head);
  }

  #settleFinality(tree: BlockTree, votes: readonly Ballot[]): void {
    const head = this.#head;
    if (head === undefined) return;
    const latest = { number: head.number, hash: head.hash };
    const quorum = quorumOf(votes.length);
    const previous = this.#finality;
    this.#finality = agreeOnFinality(tree, { head: latest, votes, quorum, depth: this.#options.finality, previous });
    const next = { latest, safe: this.#finality.safe?.block, finalized: this.#finality.finalized?.block };
    const same =
      this.#snapshot?.latest.hash === head.hash &&
      this.#snapshot.safe?.hash === next.safe?.hash &&
      this.#snapshot.finalized?.hash === next.finalized?.hash;
    if (!same) this.#snapshot = next;
  }
}
