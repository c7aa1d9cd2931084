import { createHash } from 'node:crypto';
import type { BlockLog } from './block-logs.ts';

interface Testimony {
  readonly logs: readonly BlockLog[];
  readonly sources: Set<string>;
  readonly since: number;
}

/** Different answers about one block that are weighed at once. */
const MOST = 16;

/**
 * Decides about the logs of a block whose bloom cannot: what two sources say alike is true. An empty list is also what a
 * node says that has not indexed the block yet, so two of them prove nothing; it takes the block's receipts, or time.
 * Where there is only one source at all, time has to do as well.
 */
export class Witnesses {
  readonly #patienceMs: number;
  readonly #testimonies = new Map<string, Testimony>();

  /** `patienceMs`: how long an answer has to stand that nobody confirms and nobody contradicts. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Takes in what one source says at `now`; true if it is believed. `receipts`: it was drawn from the block's receipts. */
  hear(logs: readonly BlockLog[], source: string, receipts: boolean, now: number): boolean {
    const key = digest(logs);
    const known = this.#testimonies.get(key) ?? { logs, sources: new Set<string>(), since: now };
    if (this.#testimonies.size >= MOST) this.#testimonies.clear();
    this.#testimonies.set(key, known);
    known.sources.add(receipts ? `${source} receipts` : source);
    if (this.#testimonies.values().some((other) => other.logs.length > logs.length)) return false;
    if (now - known.since >= this.#patienceMs) return this.#testimonies.size === 1 || known.sources.size > 1;
    return logs.length > 0 ? known.sources.size > 1 : receipts;
  }
}

const digest = (logs: readonly BlockLog[]): string => {
  const hash = createHash('sha256');
  for (const log of logs) hash.update(log.identity).update('\n');
  return hash.digest('base64');
};
