import type { Outcome } from '../core/outcome.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Identity, Upstream, UpstreamRequest } from '../upstream/upstream.ts';
import type { Header } from './header.ts';
import { HeadFeed } from './head-feed.ts';
import { Misses } from './misses.ts';
import { nextPoll, pollGap } from './polling.ts';
import { headerIn, questions } from './probe-answers.ts';
import { questionFor, Vitals } from './vitals.ts';

/** How a node is watched; times in ms. */
export interface TrackerOptions {
  /** Time between two heartbeats. */
  readonly intervalMs: number;
  /** Heartbeats missed in a row after which a node has to tell again who it is. */
  readonly missed: number;
  /** How long one question may take at most; a heartbeat is missed when it is not answered by the next one. */
  readonly timeoutMs: number;
}

/** What a tracker stands on. */
export interface TrackerDeps {
  readonly clock: Clock;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  readonly identify: (upstream: Upstream, timeoutMs: number) => Promise<Identity | { readonly failed: string }>;
  /** Counts questions asked. */
  readonly probed: (items: number) => void;
  readonly blockTimeMs: () => number;
}

/** What a tracker tells. */
export interface TrackerEvents {
  /** It told who it is, or could not be asked; `admit` is awaited. */
  identified(): void;
  /**
   * A head of its own. A polled one is what it stands on now; a pushed one may come late or twice, and is not taken for
   * its head where the answer is false.
   */
  head(header: Header, via: 'feed' | 'poll'): boolean;
  /** Something else about it changed. */
  changed(): void;
}

/** Heartbeats between two questions to a node of another chain. */
const rarely = 15;
/** A question is given at least this long, however short the heartbeat. */
const shortestTimeoutMs = 1000;
/** Chain id, genesis, client version. */
const identityItems = 3;

/** Watches one node: asks who it is, then for its head, sync state and peers, for as long as it lives. */
export class Tracker {
  readonly upstream: Upstream;
  readonly #options: TrackerOptions;
  readonly #deps: TrackerDeps;
  readonly #events: TrackerEvents;
  readonly #feed: HeadFeed;
  readonly #misses: Misses;
  readonly #timeoutMs: number;
  readonly #stopListening: readonly (() => void)[];

  /** `failed` once it could not be asked; undefined before. */
  identity: Identity | 'failed' | undefined;
  client = '';
  /** Its chain id and genesis were asked over the present connection, and are right. */
  admitted = false;
  /** Why it is of another chain. */
  wrongChain: string | undefined;
  /** Why it cannot be reached, in words. */
  trouble: string | undefined;
  /** Its connection was just lost, and the first question over a new one is not answered yet. */
  awaited = false;
  /** The newest head it told since it was last reached. */
  head: Header | undefined;
  readonly vitals = new Vitals();

  #active = true;
  #closed = false;
  /** Answers to questions of an older epoch are about a connection that is gone. */
  #epoch = 0;
  #asking = false;
  /** It has told who it is, and the chain has not said what to make of it. */
  #judging = false;
  #polling = false;
  #timer: Timer | undefined;
  #lastAsk = Number.NEGATIVE_INFINITY;
  #lastBeat = Number.NEGATIVE_INFINITY;
  #lastPoll = Number.NEGATIVE_INFINITY;
  #lastPush = Number.NEGATIVE_INFINITY;
  #movedAt = Number.NEGATIVE_INFINITY;

  constructor(upstream: Upstream, options: TrackerOptions, deps: TrackerDeps, events: TrackerEvents) {
    this.upstream = upstream;
    this.#options = options;
    this.#deps = deps;
    this.#events = events;
    this.#misses = new Misses(deps.clock, deps.random, options.intervalMs);
    this.#timeoutMs = Math.min(options.timeoutMs, Math.max(shortestTimeoutMs, options.intervalMs));
    this.#feed = new HeadFeed(upstream, (header) => this.#pushed(header));
    this.#stopListening = [upstream.onLost((why) => this.#lost(why)), upstream.onOpen(() => this.#opened())];
  }

