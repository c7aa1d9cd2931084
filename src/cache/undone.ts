import { BoundedMap } from '../lib/bounded-map.ts';

/** Blocks remembered at once; far more than a chain's window, and the oldest makes room. */
const BLOCKS = 4096;

/**
 * Blocks that were taken off the published branch. One that comes back is read anew: a node that had left for the other
 * branch, and was asked by number, may have told of that one before anybody knew.
 */
export class Undone {
  readonly #hashes = new BoundedMap<string, true>(BLOCKS);

  add(hash: string): void {
    this.#hashes.set(hash, true);
  }

  has(hash: string): boolean {
    return this.#hashes.size > 0 && this.#hashes.has(hash);
  }
}
