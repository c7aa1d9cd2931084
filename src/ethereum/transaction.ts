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

/** A signed transaction's bytes, and the list in them that holds its fields. */
export interface TransactionBytes {
  readonly bytes: Buffer;
  /** 0 for legacy, else the EIP-2718 type byte. */
  readonly type: number;
  /** Undefined for a type that is not known here. A blob transaction's fields are without its sidecar. */
  readonly fields: RlpItem | undefined;
}

const blob = 3;
/** Access list, fee market, blob, set-code: each begins with chain id and nonce (EIP-2930, 1559, 4844, 7702). */
const newestKnownType = 4;

/** Members of a blob transaction with its sidecar: itself, perhaps a version, blobs, commitments, proofs. */
const wrapped = { least: 4, most: 5 };

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

/**
 * The fields of a typed transaction. A blob transaction on its way carries a sidecar: the transaction proper is the first
 * member, itself a list (EIP-4844, and EIP-7594, which puts a version byte after it).
 */
const typedFields = (bytes: Uint8Array, type: number): RlpItem | undefined => {
  const outer = onlyList(bytes, 1);
  const parts = (type === blob && outer && members(bytes, outer, wrapped.most + 1)) || [];
  const [first] = parts;
  return first?.kind === 'list' && parts.length >= wrapped.least && parts.length <= wrapped.most ? first : outer;
};

/** Takes apart what `eth_sendRawTransaction` is given; undefined where that is no bytes, or no envelope of a transaction. */
export const openTransaction = (raw: string): TransactionBytes | undefined => {
  if (raw.length % 2 !== 0 || !/^0x[0-9a-fA-F]+$/.test(raw)) return undefined;
  const bytes = Buffer.from(raw.slice(2), 'hex');
  const first = bytes[0] ?? 0;
  if (first === 0 || (first > 0x7f && first < 0xc0)) return undefined;
  const type = first < 0xc0 ? first : 0;
  if (type > newestKnownType) return { bytes, type, fields: undefined };
  const fields = type === 0 ? onlyList(bytes, 0) : typedFields(bytes, type);
  return fields && { bytes, type, fields };
};

/** Reads what `eth_sendRawTransaction` is given; undefined where no node would take it for a transaction. */
export const readTransaction = (raw: string): RawTransaction | undefined => {
  const opened = openTransaction(raw);
  if (opened === undefined) return undefined;
  const { bytes, type, fields } = opened;
  if (fields === undefined) return { hash: hashOf(bytes), type, nonce: undefined };
  const [first, second] = members(bytes, fields, type === 0 ? 1 : 2) ?? [];
  const nonce = type === 0 ? first : second;
  if (first?.kind !== 'string' || nonce === undefined) return undefined;
  // The chain's hash is of the type byte and the fields alone, whatever is sent beside them.
  const hash = type === 0 ? hashOf(bytes) : hashOf(bytes.subarray(0, 1), bytes.subarray(fields.at, fields.end));
  return { hash, type, nonce: integer(bytes, nonce) };
};
