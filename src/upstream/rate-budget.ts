import { FadingCount } from '../lib/moving-average.ts';

export interface RateBudgetOptions {
  /** Calls per second at most, whatever was learned; undefined: as many as the node takes. */
  readonly requestsPerSecond: number | undefined;
}

/** Ms over which the present rate is measured, and within which several refusals are one lesson. */
const WINDOW = 1_000;
/** Of the rate at which a node refused, what it is asked from then on. */
const CUT = 0.7;
/** Calls per second below which nothing is learned: a refusal of a first call says nothing of a rate. */
const LEAST = 5;
/**
 * Ms in which a learned rate is back where the node refused. It grows fast at first, hardly any more near that point, and
 * then ever faster: the curve of TCP's CUBIC (RFC 9438). So a node that has a limit is held close below it and refuses once
 * in nearly twice this time; one that refused for a passing reason is soon asked as much as before.
 */
const RECOVERY = 4_000;
/** Ms after which what was learned is forgotten. */
const FORGOTTEN = 150_000;
/** Calls that may come at once. Where more fit into a second, it is cut into parts, each with its share of them. */
const AT_ONCE = 20;
/** Ms for which the calls of a second are reckoned: what leaves at its ends may arrive closer together. */
const SECOND = 1_100;
/** Ms of other calls' turns that the gateway's own questions may use up: they never wait, and never stop the rest. */
const DEEPEST_DEBT = 5_000;

/**
 * Spreads the calls to one node so that no second has more of them than it takes: the configured rate, or less where it
 * has refused. A learned rate is a guess and bends where a call would wait too long; the configured one does not.
 */
export class RateBudget {
  readonly #ceiling: number;
  readonly #asked = new FadingCount(WINDOW);
  #learned: { readonly rate: number; readonly at: number } | undefined;
  /** The last turns that were taken, in ms, earliest first: as many as may come at once. */
  readonly #turns: number[] = [];
  /** Turns that were given back, in ms, earliest first: as many at most as were taken and have not come. */
  readonly #spare: number[] = [];

  constructor({ requestsPerSecond }: RateBudgetOptions) {
    this.#ceiling = requestsPerSecond ?? Number.POSITIVE_INFINITY;
  }

  /** Calls per second that the node is asked at most; infinite where nothing is known. */
  rateAt(now: number): number {
    if (this.#learned === undefined) return this.#ceiling;
    const { rate, at } = this.#learned;
    if (now - at < FORGOTTEN) return Math.min(this.#ceiling, (rate / CUT) * recovered(now - at));
    this.#learned = undefined;
    return this.#ceiling;
  }

  /** Ms until a call's turn comes. */
  waitMs(now: number): number {
    return Math.min(this.#dueIn(now), this.#spareIn(now));
  }

  /** Takes a turn, and says in how many ms it comes; undefined, and none taken, where that is more than `patience`. */
  reserve(now: number, patience: number): number | undefined {
    const due = this.#dueIn(now);
    const wait = Math.min(due, this.#spareIn(now));
    if (wait > patience && this.#ceiling !== Number.POSITIVE_INFINITY) return undefined;
    this.#asked.add(now);
    if (wait > patience) return 0;
    if (wait < due) this.#spare.shift();
    else this.#take(now + wait);
    return wait;
  }

  /** A turn that was taken will not be used; `turn` is when it would have come. */
  giveBack(turn: number): void {
    this.#spare.splice(this.#spare.findLastIndex((other) => other <= turn) + 1, 0, turn);
  }

  /** Counts what was asked without waiting for a turn. */
  spend(items: number, now: number): void {
    const latest = Math.max(now + DEEPEST_DEBT, this.#last(now));
    for (let item = 0; item < items; item += 1) {
      this.#asked.add(now);
      this.#take(Math.min(now + this.#dueIn(now), latest));
    }
  }

  /** The node said that it is asked too often. */
  refused(now: number): void {
    if (this.#learned !== undefined && now - this.#learned.at < WINDOW) return;
    const rate = Math.min(this.#asked.at(now), this.rateAt(now));
    this.#learned = { rate: Math.max(LEAST, rate * CUT), at: now };
  }

  /** Ms until the next turn that was never taken. */
  #dueIn(now: number): number {
    const rate = this.rateAt(now);
    if (rate === Number.POSITIVE_INFINITY) return 0;
    const { calls, ms } = partOf(rate, this.#ceiling);
    const earlier = this.#turns.at(-calls);
    const free = earlier === undefined ? now : earlier + ms;
    return Math.max(0, free - now, this.#last(now) - now);
  }

  /** Ms until the next turn that was given back; infinite where there is none. */
  #spareIn(now: number): number {
    while ((this.#spare[0] ?? now) < now) this.#spare.shift();
    return (this.#spare[0] ?? Number.POSITIVE_INFINITY) - now;
  }

  #last(now: number): number {
    return this.#turns.at(-1) ?? now;
  }

  #take(turn: number): void {
    this.#turns.push(turn);
    if (this.#turns.length > AT_ONCE) this.#turns.shift();
  }
}

/** Share of the rate at which a node refused that it is asked again `elapsed` ms later. */
const recovered = (elapsed: number): number => 1 - (1 - CUT) * (1 - elapsed / RECOVERY) ** 3;

/**
 * Into what a second is cut: how many calls may come at once, and in how many ms no more may. Under a ceiling it alone
 * decides how many parts there are, so that no two rates that are learned one after the other let more through than it does.
 */
const partOf = (rate: number, ceiling: number): { readonly calls: number; readonly ms: number } => {
  const guessed = ceiling === Number.POSITIVE_INFINITY;
  const parts = Math.ceil((guessed ? rate : ceiling) / AT_ONCE);
  const calls = Math.max(1, Math.floor(rate / parts));
  return { calls, ms: guessed || rate < parts ? (SECOND * calls) / rate : SECOND / parts };
};
