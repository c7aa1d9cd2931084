import { type FailureClass, isFault, type Outcome } from '../core/outcome.ts';
import type { Clock } from '../lib/clock.ts';
import { FadingCount, PeakAverage } from '../lib/moving-average.ts';
import { type BreakerOptions, CircuitBreaker, type Leave } from './circuit-breaker.ts';
import { RateBudget, type RateBudgetOptions } from './rate-budget.ts';
import type { UpstreamStats } from './upstream.ts';

export interface StatisticsOptions extends RateBudgetOptions {
  readonly breaker: BreakerOptions;
  /** Ms in which a peak of latency fades to a third. */
  readonly latencyMemory: number;
  /** Ms in which an error fades to a third. */
  readonly errorMemory: number;
  /** Ms in which a false answer fades to a third. */
  readonly lieMemory: number;
  /** Ms for which a node is left alone that says it is asked too much but not for how long. */
  readonly limitedPause: number;
}

/** Ms from which on a wait for a turn means that the budget is spent, and not only that calls are spread. */
const SPENT = 250;
/** One success stands beside all that happened, so that a first and only failure is not a rate of 1, and fades to 0. */
const PRIOR = 1;

/**
 * What an outcome says about the node. `fault` is its own doing; `neutral` says nothing: the work was given up or
 * never got to the node, or it only keeps to its limits; everything else is an answer, which shows that it is alive and how fast.
 */
export const blame = (outcome: Outcome): 'answer' | 'fault' | 'neutral' => {
  if (outcome.kind === 'cancelled') return 'neutral';
  if (outcome.kind !== 'failed') return 'answer';
  if (outcome.unsent) return 'neutral';
  if (isFault(outcome)) return 'fault';
  return outcome.failure === 'rate_limited' ? 'neutral' : 'answer';
};

/** How one upstream has been doing. Fed by attempts and probes, read by whoever chooses. */
export class Statistics implements UpstreamStats {
  readonly #options: StatisticsOptions;
  readonly #clock: Clock;
  readonly #breaker: CircuitBreaker;
  readonly #budget: RateBudget;
  readonly #latency: PeakAverage;
  readonly #errors: FadingCount;
  readonly #attempts: FadingCount;
  readonly #lies: FadingCount;
  #inflight = 0;
  #limitedUntil = 0;

  /** `breakerChanged` runs each time the breaker has opened, half opened or closed, or has room for a trial again. */
  constructor(options: StatisticsOptions, clock: Clock, breakerChanged: () => void) {
    this.#options = options;
    this.#clock = clock;
    this.#breaker = new CircuitBreaker(options.breaker, clock, breakerChanged);
    this.#budget = new RateBudget(options);
    this.#latency = new PeakAverage(options.latencyMemory);
    this.#errors = new FadingCount(options.errorMemory);
    this.#attempts = new FadingCount(options.errorMemory);
    this.#lies = new FadingCount(options.lieMemory);
  }

  get inflight(): number {
    return this.#inflight;
  }

  get latencyMs(): number | undefined {
    return this.#latency.value;
  }

  get errorRate(): number {
    const now = this.#clock.now();
    const failed = this.#errors.at(now) / (this.#attempts.at(now) + PRIOR);
    const lies = this.#lies.at(now);
    return Math.max(failed, lies / (lies + PRIOR));
  }

  get breaker(): UpstreamStats['breaker'] {
    return this.#breaker.state;
  }

  get turnsAway(): boolean {
    return this.#breaker.turnsAway;
  }

  get limitedUntil(): number {
    const now = this.#clock.now();
    const wait = this.#budget.waitMs(now);
    const until = Math.max(this.#limitedUntil, wait >= SPENT ? now + wait : 0);
    return until > now ? until : 0;
  }

  get callsPerSecond(): number {
    return this.#budget.rateAt(this.#clock.now());
  }

  /** Ms after which a call may be made; undefined where the budget has no turn for it within `patience`. */
  turn(patience: number): number | undefined {
    return this.#budget.reserve(this.#clock.now(), patience);
  }

  /** Takes back a turn, in monotonic ms, that no call will use. */
  giveBack(turn: number): void {
    this.#budget.giveBack(turn);
  }

  /** Asks leave for a call; whoever got it reports how it `ended`. */
  admit(): Leave | undefined {
    const leave = this.#breaker.admit();
    if (leave !== undefined) this.#inflight += 1;
    return leave;
  }

  ended(leave: Leave, outcome: Outcome): void {
    this.#inflight -= 1;
    const verdict = this.#count(outcome);
    if (verdict === 'answer') this.#breaker.succeeded(leave);
    else if (verdict === 'fault') this.#breaker.failed(leave);
    else this.#breaker.withdrawn(leave);
  }

  /** Counts the gateway's own questions, which do not wait for a turn. */
  probing(items: number): void {
    this.#budget.spend(items, this.#clock.now());
  }

  /** Counts a combined question as one event: it went well if anything in it was answered. */
  probed(outcomes: readonly Outcome[]): void {
    const best = outcomes.find((outcome) => blame(outcome) === 'answer') ?? outcomes[0];
    if (best === undefined) return;
    const verdict = this.#count(best);
    if (verdict === 'answer') this.#breaker.probeSucceeded();
    else if (verdict === 'fault') this.#breaker.probeFailed();
  }

  /**
   * Another node answered a call of this one first, although it was asked later. No fault that opens the breaker; but a node
   * that hangs, and whose calls others answer, would otherwise look as good as ever, and be asked again and again.
   */
  overtaken(): void {
    const now = this.#clock.now();
    this.#attempts.add(now);
    this.#errors.add(now);
  }

  /**
   * A false answer came to light. However many good ones stand beside it: few are ever compared, and where one was wrong
   * the others cannot be trusted.
   */
  disproved(): void {
    this.#lies.add(this.#clock.now());
  }

  #count(outcome: Outcome): ReturnType<typeof blame> {
    const verdict = blame(outcome);
    const now = this.#clock.now();
    if (outcome.kind === 'failed') this.#limit(outcome.failure, outcome.retryAfterMs, now);
    if (verdict === 'neutral') return verdict;
    this.#attempts.add(now);
    if (verdict === 'fault') this.#errors.add(now);
    else if (outcome.kind !== 'cancelled') this.#latency.add(outcome.latencyMs, now);
    return verdict;
  }

  #limit(failure: FailureClass, retryAfterMs: number | undefined, now: number): void {
    if (failure === 'rate_limited') this.#budget.refused(now);
    const pause = retryAfterMs ?? (failure === 'rate_limited' ? this.#options.limitedPause : 0);
    this.#limitedUntil = Math.max(this.#limitedUntil, now + pause);
  }
}
