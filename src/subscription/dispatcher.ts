import type { Clock, Timer } from '../lib/clock.ts';
import { type Line, Outlet } from './outlet.ts';
import type { Stream } from './stream.ts';

export interface DispatcherOptions {
  /** Events written before everything else gets its turn. */
  readonly slice: number;
}

/** Gives all outlets their turn, in slices so short that nothing else in the process has to wait long. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #clock: Clock;
  readonly #stuck: (outlet: Outlet, stream: Stream, why: 'astray' | 'lost') => void;
  readonly #outlets = new Set<Outlet>();
  readonly #due = new Set<Outlet>();
  #timer: Timer | undefined;
  #running = false;

  /** `stuck` runs for a stream that cannot go on by itself; it has to be helped on or removed. */
  constructor(
    options: DispatcherOptions,
    clock: Clock,
    stuck: (outlet: Outlet, stream: Stream, why: 'astray' | 'lost') => void,
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#stuck = stuck;
  }

  get outlets(): ReadonlySet<Outlet> {
    return this.#outlets;
  }

  open(line: Line): Outlet {
    const outlet: Outlet = new Outlet(line, () => this.wake(outlet));
    this.#outlets.add(outlet);
    return outlet;
  }

  close(outlet: Outlet): void {
    this.#outlets.delete(outlet);
    this.#due.delete(outlet);
  }

  wake(outlet: Outlet): void {
    if (!this.#outlets.has(outlet)) return;
    this.#due.add(outlet);
    this.#run();
  }

  wakeAll(): void {
    for (const outlet of this.#outlets) this.#due.add(outlet);
    this.#run();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#outlets.clear();
    this.#due.clear();
  }

  #run(): void {
    if (this.#running || this.#timer !== undefined) return;
    this.#running = true;
    const budget = { left: this.#options.slice };
    for (const outlet of this.#due) {
      this.#due.delete(outlet);
      // To find nothing to do takes time, too.
      budget.left -= 1;
      const pumped = outlet.pump(budget);
      if (pumped.kind === 'stuck') this.#stuck(outlet, pumped.stream, pumped.why);
      if (pumped.kind !== 'rest' && this.#outlets.has(outlet)) this.#due.add(outlet);
      if (budget.left <= 0) break;
    }
    this.#running = false;
    if (this.#due.size === 0) return;
    this.#timer = this.#clock.after(0, () => {
      this.#timer = undefined;
      this.#run();
    });
  }
}
