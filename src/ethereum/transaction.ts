import { keccak_256 } from '@noble/hashes/sha3.js';
import { integer, members, type RlpItem, readItem } from './rlp.ts';

/** What a signed transaction says about itself, without its sender. */
export interface RawTransaction {
  /** The hash by which the chain will know it, 0x-prefixed lower case. */
  readonly hash: `0x${string}`;
  /** 0 for legacy, else the EIP-2718 type byte. */
  readonly type: number;
  /** Undefined for a type that is not known here, or a nonce beyond 2^53. */
  readonly nonce: number | undefined;
}

const blob = 3;
/** Access list, fee market, blob, set-code: each begins with chain id and nonce (EIP-2930, 1559, 4844, 7702). */
const newestKnownType = 4;

const hashOf = (...parts: readonly Uint8Array[]): `0x${string}` => {
  const state = keccak_256.create();
  for (const part of parts) state.update(part);
  return `0x${Buffer.from(state.digest()).toString('hex')}`;
};

/** The list that fills the bytes from `at` on, nothing before and nothing after it. */
const onlyList = (bytes: Uint8Array, at: number): RlpItem | undefined => {
  const item = readItem(bytes, at, bytes.length);
  return item?.kind === 'list' && item.end === bytes.length ? item : undefined;
};

const typed = (bytes: Uint8Array, type: number): RawTransaction | undefined => {
  if (type > newestKnownType) return { hash: hashOf(bytes), type, nonce: undefined };
  const outer = onlyList(bytes, 1);
  const first = outer && members(bytes, outer, 1)?.[0];
  if (first === undefined) return undefined;
  // A blob transaction on its way carries a sidecar: the transaction proper is the first member, itself a list (EIP-4844,
  // and EIP-7594, which puts a version byte after it). The chain's hash is of the type byte and that list alone.
  const wrapped = type === blob && first.kind === 'list';
  const fields = wrapped ? first : outer;
  if (fields === undefined) return undefined;
  const [chainId, nonce] = members(bytes, fields, 2) ?? [];
  if (chainId?.kind !== 'string' || nonce === undefined) return undefined;
  const hash = wrapped ? hashOf(bytes.subarray(0, 1), bytes.subarray(first.at, first.end)) : hashOf(bytes);
  return { hash, type, nonce: integer(bytes, nonce) };
};

const legacy = (bytes: Uint8Array): RawTransaction | undefined => {
  const list = onlyList(bytes, 0);
  const nonce = list && members(bytes, list, 1)?.[0];
  return nonce?.kind === 'string' ? { hash: hashOf(bytes), type: 0, nonce: integer(bytes, nonce) } : undefined;
};

/** Reads what `eth_sendRawTransaction` is given; undefined where no node would take it for a transaction. */
export const readTransaction = (raw: string): RawTransaction | undefined => {
  if (raw.length % 2 !== 0 || !/^0x[0-9a-fA-F]+$/.test(raw)) return undefined;
  const bytes = Buffer.from(raw.slice(2), 'hex');
  const first = bytes[0] ?? 0;
  if (first >= 0xc0) return legacy(bytes);
  return first === 0 || first > 0x7f ? undefined : typed(bytes, first);
};

/** The hash of a raw transaction; of a blob transaction in network form, the hash without its sidecar. */
export const transactionHash = (raw: string): `0x${string}` | undefined => readTransaction(raw)?.hash;
