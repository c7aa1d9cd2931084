import type { LogStoreOptions } from './log-store.ts';
import type { RecentLogsOptions } from './recent-logs.ts';

/** Bounds of a chain's streams; times in ms. */
export interface HubOptions {
  /** Blocks through which a slow reader is followed. */
  readonly window: number;
  /** Blocks of history at most. */
  readonly replay: number;
  /** Bytes of logs that are remembered within the window. */
  readonly logBytes: number;
  /** What is remembered of older blocks' logs. */
  readonly passing: RecentLogsOptions;
  /** Headers remembered that the tree does not hold. */
  readonly headers: number;
  /** How logs are fetched. */
  readonly fetch: Pick<LogStoreOptions, 'parallel' | 'retry' | 'patienceMs' | 'tellersMs'>;
  /** How long the blocks and logs of a branch that was left are looked for. */
  readonly orphanMs: number;
  /** Events written before other work gets its turn. */
  readonly slice: number;
}

export const hubDefaults = {
  logBytes: 128 * 1024 * 1024,
  passing: { blocks: 256, bytes: 32 * 1024 * 1024 },
  headers: 4096,
  fetch: { parallel: 16, retry: { initial: 100, max: 1000 }, patienceMs: 2500, tellersMs: 50 },
  orphanMs: 5000,
  slice: 500,
} as const satisfies Partial<HubOptions>;
