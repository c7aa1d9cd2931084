import type { Clock } from '../lib/clock.ts';
import type { ChainMemory } from './chain-memory.ts';
import type { Header } from './header.ts';
import { type AskHeaders, linkBranch } from './linker.ts';
import { questions } from './probe-answers.ts';
import type { WatchedNode } from './watched-node.ts';

/** Blocks below the first head that are fetched at once. */
const lookBackDepth = 32;

/** Finds each node's place in the tree, one walk a node at a time. */
export class Linking {
  readonly #memory: ChainMemory;
  readonly #window: number;
  readonly #clock: Clock;
  readonly #ended: () => void;
  #closed = false;

  /** `ended` runs after each walk. */
  constructor(memory: ChainMemory, window: number, clock: Clock, ended: () => void) {
    this.#memory = memory;
    this.#window = window;
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

  /** Fetches what lies below a first head: for the block time, and for a reorganisation that comes early. */
  async lookBack(head: Header): Promise<void> {
    const { nodes, tree } = this.#memory;
    const top = (tree.root ?? head).number;
    const depth = top - Math.max(0, head.number - Math.min(lookBackDepth, this.#window));
    const holder = nodes.values().find(({ linked }) => linked?.hash === head.hash);
    if (holder === undefined || depth <= 0) return;
    const asked = Array.from({ length: depth }, (_, below) => questions.byNumber(top - 1 - below));
    const headers = await holder.tracker.headers(asked);
    if (this.#closed || tree !== this.#memory.tree) return;
    for (const header of headers) if (header !== undefined) tree.add(header, holder.name, this.#clock.now());
    this.#ended();
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
        name: node.name,
        ask: (requests) => node.tracker.headers(requests),
        askHolder: () => this.#rootHolder(),
      });
      const { head } = node.tracker;
      if (head === target && tree === this.#memory.tree) node.linkEnded(result, target, this.#clock.now());
      target = head === target ? undefined : head;
    }
    node.linking = false;
    if (!this.#closed) this.#ended();
  }

  /** A node that can be asked for what lies below the tree's root. */
  #rootHolder(): AskHeaders | undefined {
    const { nodes, tree } = this.#memory;
    const { root } = tree;
    const holds = (linked: Header | undefined) =>
      root !== undefined && linked !== undefined && tree.contains(root.hash, linked.hash);
    const holder = [...nodes.values()].find((node) => node.tracker.admitted && holds(node.linked));
    return holder === undefined ? undefined : (requests) => holder.tracker.headers(requests);
  }
}
