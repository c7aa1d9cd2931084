import type { Call } from '../core/call.ts';
import { BoundedMap } from '../lib/bounded-map.ts';
import type { Clock } from '../lib/clock.ts';

/** Look-ups remembered at once; the oldest makes room. */
const MOST = 10_000;
/** Bytes of the params of a look-up at most that is remembered: a hash and a little more. */
const LONGEST = 256;
/** Ms for which a denial counts, where the head stands still for longer: transactions come without a block, too. */
const LASTS = 15_000;

/**
 * What nodes of a higher tier answered with `null` since the published head last moved. Whoever looks for the same again
 * has the lower tier asked again, which is free; to ask those who are paid once a head is enough.
 */
export class Denials {
  readonly #clock: Clock;
  /** Hash of the head that they count for. */
  #head = '';
  #until = 0;
  /** Look-up by look-up, oldest first, those who know of no such thing. */
  readonly #denied = new BoundedMap<string, Set<string>>(MOST);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(call: Call, upstream: string): void {
    const key = keyOf(call);
    const head = call.head?.latest.hash;
    if (key === undefined || head === undefined) return;
    if (head !== this.#head || this.#clock.now() >= this.#until) {
      this.#denied.clear();
      this.#head = head;
      this.#until = this.#clock.now() + LASTS;
    }
    const denied = this.#denied.get(key) ?? new Set();
    denied.add(upstream);
    this.#denied.set(key, denied);
  }

  has(call: Call, upstream: string): boolean {
    if (this.#head !== call.head?.latest.hash || this.#clock.now() >= this.#until) return false;
    const key = keyOf(call);
    return key !== undefined && (this.#denied.get(key)?.has(upstream) ?? false);
  }
}

/** Undefined for what is not remembered. */
const keyOf = ({ method, params }: Call): string | undefined =>
  params.length > LONGEST ? undefined : `${method} ${params.toString('latin1')}`;
