/** The share of a value that is left after `elapsed`, when it shrinks to 1/e in each `constant`. */
const decay = (elapsed: number, constant: number): number => Math.exp(-Math.max(0, elapsed) / constant);

/**
 * An average that believes bad news at once: a sample above it becomes the average, samples below pull it down over
 * `constant` ms. The peak-sensitive EWMA of Finagle's and Linkerd's balancers.
 */
export class PeakAverage {
  readonly #constant: number;
  #value: number | undefined;
  #at = 0;

  constructor(constant: number) {
    this.#constant = constant;
  }

  /** Undefined before the first sample. */
  get value(): number | undefined {
    return this.#value;
  }

  add(sample: number, now: number): void {
    const before = this.#value;
    if (before === undefined || sample >= before) this.#value = sample;
    else {
      const weight = decay(now - this.#at, this.#constant);
      this.#value = before * weight + sample * (1 - weight);
    }
    this.#at = now;
  }
}

/** Counts events and forgets them slowly: each one fades to 1/e within `constant` ms. A window without edges. */
export class FadingCount {
  readonly #constant: number;
  #value = 0;
  #at = 0;

  constructor(constant: number) {
    this.#constant = constant;
  }

  add(now: number): void {
    this.#value = this.at(now) + 1;
    this.#at = now;
  }

  at(now: number): number {
    return this.#value * decay(now - this.#at, this.#constant);
  }

  clear(): void {
    this.#value = 0;
  }
}
