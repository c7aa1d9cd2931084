import type { Call } from '../core/call.ts';
import { rewriteRange } from '../ethereum/block-ref.ts';
import { type BlockRange, halve, type LogFilter, type LogLike, matches, splitRange } from '../ethereum/logs.ts';
import { elementOf, replaceElement } from '../jsonrpc/params.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import type { LogsSize } from './log-limits.ts';

/** What nodes allow at this moment; infinite where nobody ever refused. */
export interface Allowed {
  readonly blocks: number;
  readonly addresses: number;
}

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

type Fields = Readonly<Record<string, unknown>>;

const place = (log: Fields): readonly [number, number] => [Number(log['blockNumber']), Number(log['logIndex'])];

/** Logs that were asked for by groups of addresses, in the order of the chain. */
export const inOrder = (logs: RawJson): RawJson => {
  const parsed = JSON.parse(logs.toString()) as Fields[];
  const sorted = parsed.sort((a, b) => {
    const [block, index] = place(a);
    const [otherBlock, otherIndex] = place(b);
    return block - otherBlock || index - otherIndex;
  });
  return Buffer.from(JSON.stringify(sorted));
};

/** The logs that a filter wants out of the answer to `eth_getBlockReceipts`; undefined where that is none. */
export const logsOfReceipts = (answer: RawJson, filter: LogFilter): RawJson | undefined => {
  const receipts: unknown = JSON.parse(answer.toString());
  if (!Array.isArray(receipts)) return undefined;
  const logs: LogLike[] = [];
  for (const receipt of receipts as readonly Fields[]) {
    const own = receipt['logs'];
    if (!Array.isArray(own)) return undefined;
    for (const log of own as readonly LogLike[]) if (matches(filter, log)) logs.push(log);
  }
  return Buffer.from(JSON.stringify(logs));
};
