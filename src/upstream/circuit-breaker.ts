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
  /** Ms that it stays open the first time; doubles with each relapse, up to `maxCooldown`. */
  readonly cooldown: number;
  readonly maxCooldown: number;
}

export const breakerDefaults: BreakerOptions = {
  consecutive: 5,
  share: 0.5,
  volume: 20,
  window: 10_000,
  cooldown: 1_000,
  maxCooldown: 30_000,
};

/** What the rule looks at. */
export interface Record {
  /** Faults since the last success. */
  readonly consecutive: number;
  readonly faults: number;
  readonly attempts: number;
}

/** Whether a node with this record should be left alone for a while. */
export const tooManyFaults = (rule: BreakerOptions, record: Record): boolean =>
  record.consecutive >= rule.consecutive ||
  (record.attempts >= rule.volume && record.faults >= rule.share * record.attempts);

type State =
  | { readonly kind: 'closed' }
  /** Nobody calls until `until` (monotonic ms). */
  | { readonly kind: 'open'; readonly until: number; readonly cooldown: number }
  /** One trial call at a time, to see; a good answer to it or to a probe closes. */
  | { readonly kind: 'half-open'; readonly trial: boolean; readonly cooldown: number };

/** Keeps calls away from a node that fails, and lets them back carefully. Counts only what is the node's own fault. */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  readonly #clock: Clock;
  readonly #faults: FadingCount;
  readonly #attempts: FadingCount;
  #consecutive = 0;
  #state: State = { kind: 'closed' };

  constructor(options: BreakerOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#faults = new FadingCount(options.window);
    this.#attempts = new FadingCount(options.window);
  }

  get state(): State['kind'] {
    return this.#now().kind;
  }

  /** Asks leave for one call. Whoever got it reports `succeeded`, `failed` or `withdrawn`. */
  admit(): boolean {
    const state = this.#now();
    if (state.kind === 'closed') return true;
    if (state.kind === 'open' || state.trial) return false;
    this.#state = { ...state, trial: true };
    return true;
  }

  /** A call, or a probe, got an answer. While open it changes nothing: the node gets its rest. */
  succeeded(): void {
    const state = this.#now();
    if (state.kind === 'open') return;
    this.#consecutive = 0;
    if (state.kind === 'half-open') this.#close();
    this.#attempts.add(this.#clock.now());
  }

  /** A call failed by the node's own fault. */
  failed(): void {
    const now = this.#clock.now();
    const state = this.#now();
    if (state.kind === 'half-open') return this.#open(Math.min(state.cooldown * 2, this.#options.maxCooldown));
    if (state.kind === 'open') return;
    this.#consecutive += 1;
    this.#attempts.add(now);
    this.#faults.add(now);
    const record = { consecutive: this.#consecutive, faults: this.#faults.at(now), attempts: this.#attempts.at(now) };
    if (tooManyFaults(this.#options, record)) this.#open(this.#options.cooldown);
  }

  /** A probe failed: reopens a half-open breaker; a closed one trips by calls only, missed probes are judged elsewhere. */
  probeFailed(): void {
    if (this.#now().kind === 'half-open') this.failed();
  }

  /** A call ended in a way that says nothing about the node. */
  withdrawn(): void {
    const state = this.#now();
    if (state.kind === 'half-open') this.#state = { ...state, trial: false };
  }

  #now(): State {
    const state = this.#state;
    if (state.kind === 'open' && this.#clock.now() >= state.until) {
      this.#state = { kind: 'half-open', trial: false, cooldown: state.cooldown };
    }
    return this.#state;
  }

  #open(cooldown: number): void {
    this.#state = { kind: 'open', until: this.#clock.now() + cooldown, cooldown };
  }

  #close(): void {
    this.#state = { kind: 'closed' };
    this.#consecutive = 0;
    this.#faults.clear();
    this.#attempts.clear();
  }
}
