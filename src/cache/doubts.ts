/** Upstreams doubted at once; DNS may bring ever new ones. */
const UPSTREAMS = 1000;

/** Whom not to believe: an upstream's name, or `EVERYBODY`. */
export type Doubted = string;

/** No upstream has an empty name. */
export const EVERYBODY: Doubted = '';

/** Up to when nothing is believed that was said. Times are in ms since the Unix epoch. */
export class Doubts {
  readonly #until = new Map<Doubted, number>();

  /** Believes nothing that was asked for up to `until`. True if that was news. */
  add(doubted: Doubted, until: number): boolean {
    if (until <= (this.#until.get(doubted) ?? 0)) return false;
    // Rather than forget one of them, nobody is believed.
    if (this.#until.size >= UPSTREAMS && !this.#until.has(doubted)) {
      const last = Math.max(until, ...this.#until.values());
      this.#until.clear();
      this.#until.set(EVERYBODY, last);
    }
    this.#until.set(doubted, until);
    return true;
  }

  /** Whether what was asked of an upstream at `askedAt` is not to be believed. */
  cover(upstream: string | undefined, askedAt: number): boolean {
    const everybody = this.#until.get(EVERYBODY) ?? 0;
    return askedAt <= Math.max(everybody, upstream === undefined ? 0 : (this.#until.get(upstream) ?? 0));
  }

  [Symbol.iterator](): MapIterator<[Doubted, number]> {
    return this.#until.entries();
  }
}
