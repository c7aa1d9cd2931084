/** A few may give up and be kept on: looking for them each time would cost more than they take. */
const SMALL = 32;

/** Whether somebody still wants what those who were asked have said for `missing` ms that they do not have. */
export type Wanted = (missing: number) => boolean;

/** Those who wait for one and the same thing, each for as long as its function says that it wants it. */
export class Askers {
  /** Ms that went by while nobody was waited for but those who do not have it. */
  missing = 0;
  #wanted: Wanted[];
  #most = SMALL;

  constructor(first: Wanted) {
    this.#wanted = [first];
  }

  /** True while one of them wants it. */
  get any(): boolean {
    return this.#wanted.some((one) => one(this.missing));
  }

  /** Those who have not been let go of. */
  get size(): number {
    return this.#wanted.length;
  }

  /** Lets go of those who have given up each time their number has doubled, so that one who waits long keeps no others. */
  add(wanted: Wanted): void {
    if (this.#wanted.length >= this.#most) {
      this.#wanted = this.#wanted.filter((one) => one(this.missing));
      this.#most = Math.max(SMALL, 2 * this.#wanted.length);
    }
    this.#wanted.push(wanted);
  }
}
