import type { Transaction } from './block.ts';

/**
 * The transactions that wait in any node's pool, in the order in which they were first seen: what nodes of a real
 * network would have told each other.
 */
export class Mempool {
  readonly #waiting = new Map<string, Transaction>();
  readonly #limit: number;

  /** Keeps `limit` transactions; one more is not taken until others are mined. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get transactions(): readonly Transaction[] {
    return [...this.#waiting.values()];
  }

  get(hash: string): Transaction | undefined {
    return this.#waiting.get(hash);
  }

  add(transaction: Transaction): void {
    if (this.#waiting.size < this.#limit) this.#waiting.set(transaction.hash, transaction);
  }

  /** Puts back what a reorganisation took out of the chain, before everything that waits. */
  putBack(transactions: readonly Transaction[]): void {
    const others = this.transactions;
    this.#waiting.clear();
    for (const transaction of [...transactions, ...others]) this.#waiting.set(transaction.hash, transaction);
  }

  remove(hash: string): void {
    this.#waiting.delete(hash);
  }
}
