/** A few may give up and be kept on: looking for them each time would cost more than they take. */
const SMALL = 32;

/** Those who wait for one and the same thing, each for as long as its function says that it wants it. */
export class Askers {
  #wanted: (() => boolean)[];
  #most = SMALL;

  constructor(first: () => boolean) {
    this.#wanted = [first];
  }

  /** True while one of them wants it. */
  get any(): boolean {
    return this.#wanted.some((one) => one());
  }

  /** Those who have not been let go of. */
  get size(): number {
    return this.#wanted.length;
  }

  /** Lets go of those who have given up each time their number has doubled, so that one who waits long keeps no others. */
  add(wanted: () => boolean): void {
    if (this.#wanted.length >= this.#most) {
      this.#wanted = this.#wanted.filter((one) => one());
      this.#most = Math.max(SMALL, 2 * this.#wanted.length);
    }
    this.#wanted.push(wanted);
  }
}
