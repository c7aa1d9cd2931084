import type { Attempt, Outcome } from '../core/outcome.ts';
import type { Clock, Timer } from '../lib/clock.ts';

/** An attempt that takes part in a race. */
export interface Entrant {
  readonly attempt: Attempt;
  /** It was started beside a slow one. */
  readonly hedge: boolean;
}

/** What a race needs from whoever runs it. */
export interface Entrants<E extends Entrant, Final> {
  /** Starts the next attempt, or undefined when nobody is left to ask. `hedge`: it runs beside a slow one. */
  readonly start: (hedge: boolean) => E | undefined;
  /** A final answer, or undefined to go on with the next entrant. */
  readonly judge: (entrant: E, outcome: Outcome) => Final | undefined;
  /**
   * Ms after which a second attempt may run beside a slow one; undefined for calls that must not run twice. Asked when
   * an attempt starts.
   */
  readonly hedgeAfterMs: () => number | undefined;
  /** A slow one was given up, for the company that it got has answered. */
  readonly overtaken: (entrant: E) => void;
  /** Takes a hedge from the budget; false when it is spent. */
  readonly takeHedge: () => boolean;
}

/**
 * One entrant after the other until one gives a final answer; a slow one gets company. The first final answer wins and
 * the others are cancelled. Undefined when all have run without one.
 */
export const race = <E extends Entrant, Final>(
  entrants: Entrants<E, Final>,
  clock: Clock,
): { result: Promise<Final | undefined>; cancel(): void } => {
  const { promise, resolve, reject } = Promise.withResolvers<Final | undefined>();
  const running: E[] = [];
  let hedge: Timer | undefined;
  let over = false;

  const end = (final: Final | undefined): void => {
    if (over) return;
    over = true;
    hedge?.cancel();
    for (const entrant of running) {
      entrant.attempt.cancel();
      if (final !== undefined && !entrant.hedge) entrants.overtaken(entrant);
    }
    resolve(final);
  };
  const launch = (hedged: boolean): boolean => {
    const entrant = entrants.start(hedged);
    if (entrant === undefined) return false;
    running.push(entrant);
    armHedge();
    void entrant.attempt.outcome.then((outcome) => {
      running.splice(running.indexOf(entrant), 1);
      if (over) return;
      try {
        const final = entrants.judge(entrant, outcome);
        if (final !== undefined) end(final);
        else if (!launch(false) && running.length === 0) end(undefined);
      } catch (error) {
        // A bug of ours ends the call that it is in, and nobody else's.
        reject(error);
        end(undefined);
      }
    });
    return true;
  };
  const armHedge = (): void => {
    hedge?.cancel();
    const ms = entrants.hedgeAfterMs();
    if (ms === undefined) return;
    hedge = clock.after(ms, () => {
      if (!over && entrants.takeHedge()) launch(true);
    });
  };

  if (!launch(false)) end(undefined);
  return { result: promise, cancel: () => end(undefined) };
};
