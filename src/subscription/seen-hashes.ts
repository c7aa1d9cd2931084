import type { Clock } from '../lib/clock.ts';

export interface SeenHashesOptions {
  /** Hashes remembered at most; the oldest make room. */
  readonly most: number;
  /** Ms after which one is forgotten. */
  readonly ttlMs: number;
}

/** Hashes that were seen lately. */
export class SeenHashes {
  readonly #options: SeenHashesOptions;
  readonly #clock: Clock;
  /** When each was first seen; oldest first. */
  readonly #seen = new Map<string, number>();

  constructor(options: SeenHashesOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  get size(): number {
    return this.#seen.size;
  }

  has(hash: string): boolean {
    this.#expire();
    return this.#seen.has(hash);
  }

  /** False if it was seen before. */
  add(hash: string): boolean {
    this.#expire();
    if (this.#seen.has(hash)) return false;
    this.#seen.set(hash, this.#clock.now());
    return true;
  }

  #expire(): void {
    const { most, ttlMs } = this.#options;
    const now = this.#clock.now();
    for (const [hash, at] of this.#seen) {
      if (this.#seen.size < most && now - at < ttlMs) return;
      this.#seen.delete(hash);
    }
  }
}
