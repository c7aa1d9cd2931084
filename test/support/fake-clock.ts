import type { Clock, Timer } from '../../src/lib/clock.ts';

interface Due {
  readonly at: number;
  readonly task: () => void;
}

/** Time that moves only when a test says so. */
export class FakeClock implements Clock {
  #now = 0;
  #due: Due[] = [];

  now(): number {
    return this.#now;
  }

  /** Starts at a fixed moment, so that a block's timestamp can be compared with it. */
  wall(): number {
    return 1_700_000_000_000 + this.#now;
  }

  after(ms: number, task: () => void): Timer {
    const due: Due = { at: this.#now + Math.max(0, ms), task };
    this.#due.push(due);
    return {
      cancel: () => {
        this.#due = this.#due.filter((other) => other !== due);
      },
    };
  }

  /** Timers that have not run. */
  get pending(): number {
    return this.#due.length;
  }

  /** Runs all that falls due within `ms`, in order of time, each at its own moment. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#due = this.#due.filter((other) => other !== next);
      this.#now = next.at;
      next.task();
    }
    this.#now = end;
  }
}
