import { keccak_256 } from '@noble/hashes/sha3.js';
import { encodeList, encodeString } from './rlp.ts';

type Encoding = 'bytes' | 'integer';

/**
 * The fields that a header's hash is made of, in their order: the yellow paper's fifteen, then those that forks have
 * added, each of which is there only where all before it are (EIP-1559, 4895, 4844, 4788, 7685).
 */
const fields: readonly (readonly [name: string, encoding: Encoding])[] = [
  ['parentHash', 'bytes'],
  ['sha3Uncles', 'bytes'],
  ['miner', 'bytes'],
  ['stateRoot', 'bytes'],
  ['transactionsRoot', 'bytes'],
  ['receiptsRoot', 'bytes'],
  ['logsBloom', 'bytes'],
  ['difficulty', 'integer'],
  ['number', 'integer'],
  ['gasLimit', 'integer'],
  ['gasUsed', 'integer'],
  ['timestamp', 'integer'],
  ['extraData', 'bytes'],
  ['mixHash', 'bytes'],
  ['nonce', 'bytes'],
  ['baseFeePerGas', 'integer'],
  ['withdrawalsRoot', 'bytes'],
  ['blobGasUsed', 'integer'],
  ['excessBlobGas', 'integer'],
  ['parentBeaconBlockRoot', 'bytes'],
  ['requestsHash', 'bytes'],
];
const always = 15;
const hexText = /^0x[0-9a-f]*$/i;

/**
 * True if the `hash` of a header or block object (as JSON-RPC shows it) is the keccak of its fields. False proves a lie
 * only on chains that hash as Ethereum does: QBFT, IBFT and some second layers leave fields out or add their own.
 */
export const isSealed = (header: Readonly<Record<string, unknown>>): boolean => {
  const items: Buffer[] = [];
  for (const [index, [name, encoding]] of fields.entries()) {
    const value = header[name];
    if (value === undefined && index >= always) break;
    if (typeof value !== 'string' || !hexText.test(value)) return false;
    items.push(encodeString(encoding === 'bytes' ? evenHex(value.slice(2)) : integerHex(value.slice(2))));
  }
  const hash = Buffer.from(keccak_256(encodeList(items))).toString('hex');
  return typeof header['hash'] === 'string' && header['hash'].toLowerCase() === `0x${hash}`;
};

/**
 * Those of these fields that two objects tell differently. What only one of them tells says nothing, and neither do zeros
 * in front, with which clients fill up some values.
 */
export const differences = (
  one: Readonly<Record<string, unknown>>,
  other: Readonly<Record<string, unknown>>,
): readonly string[] =>
  fields.flatMap(([name]) => {
    const [mine, theirs] = [one[name], other[name]];
    if (typeof mine !== 'string' || typeof theirs !== 'string') return [];
    return plain(mine) === plain(theirs) ? [] : [name];
  });

const plain = (value: string): string => value.toLowerCase().replace(/^0x0*/, '');

const evenHex = (digits: string): Buffer => Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
const integerHex = (digits: string): Buffer => evenHex(digits.replace(/^0+/, ''));