  /** Heartbeats missed in a row. */
  get missed(): number {
    return this.#misses.count;
  }

  start(): void {
    void this.#ask();
  }

  /** A node whose tier neither votes nor serves is asked rarely, and not subscribed to. */
  setActive(active: boolean): void {
    if (this.#active === active) return;
    this.#active = active;
    if (!active) this.#feed.close();
    if (!this.admitted) return;
    if (active) this.#resume();
    else this.#schedule();
  }

  /** The chain's answer to `identified`: why the node is of another chain, or undefined to let it in. */
  admit(wrong: string | undefined): void {
    if (!this.#judging && wrong === this.wrongChain) return;
    this.#judging = false;
    this.wrongChain = wrong;
    if (wrong !== undefined) {
      this.#forget();
      this.#in(this.#options.intervalMs * rarely, () => void this.#ask());
      return;
    }
    if (this.admitted) return;
    this.admitted = true;
    this.#resume();
  }

  /** Another node has a higher block: asks now, if this one's head has to be polled. */
  nudge(): void {
    if (!this.admitted || !this.#active || this.#feed.alive || this.#polling) return;
    if (this.#deps.clock.now() < this.upstream.stats.limitedUntil) return;
    const earliest = this.#lastPoll + pollGap(this.#deps.blockTimeMs());
    this.#in(Math.max(0, earliest - this.#deps.clock.now()), () => void this.#poll());
  }

  /** Reads headers at the node; undefined for each that it does not have. */
  async headers(requests: readonly UpstreamRequest[]): Promise<readonly (Header | undefined)[]> {
    const outcomes = await this.#probe(requests);
    return outcomes.map((outcome) => headerIn(outcome));
  }

  close(): void {
    this.#closed = true;
    this.#epoch++;
    this.#timer?.cancel();
    this.#feed.close();
    for (const stop of this.#stopListening) stop();
  }

  #resume(): void {
    void this.#subscribe();
    void this.#beat();
  }

  async #subscribe(): Promise<void> {
    if (!this.#active || !(await this.#feed.open())) return;
    if (this.admitted && this.#active) await this.#poll();
    else this.#feed.close();
  }

  async #ask(): Promise<void> {
    if (this.#asking || this.#closed) return;
    this.#asking = true;
    const epoch = this.#epoch;
    this.#lastAsk = this.#deps.clock.now();
    const answer = await this.#deps.identify(this.upstream, this.#timeoutMs);
    this.#asking = false;
    if (this.#closed) return;
    this.#deps.probed(identityItems);
    this.awaited = false;
    if ('failed' in answer) {
      this.#forget();
      this.#miss(answer.failed);
      this.identity = 'failed';
      this.#retry();
    } else if (epoch !== this.#epoch) {
      this.#retry();
      return;
    } else {
      this.#misses.answered();
      this.trouble = undefined;
      this.identity = answer;
      this.#judging = true;
      this.client = answer.client;
      if (this.admitted) this.#schedule();
    }
    this.#events.identified();
  }

  #retry(): void {
    this.#in(this.#misses.nextRetryMs(), () => void this.#ask());
  }

  #lost(why: string): void {
    if (this.#closed) return;
    this.#epoch++;
    // A node that is being asked, or waited for, is known to be in trouble already.
    if (!this.admitted && this.identity === 'failed') return;
    const known = this.admitted;
    this.#forget();
    this.identity = undefined;
    this.trouble = why;
    this.awaited ||= known;
    if (!this.#asking) {
      const pause = this.#misses.pauseMs(this.#lastAsk);
      if (pause === 0) void this.#ask();
      else this.#in(pause, () => void this.#ask());
    }
    this.#events.changed();
  }

  /** A new socket may lead to another node: it has to tell again who it is, and serves on meanwhile. */
  #opened(): void {
    if (this.#closed) return;
    void this.#ask();
    if (this.admitted) void this.#subscribe();
  }

  #forget(): void {
    this.admitted = false;
    this.head = undefined;
    this.vitals.forget();
    this.#feed.close();
  }

  #miss(why: string): void {
    this.trouble = why;
    this.#misses.add();
  }

  async #beat(): Promise<void> {
    this.#lastBeat = this.#deps.clock.now();
    const asked = this.vitals.asked();
    const outcomes = await this.#read([questions.head, ...asked.map(questionFor)]);
    if (outcomes === undefined) return;
    this.vitals.take(asked, outcomes.slice(1));
    this.#events.changed();
  }

  async #poll(): Promise<void> {
    await this.#read([questions.head]);
  }

  /** Asks questions of which the first is for the head, takes that, and plans the next. */
  async #read(requests: readonly UpstreamRequest[]): Promise<readonly Outcome[] | undefined> {
    const epoch = this.#epoch;
    const sentAt = this.#deps.clock.now();
    this.#lastPoll = sentAt;
    this.#polling = true;
    const outcomes = await this.#probe(requests);
    this.#polling = false;
    if (this.#closed || epoch !== this.#epoch || !this.admitted) return undefined;
    this.#takePolled(outcomes[0], sentAt);
    if (this.admitted) this.#schedule();
    return outcomes;
  }

  #takePolled(outcome: Outcome | undefined, sentAt: number): void {
    const header = headerIn(outcome);
    if (header === undefined) {
      this.#pollFailed(outcome);
      return;
    }
    this.#misses.answered();
    this.trouble = undefined;
    const silent = this.#feed.compare(header.hash) === 'silent';
    if (silent) void this.#subscribe();
    // A head pushed since the question was sent is newer than the answer.
    const overtaken = this.#lastPush > sentAt && this.head !== undefined && header.number <= this.head.number;
    if (!overtaken) this.#take(header, 'poll');
  }

