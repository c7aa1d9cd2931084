import { clientVersion } from '../ethereum/client-kind.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { BlockTree } from './block-tree.ts';
import type { NodeView } from './chain-view.ts';
import { Damper } from './damper.ts';
import type { Header } from './header.ts';
import type { LinkResult } from './linker.ts';
import { isSyncing, type LinkState, type NodeFacts, type Verdict } from './node-state.ts';
import { TakenBack } from './taken-back.ts';
import type { Tracker } from './tracker.ts';
import { behindSince, type Standing, type VoterFacts } from './voters.ts';

/** Heartbeats that the first repeated recovery, or one from a claim that was taken back, has to hold; after how many it is forgotten. */
const holdBeats = 2;
const memoryBeats = 30;

/** One node in a chain's memory: its tracker, where its head stands in the tree, and the state that it is shown in. */
export class WatchedNode {
  readonly upstream: Upstream;
  readonly tracker: Tracker;
  drained: boolean;
  /** Its newest block that is linked into the tree. */
  linked: Header | undefined;
  link: LinkState = 'unread';
  /** A walk from its head to the tree is under way. */
  linking = false;
  /** Walks that failed since its head was last linked. */
  brokenLinks = 0;
  verdict: Verdict = { state: 'unknown', reason: 'not checked yet' };
  score = 0;
  /** The client's name as it was last told to others. */
  client = '';
  #movedAt = 0;
  #behindSince: number | undefined;
  /** The block of which it last told a false header. */
  #lie: string | undefined;
  readonly #damper: Damper;
  readonly #takenBack: TakenBack;

  /** `intervalMs`: between two heartbeats; in those terms restless states are calmed. */
  constructor(upstream: Upstream, tracker: Tracker, drained: boolean, intervalMs: number) {
    this.upstream = upstream;
    this.tracker = tracker;
    this.drained = drained;
    const calming = { holdMs: holdBeats * intervalMs, memoryMs: memoryBeats * intervalMs };
    this.#damper = new Damper(calming);
    this.#takenBack = new TakenBack(calming);
  }

  get name(): string {
    return this.upstream.name;
  }

  /** Its head has not been read, and may be any moment. */
  get unheard(): boolean {
    const { head, identity, wrongChain } = this.tracker;
    return !this.drained && head === undefined && identity !== 'failed' && wrongChain === undefined;
  }

  /**
   * Reachable, or lost so lately that its answer is still awaited; of the right chain; meant to serve. An open breaker
   * does not matter: a node that fails calls, and is asked none for a while, still tells its heads, and without its vote a
   * single forked node would be half of those who are left.
   */
  eligible(missed: number): boolean {
    const { tracker } = this;
    if (this.drained || tracker.wrongChain !== undefined || tracker.missed >= missed) return false;
    return tracker.awaited || (tracker.admitted && tracker.head !== undefined);
  }

  /** Takes a head of its own that is linked now. */
  stand(head: Header, now: number): void {
    if (this.linked?.hash !== head.hash) this.#movedAt = now;
    this.linked = head;
    this.link = 'linked';
    this.#takenBack.stood(head, now);
    this.brokenLinks = 0;
  }

  /** Takes what the walk from its head came to. A first failure may be a reorganisation under way, so the second counts. */
  linkEnded(result: LinkResult, target: Header, now: number): void {
    if (result === 'linked') {
      this.stand(target, now);
      return;
    }
    const forgiven = result === 'broken' && this.linked !== undefined && this.brokenLinks++ === 0;
    if (result !== 'below' && (!forgiven || this.#takenBack.doubted(now) !== undefined)) {
      this.#takenBack.unlinked(target, now);
    }
    if (forgiven) return;
    this.linked = undefined;
    this.link = result === 'below' ? 'below' : 'broken';
  }

  /** It told a false header. Returns false where that was known. */
  lied(header: Header, now: number): boolean {
    this.#takenBack.lied(header, now);
    const news = this.#lie !== header.hash;
    this.#lie = header.hash;
    return news;
  }

  /** Its connection is gone, and what it last stood on says nothing any more. */
  forget(): void {
    this.linked = undefined;
    this.link = 'unread';
    this.brokenLinks = 0;
    this.#takenBack.lost();
  }

  standing(): Standing {
    return { head: this.linked?.number, movedAt: this.#movedAt };
  }

  /** Looks whether others have gone on without it. */
  compare(others: readonly Standing[]): void {
    this.#behindSince = behindSince(this.standing(), others, this.#behindSince);
  }

  behindForMs(now: number): number {
    return this.#behindSince === undefined ? 0 : now - this.#behindSince;
  }

  voterFacts(now: number, missed: number, stallMs: number, published: Header | undefined): VoterFacts {
    return {
      name: this.name,
      tier: this.upstream.tier,
      eligible: this.eligible(missed),
      syncing: isSyncing(this.tracker.vitals.saysSyncing, this.lag(published)),
      stalled: this.behindForMs(now) >= stallMs,
    };
  }

  /** The newest height it certainly has: linked, or older than all that the tree reaches. */
  height(): number | undefined {
    return this.link === 'below' ? this.tracker.head?.number : this.linked?.number;
  }

  lag(published: Header | undefined): number | undefined {
    const height = this.height();
    return published === undefined || height === undefined ? undefined : Math.max(0, published.number - height);
  }

  facts(tree: BlockTree, published: Header | undefined, now: number, poolHasPeers: boolean): NodeFacts {
    const { tracker } = this;
    return {
      drained: this.drained,
      wrongChain: tracker.wrongChain,
      identified: tracker.admitted,
      trouble: tracker.trouble,
      missed: tracker.missed,
      breakerOpen: this.upstream.stats.breaker === 'open',
      link: this.link,
      claimed: tracker.head?.number,
      doubted: this.#takenBack.doubted(now),
      lag: this.lag(published),
      forkedAt: forkedAt(tree, this.linked, published),
      saysSyncing: tracker.vitals.saysSyncing,
      behindForMs: this.behindForMs(now),
      peers: tracker.vitals.peers,
      poolHasPeers,
      limited: this.upstream.stats.limitedUntil > now,
    };
  }

  /** Shows a state; restless ones are calmed. Returns the one shown before. */
  show(found: Verdict, now: number): Verdict {
    const before = this.verdict;
    this.verdict = this.#damper.calm(found, now);
    return before;
  }

  view(published: Header | undefined): NodeView {
    const { tracker } = this;
    const known = tracker.admitted;
    return {
      upstream: this.upstream,
      state: this.verdict.state,
      reason: this.verdict.reason,
      reachable: tracker.trouble === undefined,
      score: this.score,
      head: known ? this.height() : undefined,
      lag: known ? this.lag(published) : undefined,
      peers: tracker.vitals.peers,
      client: this.client,
      kind: clientVersion(this.client).kind,
    };
  }
}

/** The shared height at which a node's block is not the published branch's. */
const forkedAt = (tree: BlockTree, own: Header | undefined, published: Header | undefined): number | undefined => {
  if (own === undefined || published === undefined) return undefined;
  const shared = Math.min(own.number, published.number);
  const mine = tree.ancestorAt(own.hash, shared);
  const theirs = tree.ancestorAt(published.hash, shared);
  return mine !== undefined && theirs !== undefined && mine.hash !== theirs.hash ? shared : undefined;
};
