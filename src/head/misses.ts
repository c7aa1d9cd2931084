import type { Clock } from '../lib/clock.ts';

const firstRetryMs = 100;
/** A heartbeat that comes a little early still counts as one. */
const slack = 0.9;

/** Heartbeats that a node has missed in a row, and when to try it again. */
export class Misses {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #intervalMs: number;
  #count = 0;
  #failures = 0;
  #lastMiss = Number.NEGATIVE_INFINITY;

  /** `random` gives 0 to 1. */
  constructor(clock: Clock, random: () => number, intervalMs: number) {
    this.#clock = clock;
    this.#random = random;
    this.#intervalMs = intervalMs;
  }

  get count(): number {
    return this.#count;
  }

  /** One for each heartbeat that goes by, however often the node is asked in between. */
  add(): void {
    const now = this.#clock.now();
    if (now - this.#lastMiss < slack * this.#intervalMs) return;
    this.#lastMiss = now;
    this.#count++;
  }

  answered(): void {
    this.#count = 0;
    this.#failures = 0;
  }

  /** Ms until the next try: soon at first, then once each heartbeat, so that a node that comes back is known within one. */
  nextRetryMs(): number {
    const delay = Math.min(this.#intervalMs, firstRetryMs * 2 ** Math.min(16, this.#failures++));
    return delay * (0.8 + 0.2 * this.#random());
  }

  /** Ms to wait after `lastTry` (monotonic ms) so that losses in quick succession do not make a storm of questions. */
  pauseMs(lastTry: number): number {
    return Math.max(0, firstRetryMs - (this.#clock.now() - lastTry));
  }
}
