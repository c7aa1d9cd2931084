import type { Attempt, Outcome } from '../core/outcome.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { cancelled } from './reply-outcome.ts';

interface Waiting {
  readonly begin: () => void;
  readonly giveUp: (outcome: Outcome) => void;
}

/**
 * The calls to one node that wait for a turn, first come, first served. Who gives up leaves the turn to those behind, and
 * the last turn goes back to where it was taken. As many as the budget gives turns to, so bounded by their patience.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #giveBack: (turn: number) => void;
  readonly #calls = new Set<Waiting>();
  /** Monotonic ms, earliest first; one for each call. */
  readonly #turns: number[] = [];
  #timer: Timer | undefined;

  /** `giveBack` gets each turn that nobody uses, in monotonic ms. */
  constructor(clock: Clock, giveBack: (turn: number) => void) {
    this.#clock = clock;
    this.#giveBack = giveBack;
  }

  /** An attempt that begins when a turn comes: the one at `turn` (monotonic ms), or an earlier one that somebody left. */
  wait(turn: number, start: () => Attempt): Attempt {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    let attempt: Attempt | undefined;
    const call: Waiting = {
      begin: () => {
        attempt = start();
        resolve(attempt.outcome);
      },
      giveUp: resolve,
    };
    this.#calls.add(call);
    this.#turns.splice(this.#turns.findLastIndex((other) => other <= turn) + 1, 0, turn);
    this.#arm();
    return {
      outcome: promise,
      cancel: () => {
        if (attempt === undefined) this.#leave(call, cancelled);
        else attempt.cancel();
      },
    };
  }

  /** Ends all that wait, unasked. */
  giveUp(outcome: Outcome): void {
    for (const call of this.#calls) this.#leave(call, outcome);
  }

  #leave(call: Waiting, outcome: Outcome): void {
    if (!this.#calls.delete(call)) return;
    const last = this.#turns.pop();
    if (last !== undefined) this.#giveBack(last);
    this.#arm();
    call.giveUp(outcome);
  }

  #arm(): void {
    this.#timer?.cancel();
    const [next] = this.#turns;
    this.#timer =
      next === undefined ? undefined : this.#clock.after(Math.max(0, next - this.#clock.now()), () => this.#come());
  }

  #come(): void {
    const [call] = this.#calls;
    this.#turns.shift();
    this.#arm();
    if (call === undefined || !this.#calls.delete(call)) return;
    call.begin();
  }
}
