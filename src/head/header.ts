import { differences, isSealed } from '../ethereum/header-hash.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import { ANY_DEPTH, OPEN_OBJECT, skipSpace, skipValue, walkObject } from '../jsonrpc/scan.ts';
import { shortValue } from '../jsonrpc/short-value.ts';

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
/** A hundred thousand hashes of transactions fit. */
const maxBlockBytes = 8 * 1024 * 1024;
/** Heights are written down in six bytes: in cursors, and where answers are kept. */
const highest = 2 ** 48 - 1;
/** Levels of nesting; a header has one, and an extension of some chain may have a few. */
const deepest = 16;
/** What `eth_getBlockBy*` says of a block beyond what `newHeads` does. */
const bodyKeys: ReadonlySet<string> = new Set(['transactions', 'uncles', 'withdrawals', 'size', 'totalDifficulty']);
const longestKey = 'totalDifficulty'.length;

/** A JSON-RPC quantity as a number; undefined when it is none, or beyond 2^53. */
export const readQuantity = (value: unknown): number | undefined => {
  if (typeof value !== 'string' || !quantityPattern.test(value)) return undefined;
  const number = Number.parseInt(value.slice(2), 16);
  return Number.isSafeInteger(number) ? number : undefined;
};

/** A block or header object as a node told it; undefined for `null`, a pending block, and whatever else is no header. */
export const readHeader = (block: RawJson): Header | undefined => {
  const raw = headerOnly(block);
  const value = raw && shortValue(raw);
  if (raw === undefined || typeof value !== 'object' || value === null) return undefined;
  const { hash, parentHash, number, timestamp } = value as Record<string, unknown>;
  if (typeof hash !== 'string' || !hashPattern.test(hash)) return undefined;
  if (typeof parentHash !== 'string' || !hashPattern.test(parentHash)) return undefined;
  const height = readQuantity(number);
  const time = readQuantity(timestamp);
  if (height === undefined || time === undefined) return undefined;
  if (height > highest) return undefined;
  return { number: height, hash: hash.toLowerCase(), parentHash: parentHash.toLowerCase(), timestamp: time, raw };
};

/**
 * The object without its body, which may be of megabytes and is looked at but not parsed; undefined for what is no
 * object, or too large or too deep for a header.
 */
const headerOnly = (block: RawJson): RawJson | undefined => {
  const start = skipSpace(block, 0);
  if (block.length > maxBlockBytes || block[start] !== OPEN_OBJECT) return undefined;
  const kept: { readonly from: number; readonly to: number }[] = [];
  let bytes = 0;
  let cut = false;
  const end = walkObject(block, start, (key, value) => {
    const name = block.toString('latin1', key + 1, key + longestKey + 2);
    const isBody = bodyKeys.has(name.slice(0, name.indexOf('"')));
    const after = skipValue(block, value, isBody ? ANY_DEPTH : deepest);
    cut ||= isBody;
    if (isBody || after < 0) return after;
    bytes += after - key;
    if (bytes > maxHeaderBytes) return ~after;
    kept.push({ from: key, to: after });
    return after;
  });
  if (end < 0 || skipSpace(block, end) < block.length) return undefined;
  if (!cut) return block;
  return Buffer.from(`{${kept.map(({ from, to }) => block.toString('utf8', from, to)).join(',')}}`);
};

/** True if the header's hash is made of its own fields. False proves nothing on chains that hash in another way. */
export const isTrue = (header: Header): boolean => isSealed(fieldsOf(header));

/** Fields in which two headers contradict each other. */
export const conflicts = (one: Header, other: Header): readonly string[] => differences(fieldsOf(one), fieldsOf(other));

const fieldsOf = ({ raw }: Header): Readonly<Record<string, unknown>> => JSON.parse(raw.toString());
