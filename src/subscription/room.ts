/**
 * Room for what clients asked for, as long as they have it kept here: filters and calls may be large, and clients many.
 * In bytes of their params.
 */
export class Room {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Keeps so many bytes until the result is called, once; undefined where there is no room for them. */
  take(bytes: number): (() => void) | undefined {
    if (bytes > this.#left) return undefined;
    this.#left -= bytes;
    return () => {
      this.#left += bytes;
    };
  }
}
