import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { encodeList, encodeString, members, type RlpItem } from './rlp.ts';
import { openTransaction } from './transaction.ts';

type Field = 'integer' | 'address' | 'recipient' | 'bytes' | 'list';

const legacy: readonly Field[] = ['integer', 'integer', 'integer', 'recipient', 'integer', 'bytes'];
const feeMarket: readonly Field[] = ['integer', 'integer', ...legacy, 'list'];
/** As for the fee market, but nothing is created with it. */
const called: readonly Field[] = feeMarket.map((field) => (field === 'recipient' ? 'address' : field));

/** What is signed, by type: EIP-155, 2930, 1559, 4844 and 7702. In all of them the signature's three integers follow. */
const signedFields: readonly (readonly Field[])[] = [
  legacy,
  ['integer', ...legacy, 'list'],
  feeMarket,
  [...called, 'integer', 'list'],
  [...called, 'list'],
];
const signature: readonly Field[] = ['integer', 'integer', 'integer'];

const is = (bytes: Uint8Array, item: RlpItem | undefined, field: Field): boolean => {
  if (item === undefined) return false;
  const length = item.end - item.start;
  if ((field === 'list') !== (item.kind === 'list')) return false;
  if (field === 'integer') return length === 0 || (length <= 32 && bytes[item.start] !== 0);
  return field === 'address' ? length === 20 : field !== 'recipient' || length === 20 || length === 0;
};

const valueOf = (bytes: Buffer, item: RlpItem): bigint => BigInt(`0x0${bytes.toString('hex', item.start, item.end)}`);

/** What a legacy transaction's `v` says: the parity, and what is signed after the fields (EIP-155; nothing before it). */
const readV = (v: bigint): { readonly parity: number; readonly extra: readonly Uint8Array[] } | undefined => {
  if (v === 27n || v === 28n) return { parity: Number(v - 27n), extra: [] };
  if (v < 35n) return undefined;
  const digits = ((v - 35n) / 2n).toString(16);
  const chainId = digits === '0' ? '' : digits.padStart(digits.length + (digits.length % 2), '0');
  return { parity: Number((v - 35n) % 2n), extra: [encodeString(Buffer.from(chainId, 'hex')), Buffer.of(0x80, 0x80)] };
};

const readParity = (parity: bigint) => (parity > 1n ? undefined : { parity: Number(parity), extra: [] });

/** The last 20 bytes of the public key's hash; undefined where no key can have made the signature (EIP-2: low s only). */
const recover = (hash: Uint8Array, r: bigint, s: bigint, parity: number): `0x${string}` | undefined => {
  try {
    const signed = new secp256k1.Signature(r, s, parity);
    if (signed.hasHighS()) return undefined;
    const key = signed.recoverPublicKey(hash).toBytes(false).subarray(1);
    return `0x${Buffer.from(keccak_256(key).subarray(12)).toString('hex')}`;
  } catch {
    // The library throws for numbers that are no signature.
    return undefined;
  }
};

/**
 * Who signed what `eth_sendRawTransaction` is given, as a lower-case address; undefined for a type that is not known
 * here, for fields that are not of their type, and for what is no signature. Lists are not looked into: a node judges
 * these. A millisecond or two of work.
 */
export const senderOf = (raw: string): `0x${string}` | undefined => {
  const opened = openTransaction(raw);
  const expected = opened && signedFields[opened.type];
  if (opened?.fields === undefined || expected === undefined) return undefined;
  const { bytes, type, fields } = opened;
  const layout = [...expected, ...signature];
  const items = members(bytes, fields, layout.length + 1);
  if (items?.length !== layout.length || !layout.every((field, i) => is(bytes, items[i], field))) return undefined;
  const [v, r, s] = items.slice(-3) as [RlpItem, RlpItem, RlpItem];
  const said = (type === 0 ? readV : readParity)(valueOf(bytes, v));
  if (said === undefined) return undefined;
  const list = encodeList([bytes.subarray(fields.start, v.at), ...said.extra]);
  const hash = keccak_256(type === 0 ? list : Buffer.concat([Buffer.of(type), list]));
  return recover(hash, valueOf(bytes, r), valueOf(bytes, s), said.parity);
};
