import type { Cancellation } from '../lib/cancellation.ts';
import type { Clock } from '../lib/clock.ts';
import type { ChainView } from './chain-view.ts';

interface Waiter {
  readonly predicate: (view: ChainView) => boolean;
  readonly settle: (held: boolean) => void;
}

/** Those who wait for the chain's picture to show something. One for each waiting call, so bounded by those in flight. */
export class ViewWaiters {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True as soon as `predicate` holds; false at `deadline` (monotonic ms), on cancellation, and once closed. */
  wait(
    view: ChainView,
    predicate: (view: ChainView) => boolean,
    deadline: number,
    cancellation: Cancellation,
  ): Promise<boolean> {
    if (predicate(view)) return Promise.resolve(true);
    const left = deadline - this.#clock.now();
    if (this.#closed || cancellation.cancelled || left <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (held: boolean) => {
        this.#waiters.delete(waiter);
        timer.cancel();
        stopListening();
        resolve(held);
      };
      const waiter: Waiter = { predicate, settle };
      const timer = this.#clock.after(left, () => settle(false));
      const stopListening = cancellation.onCancel(() => settle(false));
      this.#waiters.add(waiter);
    });
  }

  /** Asks each waiter whether this is what it waits for. */
  show(view: ChainView): void {
    for (const waiter of [...this.#waiters]) if (waiter.predicate(view)) waiter.settle(true);
  }

  close(): void {
    this.#closed = true;
    for (const waiter of [...this.#waiters]) waiter.settle(false);
  }
}
