import type { Call } from '../core/call.ts';
import { rewriteRange } from '../ethereum/block-ref.ts';
import { readLogs, readLogsOfReceipts } from '../ethereum/answered-logs.ts';
import { type BlockRange, halve, type LogFilter, matches, splitRange } from '../ethereum/logs.ts';
import { elementOf, replaceElement } from '../jsonrpc/params.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import type { Allowed, LogsSize } from './log-limits.ts';

/** Ranges that together are the whole one: as wide as allowed, or the two halves where that is no help. */
export const cutRange = (range: BlockRange, allowed: number): readonly BlockRange[] | undefined => {
  if (allowed >= range.to - range.from + 1) return halve(range);
  return allowed < 1 ? undefined : [...splitRange(range.from, range.to, allowed)];
};

/** Groups of addresses that together are all: as many as allowed in each, or two halves. */
export const cutAddresses = ({ addresses }: LogFilter, allowed: number): readonly (readonly string[])[] | undefined => {
  const all = [...(addresses ?? [])];
  const size = allowed < all.length ? Math.max(1, allowed) : Math.ceil(all.length / 2);
  if (all.length < 2) return undefined;
  return Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.slice(n * size, (n + 1) * size));
};

/** The same call for these blocks only. It stays pinned: whoever answers has to hold the end of the whole range. */
export const withRange = (call: Call, { from, to }: BlockRange): Call => ({
  ...call,
  params: rewriteRange(call.params, call.spec, from, to),
});

export const withAddresses = (call: Call, address: readonly string[]): Call => {
  const index = call.spec.block.kind === 'logs' ? call.spec.block.index : 0;
  const filter = { ...(elementOf(call.params, index) as Readonly<Record<string, unknown>>), address };
  return { ...call, params: replaceElement(call.params, index, Buffer.from(JSON.stringify(filter))) };
};

/** True where addresses have to be cut before blocks: no width would help. */
export const tooManyAddresses = (size: LogsSize, allowed: Allowed): boolean =>
  size.addresses > allowed.addresses || size.blocks === 1;

/** Logs that were asked for by groups of addresses, in the order of the chain; undefined where those are no logs. */
export const inOrder = (answer: RawJson): RawJson | undefined => {
  const logs = readLogs(answer)?.toSorted(
    (a, b) => Number(a.blockNumber) - Number(b.blockNumber) || Number(a.logIndex) - Number(b.logIndex),
  );
  return logs === undefined ? undefined : Buffer.from(JSON.stringify(logs));
};

/** The logs that a filter wants out of the answer to `eth_getBlockReceipts`; undefined where that is none. */
export const wantedLogs = (answer: RawJson, filter: LogFilter): RawJson | undefined => {
  const logs = readLogsOfReceipts(answer)?.filter((log) => matches(filter, log));
  return logs === undefined ? undefined : Buffer.from(JSON.stringify(logs));
};
