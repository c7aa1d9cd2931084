/** Chunks below this many bytes are copied together; larger ones are kept as they came. */
const SMALL = 4096;
const BLOCK = 16 * 1024;

/**
 * Gathers the chunks of one message. What it holds stays near the message's size even when the sender dribbles it byte by
 * byte, where a list of chunks would cost a hundred times that.
 */
export class ByteCollector {
  #parts: Buffer[] = [];
  #block: Buffer | undefined;
  #used = 0;
  #size = 0;

  /** Bytes gathered. */
  get size(): number {
    return this.#size;
  }

  /** Buffers that it is held in. */
  get pieces(): number {
    return this.#parts.length + (this.#block === undefined ? 0 : 1);
  }

  add(chunk: Buffer): void {
    const alone = this.#size === 0;
    this.#size += chunk.length;
    if (alone || chunk.length >= SMALL) {
      this.#flush();
      this.#parts.push(chunk);
      return;
    }
    if (this.#block === undefined || this.#used + chunk.length > this.#block.length) {
      this.#flush();
      this.#block = Buffer.allocUnsafeSlow(BLOCK);
    }
    chunk.copy(this.#block, this.#used);
    this.#used += chunk.length;
  }

  /** All of it as one buffer, without a copy where it came as one chunk. The collector is empty again. */
  take(): Buffer {
    this.#flush();
    const [only] = this.#parts;
    const whole = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts, this.#size);
    this.clear();
    return whole;
  }

  clear(): void {
    this.#parts = [];
    this.#block = undefined;
    this.#used = 0;
    this.#size = 0;
  }

  #flush(): void {
    if (this.#block !== undefined) this.#parts.push(this.#block.subarray(0, this.#used));
    this.#block = undefined;
    this.#used = 0;
  }
}
