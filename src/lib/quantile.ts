/** Keeps the last `size` samples and tells their quantile; recomputed now and then, since it is read far more often. */
export class SlidingQuantile {
  readonly #samples: Float64Array;
  readonly #quantile: number;
  #count = 0;
  #stale = 0;
  #value: number | undefined;

  constructor(size: number, quantile: number) {
    this.#samples = new Float64Array(size);
    this.#quantile = quantile;
  }

  add(sample: number): void {
    this.#samples[this.#count % this.#samples.length] = sample;
    this.#count += 1;
    this.#stale += 1;
  }

  /** Undefined before the first few samples: a quantile of two is a guess. */
  get value(): number | undefined {
    const filled = Math.min(this.#count, this.#samples.length);
    if (filled < 10) return undefined;
    if (this.#value === undefined || this.#stale * 8 >= filled) {
      const sorted = this.#samples.slice(0, filled).sort();
      this.#value = sorted[Math.min(filled - 1, Math.floor(filled * this.#quantile))];
      this.#stale = 0;
    }
    return this.#value;
  }
}
