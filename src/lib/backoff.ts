export interface BackoffOptions {
  /** Ms that the first wait may last at most. */
  readonly initial: number;
  /** Ms that no wait exceeds. */
  readonly max: number;
}

/**
 * Waits that double from try to try, each drawn at random between half and all of its length, so that many who lost
 * the same peer at once do not return at once.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #ceiling: number;

  /** `random` gives 0 up to, not including, 1. */
  constructor(options: BackoffOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
    this.#ceiling = options.initial;
  }

  /** Ms to wait before the next try. */
  next(): number {
    const ceiling = Math.min(this.#ceiling, this.#options.max);
    this.#ceiling = ceiling * 2;
    return ceiling * (0.5 + this.#random() / 2);
  }

  /** The peer is well again: the next wait is a first one. */
  reset(): void {
    this.#ceiling = this.#options.initial;
  }
}
