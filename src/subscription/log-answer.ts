import { bloomOf } from '../ethereum/bloom.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import { BlockLog } from './block-logs.ts';

/**
 * What a node's answer to "all logs of this block" is worth, seen from the block's own header:
 * - `proven`: exactly the logs that the header's bloom speaks of;
 * - `possible`: nothing speaks against it, but the bloom cannot tell (it is nearly full, it is empty on a chain that may
 *   not fill it in, or there are logs that it leaves out, as some chains do): a second source has to say the same;
 * - `false`: not this block's, not all of them, or no list of logs.
 */
export type Judgement =
  | { readonly kind: 'proven'; readonly logs: readonly BlockLog[] }
  /** `exceeds`: there are logs that the bloom does not know. */
  | { readonly kind: 'possible'; readonly logs: readonly BlockLog[]; readonly exceeds: boolean }
  | { readonly kind: 'false' };

const refuted: Judgement = { kind: 'false' };

/** Share of a bloom's bits from which it hides too much: three of four single values would go unnoticed. */
const DENSE = 0.9;
const hash = /^0x[0-9a-f]{64}$/i;
const address = /^0x[0-9a-f]{40}$/i;

/** Reads and judges an answer of `eth_getLogs`. `trusted`: an empty bloom of this chain means that there are no logs. */
export const judgeLogs = (
  answer: RawJson,
  block: { readonly hash: string; readonly bloom: Uint8Array | undefined },
  trusted: boolean,
): Judgement => {
  const logs = readLogs(parsed(answer), block.hash);
  if (logs === undefined) return refuted;
  if (block.bloom === undefined) return { kind: 'possible', logs, exceeds: false };
  const found = bloomOf(logs);
  if (!covers(found, block.bloom)) return refuted;
  const set = bits(block.bloom);
  const exact = covers(block.bloom, found);
  const telling = exact && set < DENSE * block.bloom.length * 8 && (set > 0 || trusted);
  return telling ? { kind: 'proven', logs } : { kind: 'possible', logs, exceeds: !exact };
};

/** The logs in an answer of `eth_getBlockReceipts`, as `eth_getLogs` would list them; undefined where it is none. */
export const logsOfReceipts = (answer: RawJson): RawJson | undefined => {
  const receipts = parsed(answer);
  if (!Array.isArray(receipts)) return undefined;
  const logs: unknown[] = [];
  for (const receipt of receipts as unknown[]) {
    const own = isFields(receipt) ? receipt['logs'] : undefined;
    if (!Array.isArray(own)) return undefined;
    for (const log of own as unknown[]) logs.push(log);
  }
  return Buffer.from(JSON.stringify(logs));
};

/** All of a block's logs are numbered from 0 without a gap, and each says which block it is of. */
const readLogs = (answer: unknown, block: string): BlockLog[] | undefined => {
  if (!Array.isArray(answer)) return undefined;
  const logs: BlockLog[] = [];
  for (const fields of answer as unknown[]) {
    if (!isFields(fields) || !isLog(fields)) return undefined;
    if (String(fields['blockHash']).toLowerCase() !== block) return undefined;
    if (Number(fields['logIndex']) !== logs.length) return undefined;
    logs.push(new BlockLog(logs.length, fields));
  }
  return logs;
};

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isLog = (fields: Readonly<Record<string, unknown>>): boolean => {
  const { address: from, topics, logIndex } = fields;
  if (typeof from !== 'string' || !address.test(from)) return false;
  if (typeof logIndex !== 'string' || !/^0x[0-9a-f]{1,8}$/i.test(logIndex)) return false;
  return Array.isArray(topics) && topics.every((topic) => typeof topic === 'string' && hash.test(topic));
};

const parsed = (answer: RawJson): unknown => {
  try {
    return JSON.parse(answer.toString());
  } catch {
    return undefined;
  }
};

/** True if `bloom` has every bit of `other`. */
const covers = (bloom: Uint8Array, other: Uint8Array): boolean =>
  other.every((byte, at) => (byte & ~(bloom[at] ?? 0)) === 0);

const bits = (bloom: Uint8Array): number => {
  let count = 0;
  for (let byte of bloom) for (; byte !== 0; byte &= byte - 1) count += 1;
  return count;
};
