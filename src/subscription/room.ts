/** Room, in bytes, for what clients have kept here, such as filters and results: these may be large, and clients many. */
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
