import type { Memory } from '../core/memory.ts';
import type { ByteBudget } from '../lib/byte-budget.ts';
import type { Turn } from './answer-turns.ts';

/** The bytes that one message and its answer hold; given back all at once. */
export class Holding {
  readonly #budget: ByteBudget;
  readonly #turn: Turn | undefined;
  #bytes = 0;
  #closed = false;

  /** `turn`: the message's place before its reader; undefined where answers need not wait for each other. */
  constructor(budget: ByteBudget, turn?: Turn) {
    this.#budget = budget;
    this.#turn = turn;
  }

  /** True if these bytes of the request fit. */
  take(bytes: number): boolean {
    return this.#count(bytes, this.#closed || this.#budget.take(bytes));
  }

  /** True unless too much is under way already. */
  admit(bytes: number): boolean {
    return this.#count(bytes, this.#closed || this.#budget.admit(bytes));
  }

  release(bytes: number): void {
    if (this.#closed) return;
    this.#budget.release(bytes);
    this.#bytes -= bytes;
  }

  /** For one call of the message, which waits until `deadline`, in monotonic ms. */
  memory(deadline: number): Memory {
    return new CallMemory(this, this.#turn, deadline);
  }

  /** The message is over. What its calls still say of themselves counts no more. */
  close(): void {
    this.#closed = true;
    this.#budget.release(this.#bytes);
    this.#bytes = 0;
  }

  #count(bytes: number, fits: boolean): boolean {
    if (fits && !this.#closed) this.#bytes += bytes;
    return fits;
  }
}

class CallMemory implements Memory {
  readonly #holding: Holding;
  readonly #turn: Turn | undefined;
  readonly #deadline: number;
  #bytes = 0;

  constructor(holding: Holding, turn: Turn | undefined, deadline: number) {
    this.#holding = holding;
    this.#turn = turn;
    this.#deadline = deadline;
  }

  async take(bytes: number): Promise<boolean> {
    if (this.#turn !== undefined && !(await this.#turn.take(bytes, this.#deadline))) return false;
    const fits = this.#holding.admit(bytes);
    if (fits) this.#bytes += bytes;
    return fits;
  }

  settle(bytes: number): boolean {
    const fits = bytes <= this.#bytes || this.#holding.admit(bytes - this.#bytes);
    const left = fits ? bytes : 0;
    if (left < this.#bytes) this.#holding.release(this.#bytes - left);
    this.#bytes = left;
    return fits;
  }
}
