import type { Outcome } from '../core/outcome.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Identity, Upstream, UpstreamRequest } from '../upstream/upstream.ts';
import type { Header } from './header.ts';
import { HeadReader } from './head-reader.ts';
import { Misses } from './misses.ts';
import { headerIn } from './probe-answers.ts';
import type { Vitals } from './vitals.ts';

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
  readonly blockTimeMs: () => number;
}

/** What a tracker tells. */
export interface TrackerEvents {
  /** It told who it is, or could not be asked; `admit` is awaited. */
  identified(): void;
  /** A head of its own, as `HeadReaderEvents.head` has it. */
  head(header: Header, via: 'feed' | 'poll'): boolean;
  /** Something about it changed. */
  changed(): void;
}

/** Heartbeats between two questions to a node of another chain. */
const rarely = 15;
/** A question is given at least this long, however short the heartbeat. */
const shortestTimeoutMs = 1000;

/** Watches one node for as long as it lives: asks who it is, after every lost connection anew, and then for its head. */
export class Tracker {
  readonly upstream: Upstream;
  /** `failed` once it could not be asked; undefined before. */
  identity: Identity | 'failed' | undefined;
  client = '';
  /** Its chain id and genesis were asked over the present connection, and are right. */
  admitted = false;
  /** Why it is of another chain. */
  wrongChain: string | undefined;
  /** Why it cannot be reached, in words. */
  trouble: string | undefined;
  /** Its connection was just lost, and its head has not been read again, nor has the question failed. */
  awaited = false;
  readonly #options: TrackerOptions;
  readonly #deps: TrackerDeps;
  readonly #events: TrackerEvents;
  readonly #timeoutMs: number;
  readonly #misses: Misses;
  readonly #reader: HeadReader;
  readonly #stopListening: readonly (() => void)[];
  /** Counts lost connections: who a node was before one says nothing about who it is after it. */
  #losses = 0;
  #asking = false;
  /** It has told who it is, and the chain has not said what to make of it. */
  #judging = false;
  #lastAsk = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #closed = false;

  constructor(upstream: Upstream, options: TrackerOptions, deps: TrackerDeps, events: TrackerEvents) {
    const { clock, random, blockTimeMs } = deps;
    const { intervalMs } = options;
    this.upstream = upstream;
    this.#options = options;
    this.#deps = deps;
    this.#events = events;
    this.#timeoutMs = Math.min(options.timeoutMs, Math.max(shortestTimeoutMs, intervalMs));
    this.#misses = new Misses(clock, random, intervalMs);
    this.#reader = new HeadReader(
      { upstream, clock, intervalMs, blockTimeMs, probe: (requests) => this.#probe(requests) },
      {
        head: (header, via) => {
          this.awaited = false;
          return events.head(header, via);
        },
        changed: () => events.changed(),
        answered: () => this.#answered(),
        missed: (why) => this.#missed(why),
      },
    );
    this.#stopListening = [
      upstream.onLost((why) => this.#lost(why)),
      upstream.onOpen(() => this.#opened()),
      upstream.onBreaker(() => events.changed()),
    ];
  }

  /** Heartbeats missed in a row. */
  get missed(): number {
    return this.#misses.count;
  }

  /** The newest head it told since it was let in. */
  get head(): Header | undefined {
    return this.#reader.head;
  }

  get vitals(): Vitals {
    return this.#reader.vitals;
  }

  start(): void {
    void this.#ask();
  }

  /** A node whose tier neither votes nor serves is asked rarely. */
  setActive(active: boolean): void {
    this.#reader.setActive(active);
  }

  /** The chain's answer to `identified`: why the node is of another chain, or undefined to let it in. */
  admit(wrong: string | undefined): void {
    if (!this.#judging && wrong === this.wrongChain) return;
    this.#judging = false;
    this.wrongChain = wrong;
    if (wrong === undefined) {
      this.admitted = true;
      this.#reader.start();
    } else {
      this.awaited = false;
      this.#forget();
      this.#askIn(this.#options.intervalMs * rarely);
    }
  }

  /** Another node has a higher block. */
  nudge(): void {
    this.#reader.nudge();
  }

  /** A call needs a newer head of the node than is known: resolves when it was asked for; undefined where it is not. */
  lookAt(): Promise<void> | undefined {
    return this.#reader.lookAt();
  }

  /** Reads headers at the node; undefined for each that it does not have. */
  async headers(requests: readonly UpstreamRequest[]): Promise<readonly (Header | undefined)[]> {
    const outcomes = await this.#probe(requests);
    return outcomes.map((outcome) => headerIn(outcome));
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#reader.stop();
    for (const stop of this.#stopListening) stop();
  }

  async #ask(): Promise<void> {
    if (this.#asking || this.#closed) return;
    this.#asking = true;
    const losses = this.#losses;
    this.#lastAsk = this.#deps.clock.now();
    const answer = await this.#deps.identify(this.upstream, this.#timeoutMs);
    this.#asking = false;
    if (this.#closed) return;
    if ('failed' in answer) {
      this.#misses.add();
      this.#fail(answer.failed);
    } else if (losses === this.#losses) {
      this.trouble = undefined;
      this.identity = answer;
      this.client = answer.client;
      this.#judging = true;
      this.#misses.answered();
    } else {
      this.#askIn(this.#misses.nextRetryMs());
      return;
    }
    this.#events.identified();
  }

  /** Nothing is known of it any more, and it is asked again, for ever. */
  #fail(why: string): void {
    this.#forget();
    this.awaited = false;
    this.identity = 'failed';
    this.trouble = why;
    this.#askIn(this.#misses.nextRetryMs());
  }

  #askIn(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.after(ms, () => void this.#ask());
  }

  #forget(): void {
    this.admitted = false;
    this.#reader.stop();
  }

  #answered(): void {
    this.#misses.answered();
    this.trouble = undefined;
  }

  #missed(why: string): void {
    this.#misses.add();
    this.awaited = false;
    this.trouble = why;
    if (this.missed >= this.#options.missed) this.#fail(why);
    this.#events.changed();
  }

  #lost(why: string): void {
    if (this.#closed) return;
    this.#losses++;
    // One that is waited for already is known to be in trouble, and its next question planned.
    if (this.identity === 'failed') return;
    this.awaited ||= this.admitted;
    this.#forget();
    this.identity = undefined;
    this.trouble = why;
    this.#askIn(this.#misses.pauseMs(this.#lastAsk));
    this.#events.changed();
  }

  /** A new socket may lead to another node: it has to tell again who it is, and serves on meanwhile. */
  #opened(): void {
    void this.#ask();
    void this.#reader.subscribe();
  }

  #probe(requests: readonly UpstreamRequest[]): Promise<readonly Outcome[]> {
    return this.upstream.probe(requests, this.#timeoutMs);
  }
}
