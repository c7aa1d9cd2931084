/** A word for whatever comes after a tally is full. */
const OTHER = 'other';

interface Count {
  value: number;
}

/** Counts by word. Bounded: once `room` words are known, every further one counts as `other`. */
export class Tally {
  readonly #counts = new Map<string, Count>();
  readonly #room: number;

  constructor(room: number) {
    this.#room = room;
  }

  add(word: string, by = 1): void {
    const count = this.#counts.get(word);
    // One cell per word, changed in place: half the cost of writing the map at each event.
    if (count === undefined) this.#first(word, by);
    else count.value += by;
  }

  /** 0 for a word that was never counted. */
  get(word: string): number {
    return this.#counts.get(word)?.value ?? 0;
  }

  *[Symbol.iterator](): Generator<readonly [word: string, count: number]> {
    for (const [word, { value }] of this.#counts) yield [word, value];
  }

  #first(word: string, by: number): void {
    if (this.#counts.size < this.#room || word === OTHER) this.#counts.set(word, { value: by });
    else this.add(OTHER, by);
  }
}
