import type { MethodSpec } from '../ethereum/methods.ts';
import { SlidingQuantile } from '../lib/quantile.ts';
import { RatioBudget } from '../lib/ratio-budget.ts';

export interface HedgeOptions {
  /** Of a method's own latencies, after which a second attempt is worth its cost; 0 to 1. */
  readonly quantile: number;
  /** Bounds of the delay, in ms. */
  readonly min: number;
  readonly max: number;
  /** Hedges as a share of calls. */
  readonly budget: number;
}

const WINDOW = 128;
const BURST = 20;

/** When to ask a second node beside a slow one, and how often that may happen. */
export class Hedging {
  readonly #options: HedgeOptions;
  readonly #latencies = new Map<string, SlidingQuantile>();
  /** Of all methods together: what is expected of one that has been asked but a few times. */
  readonly #all: SlidingQuantile;
  readonly #budget: RatioBudget;

  constructor(options: HedgeOptions) {
    this.#options = options;
    this.#all = new SlidingQuantile(WINDOW, options.quantile);
    this.#budget = new RatioBudget(options.budget, options.budget > 0 ? BURST : 0);
  }

  /** Ms to wait before a hedge. Undefined for what must not run twice: writes, and costly calls, which one node at a time has to bear. */
  delay(spec: MethodSpec): number | undefined {
    if (spec.write || !spec.idempotent || spec.costly) return undefined;
    const { min, max } = this.#options;
    return Math.min(max, Math.max(min, this.#latencies.get(label(spec))?.value ?? this.#all.value ?? max));
  }

  /** A call began: it earns its share of a hedge. */
  called(): void {
    this.#budget.earn();
  }

  answered(spec: MethodSpec, latencyMs: number): void {
    const key = label(spec);
    let latencies = this.#latencies.get(key);
    if (latencies === undefined) {
      latencies = new SlidingQuantile(WINDOW, this.#options.quantile);
      this.#latencies.set(key, latencies);
    }
    latencies.add(latencyMs);
    this.#all.add(latencyMs);
  }

  take(): boolean {
    return this.#budget.take();
  }
}

/** Methods outside the table share one entry, so that invented names cost no memory. */
const label = (spec: MethodSpec): string => (spec.known ? spec.name : 'other');
