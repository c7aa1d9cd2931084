import type { RawJson } from '../jsonrpc/message.ts';

const NUMBER = '"blockNumber"';
const HASH = '"blockHash"';
/** Bytes that a member's name, its value and the white space between may take. */
const REACH = 96;

/** The block that something is part of. */
export interface Inclusion {
  /** Exact below 2^53; above, still above every block there is. */
  readonly number: number;
  /** 0x-prefixed, lower case. */
  readonly hash: string;
}

/**
 * The block that a transaction, a receipt or a list of traces says it belongs to; undefined where it does not say, as for
 * one that is pending. The names are found in the bytes: inside a string their quotes would be escaped. Parity tells the
 * height of traces in decimal.
 */
export const inclusionOf = (result: RawJson): Inclusion | undefined => {
  const hash = /^"blockHash"\s*:\s*"(0x[0-9a-fA-F]{64})"/.exec(after(result, HASH))?.[1];
  if (hash === undefined) return undefined;
  const number = /^"blockNumber"\s*:\s*(?:"(0x[0-9a-fA-F]{1,64})"|(\d{1,64})\b)/.exec(after(result, NUMBER));
  const height = number?.[1] ?? number?.[2];
  return height === undefined ? undefined : { number: Number(height), hash: hash.toLowerCase() };
};

const after = (result: RawJson, name: string): string => {
  const at = result.indexOf(name, 0, 'latin1');
  return at === -1 ? '' : result.toString('latin1', at, Math.min(result.length, at + REACH));
};
