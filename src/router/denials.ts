import type { Call } from '../core/call.ts';
import { BoundedMap } from '../lib/bounded-map.ts';
import type { Clock } from '../lib/clock.ts';

/** Look-ups remembered at once; the oldest makes room. */
const MOST = 10_000;
/** Bytes of the params of a look-up at most that is remembered: a hash and a little more. */
const LONGEST = 256;
/** Ms for which a denial counts, where the head stands still for longer. */
const LASTS = 15_000;
/** The same of a transaction, which nodes come to know of without a block. */
const LASTS_PENDING = 1_000;

/**
 * What nodes of a higher tier answered with `null` since the published head last moved. Whoever looks for the same again
 * has the lower tier asked again, which is free; to ask those who are paid once a head is enough.
 */
export class Denials {
  readonly #clock: Clock;
  /** Hash of the head that they count for. */
  #head = '';
  /** Look-up by look-up, oldest first, those who know of no such thing, and until when. */
  readonly #denied = new BoundedMap<string, { readonly names: Set<string>; readonly until: number }>(MOST);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(call: Call, upstream: string): void {
    const key = keyOf(call);
    const head = call.head?.latest.hash;
    if (key === undefined || head === undefined) return;
    if (head !== this.#head) this.#denied.clear();
    this.#head = head;
    const names = this.#named(key);
    if (names !== undefined) {
      names.add(upstream);
      return;
    }
    const lasts = call.method === 'eth_getTransactionByHash' ? LASTS_PENDING : LASTS;
    this.#denied.set(key, { names: new Set([upstream]), until: this.#clock.now() + lasts });
  }

  has(call: Call, upstream: string): boolean {
    if (this.#head !== call.head?.latest.hash) return false;
    const key = keyOf(call);
    return key !== undefined && (this.#named(key)?.has(upstream) ?? false);
  }

  #named(key: string): Set<string> | undefined {
    const denied = this.#denied.get(key);
    return denied !== undefined && this.#clock.now() < denied.until ? denied.names : undefined;
  }
}

/** Undefined for what is not remembered. */
const keyOf = ({ method, params }: Call): string | undefined =>
  params.length > LONGEST ? undefined : `${method} ${params.toString('latin1')}`;
