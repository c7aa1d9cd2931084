import type { LogFilter } from '../ethereum/logs.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import type { Cost } from './reply.ts';

/** The logs of recent blocks, verified against their headers. */
export interface BlockLogsSource {
  /** Readies a filter, so that each block costs little. */
  query(filter: LogFilter): BlockLogsQuery;
}

/** Logs of one block, as log objects, in order: complete and verified. */
export interface FoundLogs {
  readonly logs: readonly RawJson[];
  readonly cost: Cost;
}

export interface BlockLogsQuery {
  /** False if the block's header shows that nothing in it matches; undefined for a block that is not kept here. */
  mayMatch(hash: string): boolean | undefined;
  /**
   * What matches. Undefined for a block that is not kept here, and where no true answer came for as long as `wanted`
   * held.
   */
  logsOf(hash: string, wanted: () => boolean): Promise<FoundLogs | undefined>;
}
