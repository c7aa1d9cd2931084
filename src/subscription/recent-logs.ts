import type { BlockLogs } from './block-logs.ts';

/** Bounds of what is remembered of blocks' logs. */
export interface RecentLogsOptions {
  readonly blocks: number;
  readonly bytes: number;
}

/** The logs of the blocks that were asked for last. */
export class RecentLogs {
  readonly #options: RecentLogsOptions;
  readonly #kept = new Map<string, BlockLogs>();
  #bytes = 0;

  constructor(options: RecentLogsOptions) {
    this.#options = options;
  }

  get(hash: string): BlockLogs | undefined {
    const logs = this.#kept.get(hash);
    if (logs === undefined) return undefined;
    this.#kept.delete(hash);
    this.#kept.set(hash, logs);
    return logs;
  }

  /** The newest stays whatever its size: somebody is waiting for it. */
  add(logs: BlockLogs): void {
    this.#forget(logs.block.hash);
    this.#kept.set(logs.block.hash, logs);
    this.#bytes += logs.bytes;
    for (const hash of this.#kept.keys()) {
      const within = this.#kept.size <= this.#options.blocks && this.#bytes <= this.#options.bytes;
      if (within || hash === logs.block.hash) return;
      this.#forget(hash);
    }
  }

  #forget(hash: string): void {
    const logs = this.#kept.get(hash);
    if (logs === undefined) return;
    this.#kept.delete(hash);
    this.#bytes -= logs.bytes;
  }
}
