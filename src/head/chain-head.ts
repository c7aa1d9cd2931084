import type { Cancellation } from '../lib/cancellation.ts';
import type { Timer } from '../lib/clock.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { Admission } from './admission.ts';
import { Anchoring } from './anchoring.ts';
import { BlockPace } from './block-pace.ts';
import { BlockTree } from './block-tree.ts';
import { ballotsOf, believes, type ChainMemory, electVoters, nudgeOthers, showStates, viewOf } from './chain-memory.ts';
import type { ChainHeadDeps, ChainHeadOptions } from './chain-head-options.ts';
import type { ChainFeed, ChainView } from './chain-view.ts';
import type { HeadMove } from './head-move.ts';
import type { Header } from './header.ts';
import { hear, type Note } from './hearing.ts';
import { Linking } from './linking.ts';
import { PublishedHead } from './published-head.ts';
import { TierWatch } from './tier-watch.ts';
import { Tracker } from './tracker.ts';
import { ViewWaiters } from './view-waiters.ts';
import { WatchedNode } from './watched-node.ts';

export type { ChainHeadDeps, ChainHeadOptions } from './chain-head-options.ts';

/** The block time that is assumed before any is known. */
const presumedBlockTimeMs = 12_000;
const shortestTickMs = 50;

/**
 * The trackers of one chain, the tree they feed, and the head that their nodes agree on. Everything that is heard ends in
 * one synchronous step, `#settle`: votes, published head, states, scores, and a new picture for those who read it.
 */
export class ChainHead implements ChainFeed {
  readonly #options: ChainHeadOptions;
  readonly #deps: ChainHeadDeps;
  readonly #memory: ChainMemory;
  readonly #pace = new BlockPace();
  readonly #tiers = new TierWatch();
  readonly #admission: Admission;
  readonly #linking: Linking;
  readonly #anchoring: Anchoring;
  readonly #waiters: ViewWaiters;
  readonly #listeners = new Set<(move: HeadMove) => void>();
  #view: ChainView;
  #timer: Timer | undefined;
  #split = false;
  #settling = false;
  readonly #untold: (() => void)[] = [];
  #closed = false;

