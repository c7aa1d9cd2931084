import type { Outcome } from '../core/outcome.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Upstream, UpstreamRequest } from '../upstream/upstream.ts';
import type { Header } from './header.ts';
import { HeadFeed } from './head-feed.ts';
import { beatMs, nextPoll, pollGap, sparedMs } from './polling.ts';
import { headerIn, questions } from './probe-answers.ts';
import { questionFor, Vitals } from './vitals.ts';

/** Ms from one question on until the next may follow that somebody has use for: calls fail meanwhile. */
const LOOK_GAP = 200;

/** What a head reader stands on; times in ms. */
export interface HeadReaderDeps {
  readonly upstream: Upstream;
  readonly clock: Clock;
  /** Time between two heartbeats. */
  readonly intervalMs: number;
  readonly blockTimeMs: () => number;
  /** Asks the node. */
  readonly probe: (requests: readonly UpstreamRequest[]) => Promise<readonly Outcome[]>;
}

/** What a head reader tells. */
export interface HeadReaderEvents {
  /**
   * A head of the node's own. A polled one is what it stands on now; a pushed one may come late or twice, and is not
   * taken for its head where the answer is false.
   */
  head(header: Header, via: 'feed' | 'poll'): boolean;
  /** A heartbeat or poll was answered with a head. */
  answered(): void;
  /** A heartbeat or poll was not answered with a head: why, in words. */
  missed(why: string): void;
  /** Its head, sync state, peers or settled blocks are new. */
  changed(): void;
}

/**
 * Reads one node's head: pushed where the node pushes, polled around the moment at which a block is due where it does
 * not, and asked for with the node's other vitals at each heartbeat in any case.
 */
export class HeadReader {
  /** The newest head since it was started. */
  head: Header | undefined;
  readonly vitals = new Vitals();
  readonly #deps: HeadReaderDeps;
  readonly #events: HeadReaderEvents;
  readonly #feed: HeadFeed;
  #active = true;
  /** Undefined while stopped. Answers to questions of an earlier run are about a connection that is gone. */
  #run: symbol | undefined;
  #polling = false;
  /** Those who wait for the next answer. */
  #look: PromiseWithResolvers<void> | undefined;
  #timer: Timer | undefined;
  #lastBeat = Number.NEGATIVE_INFINITY;
  #lastPoll = Number.NEGATIVE_INFINITY;
  /** Questions that were asked then. */
  #lastItems = 0;
  #lastPush = Number.NEGATIVE_INFINITY;
  #movedAt = Number.NEGATIVE_INFINITY;

  constructor(deps: HeadReaderDeps, events: HeadReaderEvents) {
    this.#deps = deps;
    this.#events = events;
    this.#feed = new HeadFeed(deps.upstream, (header) => this.#pushed(header));
  }

