import { BoundedMap } from '../lib/bounded-map.ts';
import { shapeOf } from '../lib/text-shape.ts';

/** An error in words that the table of wordings does not have, as it was last said. */
export interface UnknownError {
  /** ISO time. */
  readonly at: string;
  readonly upstream: string;
  readonly method: string;
  readonly code: number;
  readonly text: string;
  /** Times that the like of it was said by this upstream. */
  readonly count: number;
}

/** Wordings remembered at once; the one that was not heard for longest makes room. */
const WORDINGS = 20;

/** Wordings that nobody knows, one entry for all that differ in numbers alone. */
export class UnknownErrors {
  readonly #heard = new BoundedMap<string, UnknownError>(WORDINGS);

  /** Newest first. */
  get items(): readonly UnknownError[] {
    return [...this.#heard.values()].toReversed();
  }

  add(error: Omit<UnknownError, 'count'>): void {
    const key = `${error.upstream} ${error.code} ${shapeOf(error.text)}`;
    const count = (this.#heard.get(key)?.count ?? 0) + 1;
    this.#heard.set(key, { ...error, count });
  }
}