  #pollFailed(outcome: Outcome | undefined): void {
    if (outcome?.kind === 'cancelled') return;
    // A spent budget says nothing about the node's health; that its head stands still is told elsewhere.
    if (outcome?.kind === 'failed' && outcome.failure === 'rate_limited') return;
    this.#miss(outcome?.kind === 'failed' ? outcome.message : 'it answers no latest block');
    if (this.missed >= this.#options.missed) {
      this.#forget();
      this.identity = 'failed';
      this.#retry();
    }
    this.#events.changed();
  }

  #pushed(header: Header): void {
    if (this.#closed || !this.admitted) return;
    this.#lastPush = this.#deps.clock.now();
    this.#take(header, 'feed');
  }

  #take(header: Header, via: 'feed' | 'poll'): void {
    if (header.hash === this.head?.hash || !this.#events.head(header, via)) return;
    this.head = header;
    this.#movedAt = this.#deps.clock.now();
    this.#events.changed();
  }

  #probe(requests: readonly UpstreamRequest[]): Promise<readonly Outcome[]> {
    this.#deps.probed(requests.length);
    return this.upstream.probe(requests, this.#timeoutMs);
  }

  #schedule(): void {
    const now = this.#deps.clock.now();
    const { intervalMs } = this.#options;
    const next = nextPoll({
      now,
      intervalMs,
      blockTimeMs: this.#deps.blockTimeMs(),
      lastBeat: this.#lastBeat,
      lastPoll: this.#lastPoll,
      movedAt: this.#movedAt,
      fed: this.#feed.alive,
      active: this.#active,
      limitedUntil: this.upstream.stats.limitedUntil,
    });
    this.#in(next - now, () => {
      const beatDue = this.#deps.clock.now() - this.#lastBeat >= intervalMs;
      void (beatDue ? this.#beat() : this.#poll());
    });
  }

  /** The one thing that is planned; planning another replaces it. */
  #in(ms: number, task: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#closed ? undefined : this.#deps.clock.after(Math.max(0, ms), task);
  }
}
