import type { BlockLogsQuery, BlockLogsSource } from '../core/block-logs-source.ts';
import { free } from '../core/reply.ts';
import { bloomTest } from '../ethereum/bloom.ts';
import { filterKey, type LogFilter } from '../ethereum/logs.ts';
import type { Header } from '../head/header.ts';
import type { LogStore } from './log-store.ts';
import type { Matcher } from './matcher.ts';

/** The tree's headers; a chain may change its tree. */
export interface Headers {
  readonly tree: { get(hash: string): Header | undefined };
}

/** The log store as calls for logs see it: what one subscriber or caller had fetched serves all. */
export class VerifiedLogs implements BlockLogsSource {
  readonly #store: Pick<LogStore, 'mayMatch' | 'find'>;
  readonly #chain: Headers;

  constructor(store: Pick<LogStore, 'mayMatch' | 'find'>, chain: Headers) {
    this.#store = store;
    this.#chain = chain;
  }

  query(filter: LogFilter): BlockLogsQuery {
    const everywhere = { from: 0, to: Number.POSITIVE_INFINITY };
    const matcher: Matcher = { ...everywhere, key: filterKey(filter), filter, mayMatch: bloomTest(filter) };
    return {
      mayMatch: (hash) => {
        const header = this.#chain.tree.get(hash);
        return header && this.#store.mayMatch(header, matcher);
      },
      logsOf: async (hash, wanted) => {
        const header = this.#chain.tree.get(hash);
        if (header === undefined) return undefined;
        if (!this.#store.mayMatch(header, matcher)) return { logs: [], cost: free };
        const found = await this.#store.find(header, matcher, wanted);
        return found && { logs: found.logs.select(matcher).map((log) => log.text(false)), cost: found.cost };
      },
    };
  }
}
