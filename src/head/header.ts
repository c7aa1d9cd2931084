import { isSealed } from '../ethereum/header-hash.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import { skipSpace, skipValue } from '../jsonrpc/scan.ts';

/** A block's header, as far as a tree needs it, and its own JSON for those who are told of it. */
export interface Header {
  readonly number: number;
  /** 0x-prefixed lower-case hex, as is `parentHash`. */
  readonly hash: string;
  readonly parentHash: string;
  /** Seconds since the Unix epoch. */
  readonly timestamp: number;
  /** The header object as nodes push it in `newHeads`: without transactions, uncles, withdrawals and sizes. */
  readonly raw: RawJson;
}

const hashPattern = /^0x[0-9a-f]{64}$/i;
const quantityPattern = /^0x[0-9a-f]{1,14}$/i;
/** Clique and QBFT carry their validators in `extraData`; a hundred of them still fit. */
const maxHeaderBytes = 64 * 1024;
/** Heights are written down in six bytes: in cursors, and where answers are kept. */
const highest = 2 ** 48 - 1;
/** Levels of nesting; a header has one, and an extension of some chain may have a few. */
const deepest = 16;
/** What `eth_getBlockBy*` says of a block beyond what `newHeads` does. */
const bodyKeys = ['transactions', 'uncles', 'withdrawals', 'size', 'totalDifficulty'];

/** A JSON-RPC quantity as a number; undefined when it is none, or beyond 2^53. */
export const readQuantity = (value: unknown): number | undefined => {
  if (typeof value !== 'string' || !quantityPattern.test(value)) return undefined;
  const number = Number.parseInt(value.slice(2), 16);
  return Number.isSafeInteger(number) ? number : undefined;
};

/** A block or header object as a node told it; undefined for `null`, a pending block, and whatever else is no header. */
export const readHeader = (raw: RawJson): Header | undefined => {
  let block: unknown;
  try {
    block = JSON.parse(raw.toString());
  } catch {
    return undefined;
  }
  if (typeof block !== 'object' || block === null || Array.isArray(block)) return undefined;
  const { hash, parentHash, number, timestamp } = block as Record<string, unknown>;
  if (typeof hash !== 'string' || !hashPattern.test(hash)) return undefined;
  if (typeof parentHash !== 'string' || !hashPattern.test(parentHash)) return undefined;
  const height = readQuantity(number);
  const time = readQuantity(timestamp);
  if (height === undefined || time === undefined) return undefined;
  if (height > highest) return undefined;
  const header = headerOnly(block as Record<string, unknown>, raw);
  if (header.length > maxHeaderBytes || skipValue(header, skipSpace(header, 0), deepest) < 0) return undefined;
  return {
    number: height,
    hash: hash.toLowerCase(),
    parentHash: parentHash.toLowerCase(),
    timestamp: time,
    raw: header,
  };
};

const headerOnly = (block: Record<string, unknown>, raw: RawJson): RawJson => {
  if (!bodyKeys.some((key) => key in block)) return raw;
  const kept = Object.entries(block).filter(([key]) => !bodyKeys.includes(key));
  return Buffer.from(JSON.stringify(Object.fromEntries(kept)));
};

/** True if the header's hash is made of its own fields. False proves nothing on chains that hash in another way. */
export const isTrue = (header: Header): boolean => isSealed(JSON.parse(header.raw.toString()));
