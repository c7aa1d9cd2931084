import type { Clock } from '../lib/clock.ts';
import type { ChainMemory } from './chain-memory.ts';
import type { Header } from './header.ts';
import { linkBranch, type Teller } from './linker.ts';
import { questions } from './probe-answers.ts';
import type { WatchedNode } from './watched-node.ts';

/** Blocks below the first head that are fetched at least, and those below the final block that a lower head still needs. */
const leastLookBack = 32;
const finalitySlack = 8;
/** Headers asked for at once. */
const largestBatch = 32;

export interface LinkingOptions {
  readonly window: number;
  /** Depth of a final block on chains without the tags. */
  readonly finality: number;
}

/** Finds each node's place in the tree, one walk a node at a time. */
export class Linking {
  readonly #memory: ChainMemory;
  readonly #window: number;
  readonly #lookBackDepth: number;
  readonly #clock: Clock;
  readonly #ended: () => void;
  #lookingBack = false;
  #closed = false;

  /** `ended` runs after each walk. */
  constructor(memory: ChainMemory, options: LinkingOptions, clock: Clock, ended: () => void) {
    this.#memory = memory;
    this.#window = options.window;
    this.#lookBackDepth = Math.min(options.window, Math.max(leastLookBack, options.finality + finalitySlack));
    this.#clock = clock;
    this.#ended = ended;
  }

  /** Looks where a node's head stands now, and begins the walk to the tree where it is not linked. */
  restand(node: WatchedNode): void {
    const { tree } = this.#memory;
    const { head, awaited } = node.tracker;
    if (head === undefined) {
      if (awaited) node.link = 'unread';
      else node.forget();
    } else if (tree.linked(head.hash)) {
      node.stand(head, this.#clock.now());
    } else {
      if (node.link === 'unread' || node.link === 'linked') node.link = 'linking';
      if (!node.linking && tree.root !== undefined) void this.#walk(node);
    }
  }

  /**
   * Fetches what lies below a head that the tree does not reach far enough under: for the block time, for a reorganisation
   * that comes early, and for the final block of a chain without the tags. Ends early where nobody can tell the next one.
   */
  async lookBack(head: Header): Promise<void> {
    const goal = Math.max(0, head.number - this.#lookBackDepth);
    if (this.#lookingBack) return;
    this.#lookingBack = true;
    while (await this.#deepen(goal));
    this.#lookingBack = false;
  }

  /** True when the tree's root has come down, but not to the goal. */
  async #deepen(goal: number): Promise<boolean> {
    const { tree } = this.#memory;
    const top = tree.root?.number ?? 0;
    const [holder] = this.#rootHolders();
    if (holder === undefined || top <= goal) return false;
    const size = Math.min(largestBatch, top - goal);
    const asked = Array.from({ length: size }, (_, below) => questions.byNumber(top - 1 - below));
    const headers = await holder.tracker.headers(asked);
    if (this.#closed || tree !== this.#memory.tree) return false;
    for (const header of headers) if (header !== undefined) tree.add(header, holder.name, this.#clock.now());
    this.#ended();
    await this.#confirm(headers, holder);
    const { root } = tree;
    return root !== undefined && root.number < top && root.number > goal;
  }

  /** Has another node of the same tier tell what is believed of nobody who tells it alone. */
  async #confirm(headers: readonly (Header | undefined)[], teller: WatchedNode): Promise<void> {
    const { nodes, tree } = this.#memory;
    const alone = headers.flatMap((header) =>
      header !== undefined && tree.told(header.hash)?.belief === 'alone' ? [header.hash] : [],
    );
    const other = this.#rootHolders().find((node) => node !== teller && node.upstream.tier === teller.upstream.tier);
    if (alone.length === 0 || other === undefined) return;
    const told = await other.tracker.headers(alone.map((hash) => questions.byHash(hash)));
    if (this.#closed || tree !== this.#memory.tree || nodes.get(other.name) !== other) return;
    for (const header of told) if (header !== undefined) tree.add(header, other.name, this.#clock.now());
  }

  close(): void {
    this.#closed = true;
  }

  async #walk(node: WatchedNode): Promise<void> {
    node.linking = true;
    let target = node.tracker.head;
    while (target !== undefined && !this.#closed) {
      const { tree, published } = this.#memory;
      const result = await linkBranch({
        tree,
        target,
        window: this.#window,
        around: (published.head ?? tree.root ?? target).number,
        now: () => this.#clock.now(),
        owner: tellerOf(node),
        holder: () => {
          const [holder] = this.#rootHolders();
          return holder && tellerOf(holder);
        },
      });
      const { head } = node.tracker;
      if (head === target && tree === this.#memory.tree) node.linkEnded(result, target, this.#clock.now());
      target = head === target ? undefined : head;
    }
    node.linking = false;
    if (!this.#closed) this.#ended();
  }

  /** Nodes that can be asked for what lies below the tree's root. */
  #rootHolders(): readonly WatchedNode[] {
    const { nodes, tree } = this.#memory;
    const { root } = tree;
    const holds = (linked: Header | undefined) =>
      root !== undefined && linked !== undefined && tree.contains(root.hash, linked.hash);
    return [...nodes.values()].filter((node) => node.tracker.admitted && holds(node.linked));
  }
}

const tellerOf = ({ name, tracker }: WatchedNode): Teller => ({
  name,
  ask: (requests) => tracker.headers(requests),
});
