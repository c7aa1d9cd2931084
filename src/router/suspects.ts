import { createHash } from 'node:crypto';
import type { Call } from '../core/call.ts';
import { BoundedMap } from '../lib/bounded-map.ts';
import type { Clock } from '../lib/clock.ts';

/** Ms for which calls are held back in whose like a node's connection died, the first time and from then on. */
const FIRST_HOLD = 2_000;
const HOLD = 30_000;
/** Ms after which a death is forgotten. */
const MEMORY = 120_000;
/** Calls remembered at once; the oldest makes room. */
const CALLS = 1_000;

interface Suspicion {
  readonly deaths: number;
  /** Nobody may ask the like before this (monotonic ms). */
  until: number;
  readonly forgottenAt: number;
}

/**
 * Costly calls in the middle of which a node's connection died. One such call can take a node down, and its like, sent
 * again by a client that got no answer, the whole pool; so the like of it is held back, and then let through one at a time
 * until one is answered.
 */
export class Suspects {
  readonly #clock: Clock;
  readonly #suspicions = new BoundedMap<string, Suspicion>(CALLS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** False while nothing is suspected. */
  get any(): boolean {
    return this.#suspicions.size > 0;
  }

  /** Ms for which this call has to be held back; 0 lets it through, and holds its like back meanwhile. */
  heldMs(call: Call): number {
    if (!this.any || !call.spec.costly) return 0;
    const now = this.#clock.now();
    const key = keyOf(call);
    const suspicion = this.#suspicions.get(key);
    if (suspicion === undefined) return 0;
    if (suspicion.forgottenAt <= now) {
      this.#suspicions.delete(key);
      return 0;
    }
    if (suspicion.until > now) return suspicion.until - now;
    suspicion.until = now + holdOf(suspicion.deaths);
    return 0;
  }

  /** The connection died while the node had this call. */
  died(call: Call): void {
    if (!call.spec.costly) return;
    const now = this.#clock.now();
    const key = keyOf(call);
    const deaths = (this.#suspicions.get(key)?.deaths ?? 0) + 1;
    this.#suspicions.set(key, { deaths, until: now + holdOf(deaths), forgottenAt: now + MEMORY });
  }

  /** A node lived to answer this call. */
  survived(call: Call): void {
    if (this.any && call.spec.costly) this.#suspicions.delete(keyOf(call));
  }
}

const holdOf = (deaths: number): number => (deaths === 1 ? FIRST_HOLD : HOLD);

/** Params may be megabytes. */
const keyOf = ({ method, params }: Call): string => `${method} ${createHash('sha1').update(params).digest('base64')}`;
