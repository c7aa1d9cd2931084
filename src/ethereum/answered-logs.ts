import type { RawJson } from '../jsonrpc/message.ts';
import { skipSpace, skipValue } from '../jsonrpc/scan.ts';
import { valuesWithin } from '../jsonrpc/value-count.ts';
import type { LogLike } from './logs.ts';

/** A log object as a node said it, whose members below have been looked at; of the others anything may be. */
export interface AnsweredLog extends LogLike, Readonly<Record<string, unknown>> {
  readonly blockHash: string;
  /** Quantities, as hex. */
  readonly blockNumber: string;
  readonly logIndex: string;
}

/** Levels of nesting: receipts with their logs have five, and an extension of some chain may have a few more. */
const DEEPEST = 16;
/** Bytes: the receipts of a full block are a few MB, and parsing more would hold up everybody else's calls. */
const LARGEST = 32 * 1024 * 1024;
/** Values that as many bytes of logs hold, and then some. */
const MOST_VALUES = 1_000_000;
const hash = /^0x[0-9a-f]{64}$/i;
const address = /^0x[0-9a-f]{40}$/i;
const quantity = /^0x[0-9a-f]{1,13}$/i;

/** The logs in an answer of `eth_getLogs`; undefined where it is not a list of mined logs and nothing else. */
export const readLogs = (answer: RawJson): readonly AnsweredLog[] | undefined => {
  const logs = parsed(answer);
  return Array.isArray(logs) && logs.every(isLog) ? logs : undefined;
};

/** The logs in an answer of `eth_getBlockReceipts`, as `eth_getLogs` would list them; undefined where it is none. */
export const readLogsOfReceipts = (answer: RawJson): readonly AnsweredLog[] | undefined => {
  const receipts = parsed(answer);
  if (!Array.isArray(receipts)) return undefined;
  const logs: AnsweredLog[] = [];
  for (const receipt of receipts as readonly unknown[]) {
    const own = isFields(receipt) ? receipt['logs'] : undefined;
    if (!Array.isArray(own) || !own.every(isLog)) return undefined;
    for (const log of own) logs.push(log);
  }
  return logs;
};

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const is = (shape: RegExp, value: unknown): boolean => typeof value === 'string' && shape.test(value);

const isLog = (value: unknown): value is AnsweredLog =>
  isFields(value) &&
  is(address, value['address']) &&
  is(hash, value['blockHash']) &&
  is(quantity, value['blockNumber']) &&
  is(quantity, value['logIndex']) &&
  Array.isArray(value['topics']) &&
  value['topics'].every((topic) => is(hash, topic));

const parsed = (answer: RawJson): unknown => {
  if (answer.length > LARGEST || !valuesWithin(answer, MOST_VALUES)) return undefined;
  if (skipValue(answer, skipSpace(answer, 0), DEEPEST) < 0) return undefined;
  try {
    return JSON.parse(answer.toString());
  } catch {
    return undefined;
  }
};
