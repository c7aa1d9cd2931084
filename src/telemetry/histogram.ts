/** Upper bounds in seconds for a call: from a cache hit to a call that ran into its deadline. */
export const CALL_SECONDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5, 10];

/** Upper bounds in seconds between a block's first sighting and its publication. */
export const HEAD_DELAY_SECONDS: readonly number[] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16];

/** Upper bounds in blocks that a reorganisation undid. */
export const REORG_BLOCKS: readonly number[] = [1, 2, 3, 5, 8, 16, 32, 64, 128];

/** What a histogram shows: counts up to and including each bound, which end with the count of everything. */
export interface HistogramReading {
  readonly cumulative: readonly (readonly [bound: number, count: number])[];
  readonly sum: number;
  readonly count: number;
}

/** Observations sorted into buckets by their upper bound, as Prometheus has them. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket += 1;
    this.#counts[bucket]! += 1;
    this.#sum += value;
  }

  read(): HistogramReading {
    let count = 0;
    const cumulative = this.#counts.map((inBucket, index) => {
      count += inBucket;
      return [this.#bounds[index] ?? Number.POSITIVE_INFINITY, count] as const;
    });
    return { cumulative, sum: this.#sum, count };
  }
}
