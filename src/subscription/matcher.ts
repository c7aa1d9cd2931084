import { bloomTest } from '../ethereum/bloom.ts';
import { filterKey, type LogFilter } from '../ethereum/logs.ts';

/** What a reader of logs asked for, prepared for many blocks. */
export interface LogQuery {
  readonly filter: LogFilter;
  /** Blocks outside of these heights have nothing for it; 0 and infinity where it set no bounds. */
  readonly from: number;
  readonly to: number;
}

export interface Matcher extends LogQuery {
  /** Equal for queries that mean the same. */
  readonly key: string;
  /** False if no log of a block with this bloom can match. */
  readonly mayMatch: (bloom: Uint8Array) => boolean;
}

interface Shared {
  readonly matcher: Matcher;
  users: number;
}

/** The queries in use, one matcher for all that mean the same, so that each block is searched once for them. */
export class Matchers {
  readonly #shared = new Map<string, Shared>();

  get size(): number {
    return this.#shared.size;
  }

  /** Every `take` has to be followed by one `release`. */
  take({ filter, from, to }: LogQuery): Matcher {
    const key = `${from}-${to} ${filterKey(filter)}`;
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      shared = { matcher: { key, filter, from, to, mayMatch: bloomTest(filter) }, users: 0 };
      this.#shared.set(key, shared);
    }
    shared.users += 1;
    return shared.matcher;
  }

  release({ key }: Matcher): void {
    const shared = this.#shared.get(key);
    if (shared === undefined) return;
    shared.users -= 1;
    if (shared.users === 0) this.#shared.delete(key);
  }
}
