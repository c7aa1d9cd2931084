/**
 * Lets an extra (a hedge, a retry) happen for a share of what happens anyway. Every ordinary event earns `ratio` of an
 * extra; `burst` is how many may be saved up, and there at the start.
 */
export class RatioBudget {
  readonly #ratio: number;
  readonly #burst: number;
  #saved: number;

  constructor(ratio: number, burst: number) {
    this.#ratio = ratio;
    this.#burst = burst;
    this.#saved = burst;
  }

  earn(): void {
    this.#saved = Math.min(this.#burst, this.#saved + this.#ratio);
  }

  /** Takes one extra if there is one. */
  take(): boolean {
    if (this.#saved < 1) return false;
    this.#saved -= 1;
    return true;
  }
}
