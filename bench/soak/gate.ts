import { Serial } from '../../src/devnet/serial.ts';

/** Ms to wait for those inside, who may be at a node that is frozen. */
const PATIENCE = 100;

/**
 * Keeps questions away from the nodes while the conductor mines. anvil is not consistent while it does: it answers from
 * the next block's state for the hash of its last one, and a transaction that the conductor puts in order is in no pool
 * for a moment. Real nodes have neither fault, and no gateway could see through them.
 */
export class Gate {
  readonly #serial = new Serial();
  #inside = 0;
  #closed = false;
  #waiting: (() => void)[] = [];
  #onEmpty: (() => void) | undefined;

  /** Settles once the gate is open; what it gives back is to be called once, when the answer has come. */
  async enter(): Promise<() => void> {
    while (this.#closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#inside += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#inside -= 1;
      if (this.#inside === 0) this.#onEmpty?.();
    };
  }

  /** Does the work with nobody inside; one after another. */
  without<T>(work: () => Promise<T>): Promise<T> {
    return this.#serial.run(async () => {
      this.#closed = true;
      if (this.#inside > 0) await this.#emptied();
      try {
        return await work();
      } finally {
        this.#closed = false;
        for (const resume of this.#waiting.splice(0)) resume();
      }
    });
  }

  #emptied(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PATIENCE);
      this.#onEmpty = () => {
        clearTimeout(timer);
        this.#onEmpty = undefined;
        resolve();
      };
    });
  }
}