  start(): void {
    if (this.#run !== undefined) return;
    this.#run = Symbol('run');
    void this.subscribe();
    void this.#beat();
  }

  /** Forgets all it has read. */
  stop(): void {
    this.#run = undefined;
    this.#look?.resolve();
    this.#look = undefined;
    this.#timer?.cancel();
    this.#feed.close();
    this.head = undefined;
    this.vitals.forget();
  }

  /** An inactive node is asked rarely, and not subscribed to. */
  setActive(active: boolean): void {
    if (this.#active === active) return;
    this.#active = active;
    if (!active) this.#feed.close();
    if (this.#run === undefined) return;
    if (!active) this.#schedule();
    else {
      void this.subscribe();
      void this.#beat();
    }
  }

  /** Subscribes where the node has an open socket; the head is read after that, so that none falls in between. */
  async subscribe(): Promise<void> {
    const run = this.#run;
    if (run === undefined || !this.#active || !(await this.#feed.open())) return;
    if (run === this.#run && this.#active) await this.#read([questions.head]);
    else this.#feed.close();
  }

  /** Another node has a higher block: asks now, if this one's head has to be polled. */
  nudge(): void {
    if (this.#active && !this.#feed.alive) this.#pollAfter(pollGap(this.#deps.blockTimeMs()));
  }

  /**
   * Somebody has use for this node: where its head is asked for rarely, asks now, and resolves when it has answered or
   * failed to. Undefined where it is asked often anyway, or cannot be asked now.
   */
  lookAt(): Promise<void> | undefined {
    if (this.#active || this.#run === undefined) return undefined;
    if (!this.#polling && this.#pollAfter(LOOK_GAP) > LOOK_GAP) return undefined;
    this.#look ??= Promise.withResolvers();
    return this.#look.promise;
  }

  /** Plans to ask for the head as soon as `gap` ms have passed since it last was; gives the ms until then. */
  #pollAfter(gap: number): number {
    const { clock, upstream } = this.#deps;
    if (this.#run === undefined || this.#polling || clock.now() < upstream.stats.limitedUntil) return Infinity;
    const wait = this.#lastPoll + Math.max(gap, this.#sparedMs) - clock.now();
    this.#plan(wait);
    return wait;
  }

  get #sparedMs(): number {
    const { intervalMs, upstream } = this.#deps;
    return sparedMs(this.#lastItems, upstream.stats.callsPerSecond, intervalMs);
  }

  async #beat(): Promise<void> {
    this.#lastBeat = this.#deps.clock.now();
    const asked = this.vitals.asked();
    const outcomes = await this.#read([questions.head, ...asked.map(questionFor)]);
    if (outcomes === undefined) return;
    this.vitals.take(asked, outcomes.slice(1));
    this.#events.changed();
  }

  /** Asks questions of which the first is for the head, takes that, and plans the next. */
  async #read(requests: readonly UpstreamRequest[]): Promise<readonly Outcome[] | undefined> {
    const run = this.#run;
    const sentAt = this.#deps.clock.now();
    this.#lastPoll = sentAt;
    this.#lastItems = requests.length;
    this.#polling = true;
    const outcomes = await this.#deps.probe(requests);
    this.#polling = false;
    if (run !== undefined && run === this.#run) this.#takePolled(outcomes[0], sentAt);
    this.#look?.resolve();
    this.#look = undefined;
    if (run !== this.#run) return undefined;
    this.#schedule();
    return outcomes;
  }

  #takePolled(outcome: Outcome | undefined, sentAt: number): void {
    const header = headerIn(outcome);
    if (header === undefined) {
      const failed = outcome?.kind === 'failed' ? outcome : undefined;
      // A spent budget says nothing about the node's health; that its head stands still is told elsewhere.
      if (outcome?.kind === 'cancelled' || failed?.failure === 'rate_limited') return;
      this.#events.missed(failed?.message ?? 'it answers no latest block');
      return;
    }
    this.#events.answered();
    if (this.#feed.compare(header.hash) === 'silent') void this.subscribe();
    // A head pushed since the question was sent is newer than the answer.
    const overtaken = this.#lastPush > sentAt && this.head !== undefined && header.number <= this.head.number;
    if (!overtaken) this.#take(header, 'poll');
  }

  #pushed(header: Header): void {
    if (this.#run === undefined) return;
    this.#lastPush = this.#deps.clock.now();
    this.#take(header, 'feed');
  }

  #take(header: Header, via: 'feed' | 'poll'): void {
    if (header.hash === this.head?.hash || !this.#events.head(header, via)) return;
    this.head = header;
    this.#movedAt = this.#deps.clock.now();
    this.#events.changed();
  }

  #schedule(): void {
    const { clock, intervalMs, blockTimeMs, upstream } = this.#deps;
    const now = clock.now();
    const next = nextPoll({
      now,
      intervalMs,
      blockTimeMs: blockTimeMs(),
      lastBeat: this.#lastBeat,
      lastPoll: this.#lastPoll,
      movedAt: this.#movedAt,
      fed: this.#feed.alive,
      active: this.#active,
      limitedUntil: upstream.stats.limitedUntil,
      sparedMs: this.#sparedMs,
    });
    this.#plan(next - now);
  }

  /** The one question that is planned; planning another replaces it. */
  #plan(ms: number): void {
    const { clock, intervalMs } = this.#deps;
    this.#timer?.cancel();
    this.#timer = clock.after(Math.max(0, ms), () => {
      const beatDue = clock.now() - this.#lastBeat >= beatMs(intervalMs, this.#active);
      void (beatDue ? this.#beat() : this.#read([questions.head]));
    });
  }
}
