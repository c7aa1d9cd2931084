import { LRUCache } from 'lru-cache';
import type { BlockId } from '../core/call.ts';
import type { RawJson } from '../jsonrpc/message.ts';

export interface MemoryStoreOptions {
  /** Bytes for keys, answers and what it takes to keep them. */
  readonly memory: number;
}

/** An answer that may be given again. */
export interface KeptAnswer {
  readonly result: RawJson;
  /** Who said it; undefined where nobody in particular did. */
  readonly upstream: string | undefined;
  /** The store's age when it was asked for. */
  readonly askedAt: number;
  /** The block that the answer itself names; undefined where the key names it. */
  readonly block: BlockId | undefined;
  /** `block` is final. */
  readonly settled: boolean;
}

/** Bytes that an entry takes beside its key and its answer, measured: the maps' slots, its objects, a buffer of its own. */
const OVERHEAD = 640;
/** One answer takes no more than this share of all: a few large ones must not drive out thousands of small ones. */
const LARGEST_SHARE = 1 / 32;
/** Upstreams remembered as forgotten; DNS may bring ever new ones. */
const FORGOTTEN = 1000;
/** Share of its memory that a result must use to be kept without a copy. */
const DENSE = 0.75;

/**
 * Answers in memory, the least recently used making room. The store has an age, which counts the times that something in
 * it was found unfit: what was asked for before that is not taken in after it.
 */
export class MemoryStore {
  readonly #entries: LRUCache<string, KeptAnswer>;
  readonly #largest: number;
  /** The age at which each upstream's answers were given up. */
  readonly #forgotten = new Map<string, number>();
  #age = 0;
  #clearedAt = 0;

  constructor({ memory }: MemoryStoreOptions) {
    this.#largest = memory * LARGEST_SHARE;
    this.#entries = new LRUCache({
      maxSize: memory,
      sizeCalculation: ({ result }, key) => OVERHEAD + key.length + result.buffer.byteLength,
    });
  }

  get age(): number {
    return this.#age;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Bytes taken, overhead included. */
  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  get(key: string): KeptAnswer | undefined {
    const answer = this.#entries.get(key);
    if (answer === undefined || !this.outlived(answer)) return answer;
    this.#entries.delete(key);
    return undefined;
  }

  /** Keeps an answer, unless it is too large. */
  set(key: string, answer: KeptAnswer): void {
    if (answer.result.length > this.#largest) return;
    this.#entries.set(key, { ...answer, result: ownMemory(answer.result) });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  /** Whether what was said in answer to so old a question has been given up since. */
  outlived({ askedAt, upstream }: Pick<KeptAnswer, 'askedAt' | 'upstream'>): boolean {
    if (askedAt < this.#clearedAt) return true;
    if (upstream === undefined || this.#forgotten.size === 0) return false;
    return askedAt < (this.#forgotten.get(upstream) ?? 0);
  }

  /** Ages without giving anything up: what is asked from now on can be told from what was asked before. */
  turn(): void {
    this.#age += 1;
  }

  /** Gives up all that an upstream said. */
  forget(upstream: string): void {
    if (this.#forgotten.size >= FORGOTTEN) this.clear();
    this.#age += 1;
    this.#forgotten.set(upstream, this.#age);
  }

  /** Gives up everything; returns how many answers that were. */
  clear(): number {
    const count = this.#entries.size;
    this.#entries.clear();
    this.#forgotten.clear();
    this.#age += 1;
    this.#clearedAt = this.#age;
    return count;
  }
}

/**
 * A result is a view of the chunk it arrived in, and would keep all of that alive; one that fills its chunk stays where it
 * is. A pooled buffer would share its memory with strangers, too.
 */
const ownMemory = (result: RawJson): RawJson => {
  if (result.length >= result.buffer.byteLength * DENSE) return result;
  const copy = Buffer.allocUnsafeSlow(result.length);
  result.copy(copy);
  return copy;
};
