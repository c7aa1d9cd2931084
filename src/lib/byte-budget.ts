/** Bytes that may be held at once, by all together who share it. */
export class ByteBudget {
  readonly #limit: number;
  #held = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that are counted now. */
  get held(): number {
    return this.#held;
  }

  /** True if the bytes fit; they count until they are released. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.#limit) return false;
    this.#held += bytes;
    return true;
  }

  /** True unless the budget is spent already: one that is large may go beyond it, so that it is not refused for ever. */
  admit(bytes: number): boolean {
    if (this.#held >= this.#limit) return false;
    this.#held += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }

  /** Takes bytes until the result is called, once; undefined where they do not fit. */
  keep(bytes: number): (() => void) | undefined {
    return this.take(bytes) ? () => this.release(bytes) : undefined;
  }
}
