import type { Clock } from '../lib/clock.ts';

/** How long a refusal is remembered, in ms: a node may be upgraded, a plan may be paid. */
const MEMORY = 10 * 60_000;
const METHODS = 256;

/** What upstreams were found not to offer, forgotten after a while. */
export class Learned {
  readonly #clock: Clock;
  readonly #missing = new Map<string, Map<string, number>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The upstream said that it does not have the method. */
  lacks(upstream: string, method: string): void {
    let methods = this.#missing.get(upstream);
    if (methods === undefined) {
      methods = new Map();
      this.#missing.set(upstream, methods);
    }
    if (methods.size >= METHODS) methods.clear();
    methods.set(method, this.#clock.now() + MEMORY);
  }

  /** Words if the upstream is known not to have the method. */
  missing(upstream: string, method: string): string | undefined {
    const until = this.#missing.get(upstream)?.get(method);
    return until !== undefined && until > this.#clock.now() ? `has refused ${method} as unknown` : undefined;
  }

  /** The node may have become another one: nothing learned of it holds. */
  forget(upstream: string): void {
    this.#missing.delete(upstream);
  }
}
