import type { Clock } from '../lib/clock.ts';
import { BlockTree } from './block-tree.ts';
import type { ChainMemory } from './chain-memory.ts';
import { quorumOf } from './fork-choice.ts';
import type { Header } from './header.ts';
import type { Linking } from './linking.ts';
import { questions } from './probe-answers.ts';
import type { WatchedNode } from './watched-node.ts';

/**
 * Decides where the tree stands: at the first heads that are heard, and anew when the pool has moved on farther than the
 * window reaches. The head of a lone liar is no place to stand, so everybody is heard first, for a heartbeat at most.
 */
export class Anchoring {
  readonly #memory: ChainMemory;
  readonly #linking: Linking;
  readonly #window: number;
  readonly #patienceMs: number;
  readonly #clock: Clock;
  readonly #ended: () => void;
  #heardAt: number | undefined;
  #anchoredAt = 0;
  #strandedSince: number | undefined;
  #busy = false;

  /** `patienceMs`: how long to wait for those who have not answered. `ended` runs after each anchoring. */
  constructor(
    memory: ChainMemory,
    linking: Linking,
    options: { readonly window: number; readonly patienceMs: number },
    clock: Clock,
    ended: () => void,
  ) {
    this.#memory = memory;
    this.#linking = linking;
    this.#window = options.window;
    this.#patienceMs = options.patienceMs;
    this.#clock = clock;
    this.#ended = ended;
  }

  /** The first head waits until every node's is linked, or a heartbeat has gone by. */
  mayPublish(): boolean {
    const { tree, published, nodes } = this.#memory;
    if (tree.root === undefined || this.#busy) return published.head !== undefined;
    if (published.head !== undefined) return true;
    return (
      this.#clock.now() - this.#anchoredAt >= this.#patienceMs || ![...nodes.values()].some((node) => node.linking)
    );
  }

  /** Anchors the tree where that is due. */
  look(voters: ReadonlySet<string>, stallMs: number): void {
    if (this.#busy) return;
    const heard = [...this.#memory.nodes.values()].filter(
      (node) => voters.has(node.name) && node.tracker.head !== undefined,
    );
    if (heard.length === 0) return;
    const due =
      this.#memory.tree.root === undefined ? this.#everybodyHeard() : this.#stranded(heard, voters.size, stallMs);
    if (due)
      void this.#anchor(this.#memory.tree.root === undefined ? heard : heard.filter(({ link }) => link !== 'linked'));
  }

  startOver(): void {
    this.#heardAt = undefined;
    this.#strandedSince = undefined;
  }

  #everybodyHeard(): boolean {
    const now = this.#clock.now();
    this.#heardAt ??= now;
    const pending = [...this.#memory.nodes.values()].some(({ unheard }) => unheard);
    return !pending || now - this.#heardAt >= this.#patienceMs;
  }

  /** Most voters, or all of them, stand where no walk leads to the published branch. */
  #stranded(heard: readonly WatchedNode[], voters: number, stallMs: number): boolean {
    const astray = heard.filter(({ link }) => link === 'broken' || link === 'below');
    const ahead = astray.filter(({ link }) => link === 'broken');
    const linked = heard.some(({ link }) => link === 'linked' || link === 'linking');
    const outvoted = voters >= 3 && ahead.length * 2 > voters;
    if (linked ? !outvoted : astray.length === 0) {
      this.#strandedSince = undefined;
      return false;
    }
    this.#strandedSince ??= this.#clock.now();
    // Having gone far ahead is what time does to a chain; to be far behind takes as long as any rewind.
    return ahead.length > 0 || this.#clock.now() - this.#strandedSince >= stallMs;
  }

  async #anchor(candidates: readonly WatchedNode[]): Promise<void> {
    const memory = this.#memory;
    const { tree } = memory;
    this.#busy = true;
    const head = await this.#choose(candidates);
    this.#busy = false;
    if (tree !== memory.tree) return;
    const now = this.#clock.now();
    if (tree.root !== undefined) memory.tree = new BlockTree({ window: this.#window });
    memory.tree.add(head, '', now);
    memory.tree.anchor(head.hash);
    memory.published.detach();
    this.#anchoredAt = now;
    this.#strandedSince = undefined;
    const nodes = [...memory.nodes.values()];
    for (const node of nodes) {
      if (node.linked !== undefined && !memory.tree.linked(node.linked.hash)) node.forget();
      if (node.tracker.head !== undefined) memory.tree.add(node.tracker.head, node.name, now);
    }
    // Who stands in the tree is asked for what lies below its root, so the others are looked at after him.
    const stands = ({ tracker }: WatchedNode) => tracker.head !== undefined && memory.tree.linked(tracker.head.hash);
    for (const node of nodes) if (stands(node)) this.#linking.restand(node);
    for (const node of nodes) if (!stands(node)) this.#linking.restand(node);
    this.#ended();
  }

  /** The height that a quorum reaches, from a node that can also show that block's parent; a claim alone is nothing. */
  async #choose(candidates: readonly WatchedNode[]): Promise<Header> {
    const heads = candidates
      .flatMap((node) => (node.tracker.head === undefined ? [] : [{ node, head: node.tracker.head }]))
      .toSorted((one, other) => other.head.number - one.head.number);
    const index = quorumOf(heads.length) - 1;
    const order = [...heads.slice(index), ...heads.slice(0, index).reverse()];
    for (const { node, head } of order) {
      if (head.number === 0) return head;
      const [parent] = await node.tracker.headers([questions.byHash(head.parentHash)]);
      if (parent?.hash === head.parentHash && parent.number + 1 === head.number) return head;
    }
    const [first] = order;
    if (first === undefined) throw new Error('no candidates to anchor at');
    return first.head;
  }
}
