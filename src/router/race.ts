import type { Attempt, Outcome } from '../core/outcome.ts';
import type { Clock, Timer } from '../lib/clock.ts';

/** What a race needs from whoever runs it. */
export interface Entrants<Final> {
  /** Starts the next attempt, or undefined when nobody is left to ask. `hedge`: it runs beside a slow one. */
  readonly start: (hedge: boolean) => Attempt | undefined;
  /** A final answer, or undefined to go on with the next entrant. */
  readonly judge: (attempt: Attempt, outcome: Outcome) => Final | undefined;
  /**
   * Ms after which a second attempt may run beside a slow one; undefined for calls that must not run twice. Asked when
   * an attempt starts.
   */
  readonly hedgeAfterMs: () => number | undefined;
  /** Takes a hedge from the budget; false when it is spent. */
  readonly takeHedge: () => boolean;
}

/**
 * One entrant after the other until one gives a final answer; a slow one gets company. The first final answer wins and
 * the others are cancelled. Undefined when all have run without one.
 */
export const race = <Final>(
  entrants: Entrants<Final>,
  clock: Clock,
): { result: Promise<Final | undefined>; cancel(): void } => {
  const running = new Set<Attempt>();
  let hedge: Timer | undefined;
  let over = false;
  let finish: (final: Final | undefined) => void = () => {};

  const end = (final: Final | undefined): void => {
    if (over) return;
    over = true;
    hedge?.cancel();
    for (const attempt of running) attempt.cancel();
    finish(final);
  };
  const launch = (hedged = false): boolean => {
    const attempt = entrants.start(hedged);
    if (attempt === undefined) return false;
    running.add(attempt);
    armHedge();
    void attempt.outcome.then((outcome) => {
      running.delete(attempt);
      if (over) return;
      const final = entrants.judge(attempt, outcome);
      if (final !== undefined) end(final);
      else if (!launch() && running.size === 0) end(undefined);
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

  const result = new Promise<Final | undefined>((resolve) => {
    finish = resolve;
  });
  if (!launch()) end(undefined);
  return { result, cancel: () => end(undefined) };
};
