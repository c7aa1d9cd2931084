import type { Clock, Timer } from '../lib/clock.ts';

/** One message's place among those that wait for the reader of their connection. */
export interface Turn {
  /**
   * Waits until the reader has taken most of what came before; once its turn has come, a message goes on without waiting.
   * False where that was not before `deadline`, in monotonic ms, or the connection has ended.
   */
  take(bytes: number, deadline: number): Promise<boolean>;
  /** The message has been answered: what was taken for it is in the socket, or nowhere. */
  done(): void;
}

interface Waiter {
  readonly bytes: number;
  readonly end: (granted: boolean) => void;
  readonly timer: Timer;
}

/**
 * Has the answers of one connection put together no faster than they are read. A client may ask for hundreds of large ones
 * at once: each is made of bytes that others share, and costs memory of its own only from then on.
 */
export class AnswerTurns {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #unsent: () => number;
  readonly #waiting = new Set<Waiter>();
  /** Bytes of answers whose turn has come, and which are not written yet. */
  #promised = 0;
  #closed = false;

  /** `most`: bytes that may wait for the reader when a further answer is begun; `unsent`: those that do. */
  constructor(clock: Clock, most: number, unsent: () => number) {
    this.#clock = clock;
    this.#most = most;
    this.#unsent = unsent;
  }

  /** For one message, whose calls share its turn: they are written together. */
  open(): Turn {
    let granted: Promise<boolean> | undefined;
    let taken = 0;
    return {
      take: async (bytes, deadline) => {
        const first = granted === undefined;
        granted ??= this.#grant(bytes, deadline);
        if (!(await granted)) return false;
        if (!first) this.#promised += bytes;
        taken += bytes;
        return true;
      },
      done: () => {
        this.#promised -= taken;
        taken = 0;
        this.next();
      },
    };
  }

  /** Lets those go on for whom there is room now. */
  next(): void {
    for (const waiter of this.#waiting) {
      if (!this.#free) return;
      this.#waiting.delete(waiter);
      this.#promised += waiter.bytes;
      waiter.timer.cancel();
      waiter.end(true);
    }
  }

  /** Nobody reads any more. */
  close(): void {
    this.#closed = true;
    for (const { timer, end } of this.#waiting) {
      timer.cancel();
      end(false);
    }
    this.#waiting.clear();
  }

  get #free(): boolean {
    return this.#unsent() + this.#promised <= this.#most;
  }

  #grant(bytes: number, deadline: number): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    if (this.#waiting.size === 0 && this.#free) {
      this.#promised += bytes;
      return Promise.resolve(true);
    }
    return new Promise((end) => {
      const timer = this.#clock.after(deadline - this.#clock.now(), () => {
        this.#waiting.delete(waiter);
        end(false);
      });
      const waiter: Waiter = { bytes, end, timer };
      this.#waiting.add(waiter);
    });
  }
}
