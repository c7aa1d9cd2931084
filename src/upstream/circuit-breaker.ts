import type { Clock } from '../lib/clock.ts';
import { FadingCount } from '../lib/moving-average.ts';

export interface BreakerOptions {
  /** Faults in a row that open it. */
  readonly consecutive: number;
  /** Share of faults, 0 to 1, that opens it once `volume` attempts are in the window. */
  readonly share: number;
  readonly volume: number;
  /** Time constant of the window, in ms. */
  readonly window: number;
  /** Ms that it stays open the first time, and then until a probe goes well; doubles with each relapse, up to `maxCooldown`. */
  readonly cooldown: number;
  readonly maxCooldown: number;
  /** Ms after closing in which opening again is a relapse. */
  readonly relapse: number;
  /** Good probes in a row, over a cooldown at least, that close it where no client calls. */
  readonly probes: number;
}

export const breakerDefaults: BreakerOptions = {
  consecutive: 5,
  share: 0.5,
  volume: 20,
  window: 10_000,
  cooldown: 1_000,
  // With the probe that follows, less than a block of the main net: where all nodes of a pool failed for long, it is back
  // within one. A trial costs one call an attempt.
  maxCooldown: 8_000,
  relapse: 60_000,
  probes: 10,
};

/** What the rule looks at. */
export interface FaultRecord {
  /** Faults since the last success. */
  readonly consecutive: number;
  readonly faults: number;
  readonly attempts: number;
}

/** Whether a node with this record should be left alone for a while. */
export const tooManyFaults = (rule: BreakerOptions, record: FaultRecord): boolean =>
  record.consecutive >= rule.consecutive ||
  (record.attempts >= rule.volume && record.faults >= rule.share * record.attempts);

/** Leave for one call; whoever has it hands it back with what became of the call. */
export interface Leave {
  readonly trial: boolean;
}

const plainLeave: Leave = { trial: false };

type State =
  /** Until `wary` (monotonic ms) opening doubles the `last` cooldown. Proven once a client's call went well. */
  | { readonly kind: 'closed'; readonly last: number; readonly wary: number; readonly proven: boolean }
  /** Nobody calls before a probe goes well at `until` (monotonic ms) or after. */
  | { readonly kind: 'open'; readonly until: number; readonly cooldown: number }
  /** One trial call at a time, to see. `good` counts probes since `since` (monotonic ms). */
  | {
      readonly kind: 'half-open';
      readonly trial: Leave | undefined;
      readonly good: number;
      readonly since: number;
      readonly cooldown: number;
    };

/**
 * Keeps calls away from a node that fails, and lets them back carefully. Counts only what is the node's own fault. Probes
 * are no proof that calls go well (a proxy may answer the small ones and break on the others), so they open the door by a
 * crack only; where they closed it for want of calls, the first call that fails opens it again.
 */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #faults: FadingCount;
  readonly #attempts: FadingCount;
  #consecutive = 0;
  #state: State = { kind: 'closed', last: 0, wary: Number.NEGATIVE_INFINITY, proven: true };

  /** `changed` runs after each change of `state`, and when a trial call has ended without showing anything. */
  constructor(options: BreakerOptions, clock: Clock, changed: () => void) {
    this.#options = options;
    this.#clock = clock;
    this.#changed = changed;
    this.#faults = new FadingCount(options.window);
    this.#attempts = new FadingCount(options.window);
  }

  get state(): State['kind'] {
    return this.#state.kind;
  }

  /** No call is let in at this moment: it is open, or another call is the trial. */
  get turnsAway(): boolean {
    const state = this.#state;
    return state.kind === 'open' || (state.kind === 'half-open' && state.trial !== undefined);
  }

  /** Asks leave for one call. Whoever got it reports `succeeded`, `failed` or `withdrawn`. */
  admit(): Leave | undefined {
    const state = this.#state;
    if (state.kind === 'closed') return plainLeave;
    if (state.kind === 'open' || state.trial !== undefined) return undefined;
    const trial: Leave = { trial: true };
    this.#state = { ...state, trial };
    return trial;
  }

  /** A call got an answer. While open or half open, one that began earlier changes nothing. */
  succeeded(leave: Leave): void {
    const state = this.#state;
    if (state.kind === 'half-open' && leave === state.trial) this.#close(state.cooldown, true);
    else if (state.kind === 'closed' && !state.proven) this.#close(state.last, true);
    if (this.#state.kind !== 'closed') return;
    this.#consecutive = 0;
    this.#attempts.add(this.#clock.now());
  }

  /** A call failed by the node's own fault. */
  failed(leave: Leave): void {
    const now = this.#clock.now();
    const state = this.#state;
    if (state.kind === 'half-open' && leave === state.trial) this.#open(state.cooldown * 2);
    if (state.kind !== 'closed') return;
    this.#consecutive += 1;
    this.#attempts.add(now);
    this.#faults.add(now);
    const record = { consecutive: this.#consecutive, faults: this.#faults.at(now), attempts: this.#attempts.at(now) };
    const wary = now < state.wary;
    if ((wary && !state.proven) || tooManyFaults(this.#options, record)) {
      this.#open(wary ? state.last * 2 : this.#options.cooldown);
    }
  }

  /** A call ended in a way that says nothing about the node. */
  withdrawn(leave: Leave): void {
    const state = this.#state;
    if (state.kind !== 'half-open' || leave !== state.trial) return;
    this.#state = { ...state, trial: undefined };
    this.#changed();
  }

  /** A probe got an answer: lets a trial call through after the cooldown. */
  probeSucceeded(): void {
    const now = this.#clock.now();
    const state = this.#state;
    if (state.kind === 'open' && now >= state.until) {
      this.#state = { kind: 'half-open', trial: undefined, good: 1, since: now, cooldown: state.cooldown };
      this.#changed();
    } else if (state.kind === 'half-open') {
      const good = state.good + 1;
      const uncalled = state.trial === undefined && now - state.since >= state.cooldown;
      if (uncalled && good >= this.#options.probes) this.#close(state.cooldown, false);
      else this.#state = { ...state, good };
    }
  }

  /** A probe failed: reopens a half-open breaker; a closed one trips by calls only, missed probes are judged elsewhere. */
  probeFailed(): void {
    const state = this.#state;
    if (state.kind === 'half-open') this.#open(state.cooldown * 2);
  }

  #open(wanted: number): void {
    const cooldown = Math.min(wanted, this.#options.maxCooldown);
    this.#state = { kind: 'open', until: this.#clock.now() + cooldown, cooldown };
    this.#changed();
  }

  #close(last: number, proven: boolean): void {
    const wasOpen = this.#state.kind !== 'closed';
    this.#state = { kind: 'closed', last, wary: this.#clock.now() + this.#options.relapse, proven };
    this.#consecutive = 0;
    this.#faults.clear();
    this.#attempts.clear();
    if (wasOpen) this.#changed();
  }
}