  constructor(options: ChainHeadOptions, deps: ChainHeadDeps) {
    this.#options = options;
    this.#deps = deps;
    const { window, intervalMs } = options;
    const settle = () => this.#settle();
    this.#memory = {
      options,
      nodes: new Map(),
      published: new PublishedHead(options),
      tree: new BlockTree({ window }),
      voters: new Set(),
    };
    this.#admission = new Admission(options.chainId, intervalMs, deps.clock);
    this.#linking = new Linking(this.#memory, options, deps.clock, settle);
    this.#anchoring = new Anchoring(
      this.#memory,
      this.#linking,
      { window, patienceMs: intervalMs },
      deps.clock,
      settle,
    );
    this.#waiters = new ViewWaiters(deps.clock);
    this.#view = viewOf(this.#memory);
    this.#plan(undefined);
  }

  get view(): ChainView {
    return this.#view;
  }

  /** Undefined until it was configured or found out. */
  get chainId(): bigint | undefined {
    return this.#admission.chainId;
  }

  /** Hash of the first block; undefined until it was found out, or where no node can tell. */
  get genesis(): string | undefined {
    return this.#admission.genesis;
  }

  /** The header of the published head. */
  get head(): Header | undefined {
    return this.#memory.published.head;
  }

  /** Configured, or found from the blocks' timestamps, or presumed. */
  get blockTimeMs(): number {
    return this.#options.blockTimeMs ?? this.#pace.blockTimeMs ?? presumedBlockTimeMs;
  }

  /** The tree of the chain's last blocks, to be read: positions in it outlive the head's moves. */
  get tree(): Pick<BlockTree, 'get' | 'path' | 'contains' | 'ancestorAt' | 'root' | 'sightedAt'> {
    return this.#memory.tree;
  }

  /**
   * True where what a block's header tells of it may be gone by: its hash proves it, two nodes tell it alike, or only one
   * has a say. Undefined for a block that the tree does not keep.
   */
  believes(hash: string): boolean | undefined {
    return believes(this.#memory, hash);
  }

  /** Begins to watch a node. Names are unique; a second node of the same name replaces the first. */
  add(upstream: Upstream, drained: boolean): void {
    this.remove(upstream.name);
    const { clock, random, identify } = this.#deps;
    const { intervalMs } = this.#options;
    const tracker = new Tracker(
      upstream,
      this.#options,
      { clock, random, identify, blockTimeMs: () => this.blockTimeMs },
      {
        identified: () => this.#identified(node),
        head: (header, via) => this.#heard(node, header, via),
        changed: () => this.#changed(node),
      },
    );
    const node = new WatchedNode(upstream, tracker, drained, intervalMs);
    this.#memory.nodes.set(upstream.name, node);
    this.#tiers.joined([...this.#memory.nodes.values()]);
    tracker.start();
    this.#settle();
  }

  /** Watches a node no longer. The upstream itself is closed by whoever opened it. */
  remove(name: string): void {
    const node = this.#memory.nodes.get(name);
    if (node === undefined) return;
    this.#memory.nodes.delete(name);
    node.tracker.close();
    this.#settle();
  }

  /** Takes a node out of service by hand; false where there is none of that name. */
  drain(name: string): boolean {
    return this.#setDrained(name, true);
  }

  undrain(name: string): boolean {
    return this.#setDrained(name, false);
  }

  /** Tells of every step of the published head, in order, after the view shows it. Returns a function that ends it. */
  onMove(listener: (move: HeadMove) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  waitFor(predicate: (view: ChainView) => boolean, deadline: number, cancellation: Cancellation): Promise<boolean> {
    return this.#waiters.wait(this.#view, predicate, deadline, cancellation);
  }

  /**
   * A call that others failed could be answered by this node if it had a newer block than was heard of: asks it, and resolves
   * when that is over. Undefined where nothing newer is to be had.
   */
  lookAt(name: string): Promise<void> | undefined {
    return this.#memory.nodes.get(name)?.tracker.lookAt();
  }

  /** Feeds a header that somebody else heard of, such as another replica: a hint, and nobody's vote. */
  hint(header: Header, source: string): void {
    const added = this.#memory.tree.add(header, source, this.#deps.clock.now(), '');
    if (added === 'linked') nudgeOthers(this.#memory, header);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#linking.close();
    for (const node of this.#memory.nodes.values()) node.tracker.close();
    this.#waiters.close();
    this.#listeners.clear();
  }

  #setDrained(name: string, drained: boolean): boolean {
    const node = this.#memory.nodes.get(name);
    if (node === undefined) return false;
    node.drained = drained;
    this.#settle();
    return true;
  }

  #identified(node: WatchedNode): void {
    const { identity, client } = node.tracker;
    if (typeof identity === 'object') {
      if (node.client !== client) this.#deps.observer.identified(this.#options.chain, node.name, client);
      node.client = client;
    }
    this.#judge();
    this.#changed(node);
  }

  #judge(): void {
    const nodes = [...this.#memory.nodes.values()];
    const before = this.#admission.judge(nodes);
    if (before !== undefined) {
      this.#note('error', `most nodes are not of chain ${before.chainId} as was thought; starting over with theirs`);
      this.#memory.tree = new BlockTree({ window: this.#options.window });
      this.#memory.published.reset();
      this.#anchoring.startOver();
      this.#pace.reset();
      for (const node of nodes) node.forget();
    }
    this.#admission.admit(nodes);
  }

  #heard(node: WatchedNode, header: Header, via: 'feed' | 'poll'): boolean {
    const note: Note = (message, fields) => this.#note('warn', message, fields);
    return hear(this.#memory, node, header, { via, now: this.#deps.clock.now(), note });
  }

  #changed(node: WatchedNode): void {
    if (this.#closed) return;
    this.#linking.restand(node);
    this.#settle();
  }

  /** Everything that hangs on what was heard, in one step. */
  #settle(): void {
    if (this.#closed || this.#settling) return;
    this.#settling = true;
    const now = this.#deps.clock.now();
    const stallMs = this.#options.stall * this.blockTimeMs;
    const voters = electVoters(this.#memory, now, stallMs);
    this.#memory.voters = voters;
    const first = this.#memory.published.head === undefined;
    this.#anchoring.look(voters, stallMs);
    const move = this.#anchoring.mayPublish() ? this.#vote(voters, now, stallMs) : undefined;
    for (const { name, from, to, reason } of showStates(this.#memory, now, stallMs)) {
      this.#deps.observer.stateChanged(this.#options.chain, name, from, to, reason);
    }
    this.#view = viewOf(this.#memory);
    this.#tiers.look([...this.#memory.nodes.values()], voters);
    this.#settling = false;
    this.#waiters.show(this.#view);
    if (move === undefined) return;
    // A listener may bring about the next move, of which nobody is told before all have heard of this one.
    this.#untold.push(() => this.#tell(move, first));
    if (this.#untold.length > 1) return;
    for (let [tell] = this.#untold; tell !== undefined; [tell] = this.#untold) {
      tell();
      this.#untold.shift();
    }
  }

  #vote(voters: ReadonlySet<string>, now: number, stallMs: number): HeadMove | undefined {
    const { published, tree } = this.#memory;
    const from = published.head;
    const pace = { blockTimeMs: this.blockTimeMs, stallMs };
    const { move, decision } = published.settle(tree, ballotsOf(this.#memory, voters), now, pace);
    this.#plan(decision.recheckAt);
    if (decision.split && !this.#split) this.#note('warn', 'split: two branches have a quorum of votes each');
    this.#split = decision.split;
    if (move !== undefined && decision.rewound && from !== undefined) {
      this.#deps.observer.headRewound(this.#options.chain, from.number, move.head.number);
    }
    return move;
  }

  #tell(move: HeadMove, first: boolean): void {
    const { number, hash } = move.head;
    const now = this.#deps.clock.now();
    if (move.gap) this.#note('warn', 'the head moved farther than the window reaches', { number, hash });
    this.#pace.follow(this.#memory.tree, move.head);
    void this.#linking.lookBack(move.head).then(() => {
      if (first || move.gap) this.#pace.follow(this.#memory.tree, move.head);
    });
    const delayMs = now - (this.#memory.tree.sightedAt(hash) ?? now);
    this.#deps.observer.headMoved(this.#options.chain, number, hash, move.removed.length, delayMs);
    for (const listener of [...this.#listeners]) listener(move);
  }

  /** Time alone changes states and decisions: looks again at `at`, and a few times for each block. */
  #plan(at: number | undefined): void {
    const { clock } = this.#deps;
    const tick = Math.max(shortestTickMs, Math.min(this.#options.intervalMs, this.blockTimeMs / 2));
    const ms = Math.min(tick, Math.max(1, (at ?? Number.POSITIVE_INFINITY) - clock.now()));
    this.#timer?.cancel();
    this.#timer = clock.after(ms, () => {
      if (!this.#admission.decided) this.#judge();
      this.#plan(undefined);
      this.#settle();
    });
  }

  #note(level: 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#deps.observer.noted(level, message, { chain: this.#options.chain, ...fields });
  }
}
