import type { Cancellation } from './cancellation.ts';
import type { Clock } from './clock.ts';

/** Lets `ms` milliseconds pass, or less where it is cancelled. */
export const pause = (clock: Clock, ms: number, cancellation: Cancellation): Promise<void> =>
  new Promise((resolve) => {
    const timer = clock.after(ms, () => {
      forget();
      resolve();
    });
    const forget = cancellation.onCancel(() => {
      timer.cancel();
      resolve();
    });
  });
