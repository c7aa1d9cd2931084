import { keccak_256 } from '@noble/hashes/sha3.js';
import type { LogFilter, LogLike } from './logs.ts';

const size = 256;

/** The three bits that a value sets, as [byte, mask] pairs (yellow paper, M3:2048). */
type Bits = readonly (readonly [byte: number, mask: number])[];

const bitsOf = (value: Uint8Array): Bits => {
  const hash = keccak_256(value);
  return [0, 2, 4].map((i) => {
    const bit = (((hash[i] ?? 0) << 8) | (hash[i + 1] ?? 0)) & 0x7ff;
    return [size - 1 - (bit >> 3), 1 << (bit & 7)] as const;
  });
};

const bytes = (hex: string): Uint8Array => Buffer.from(hex.slice(2), 'hex');
const holds = (bloom: Uint8Array, bits: Bits): boolean =>
  bits.every(([byte, mask]) => ((bloom[byte] ?? 0) & mask) !== 0);

/** Reads a header's `logsBloom`; undefined where it is not 256 bytes of hex. */
export const parseBloom = (hex: unknown): Uint8Array | undefined =>
  typeof hex === 'string' && /^0x[0-9a-fA-F]{512}$/.test(hex) ? bytes(hex) : undefined;

/**
 * Prepares a filter, so that each block costs no hashing: the test is false if no log of a block with this bloom can
 * match, which makes `[]` the true answer.
 */
export const bloomTest = ({ addresses, topics }: LogFilter): ((bloom: Uint8Array) => boolean) => {
  const needed = [addresses, ...topics].flatMap((set) =>
    set === undefined ? [] : [[...set].map((value) => bitsOf(bytes(value)))],
  );
  return (bloom) => needed.every((options) => options.some((bits) => holds(bloom, bits)));
};

/** The bloom of logs; of all logs of a block it equals the header's, or logs are missing or made up. */
export const bloomOf = (logs: Iterable<LogLike>): Uint8Array => {
  const bloom = new Uint8Array(size);
  for (const { address, topics } of logs) {
    for (const value of [address, ...topics]) {
      for (const [byte, mask] of bitsOf(bytes(value))) bloom[byte] = (bloom[byte] ?? 0) | mask;
    }
  }
  return bloom;
};
