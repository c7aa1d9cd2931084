import { Transaction, Wallet } from 'ethers';
import fc from 'fast-check';
import { fromRlp, type Hex, keccak256, serializeTransaction, sliceHex, toRlp } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, test } from 'vitest';
import { readTransaction } from '../../src/ethereum/transaction.ts';

const key = `0x${'11'.repeat(32)}` as const;
const account = privateKeyToAccount(key);
const to = `0x${'22'.repeat(20)}` as const;
const fees = { maxFeePerGas: 10n, maxPriorityFeePerGas: 1n };
const base = { to, gas: 21_000n, value: 1n, nonce: 7, chainId: 1 };
const authorization = await account.signAuthorization({ address: to, chainId: 1, nonce: 8 });

const plain = {
  legacy: await account.signTransaction({ ...base, type: 'legacy', gasPrice: 10n }),
  accessList: await account.signTransaction({
    ...base,
    type: 'eip2930',
    gasPrice: 10n,
    accessList: [{ address: to, storageKeys: [key] }],
  }),
  feeMarket: await account.signTransaction({ ...base, ...fees, type: 'eip1559', data: `0x${'ab'.repeat(300)}` }),
  setCode: await account.signTransaction({ ...base, ...fees, type: 'eip7702', authorizationList: [authorization] }),
  creation: await account.signTransaction({ ...base, ...fees, to: null, type: 'eip1559', data: '0x6001' }),
} as const;

const blobless = await account.signTransaction({
  ...base,
  ...fees,
  type: 'eip4844',
  maxFeePerBlobGas: 3n,
  blobVersionedHashes: [`0x01${'33'.repeat(31)}`],
});
const payload = fromRlp(sliceHex(blobless, 1));
const blobs: Hex[] = [`0x${'44'.repeat(4096)}`, `0x${'55'.repeat(131_072)}`];
const commitments: Hex[] = [`0x${'66'.repeat(48)}`, `0x${'77'.repeat(48)}`];
const proofs: Hex[] = [`0x${'88'.repeat(48)}`, `0x${'99'.repeat(48)}`];
const network = (...members: Parameters<typeof toRlp>[0][]): Hex =>
  `0x03${toRlp([payload, ...members] as never).slice(2)}`;
const withSidecar = network(blobs, commitments, proofs);
const withCellProofs = network('0x01', blobs, commitments, [...proofs, ...proofs]);

describe('the hash of a raw transaction', () => {
  test.each(Object.entries(plain))('is the hash of all its bytes: %s', async (_name, raw) => {
    expect(readTransaction(raw)?.hash).toBe(keccak256(raw));
    expect(readTransaction(raw)?.hash).toBe(Transaction.from(raw).hash);
  });

  test('is the same whatever the case of its digits', () => {
    expect(readTransaction(`0x${plain.feeMarket.slice(2).toUpperCase()}`)?.hash).toBe(keccak256(plain.feeMarket));
  });

  test('of a blob transaction in network form leaves the sidecar out', () => {
    expect(readTransaction(blobless)?.hash).toBe(keccak256(blobless));
    expect(readTransaction(withSidecar)?.hash).toBe(keccak256(blobless));
    expect(readTransaction(withCellProofs)?.hash).toBe(keccak256(blobless));
    expect(keccak256(withSidecar)).not.toBe(keccak256(blobless));
  });

  test('of a blob transaction is what viem and ethers say', () => {
    const sidecars = blobs
      .slice(1)
      .map((blob, i) => ({ blob, commitment: commitments[i] as Hex, proof: proofs[i] as Hex }));
    const parsed = Transaction.from(blobless);
    const { r, s, yParity } = parsed.signature as unknown as { r: Hex; s: Hex; yParity: 0 | 1 };
    const raw = serializeTransaction(
      {
        ...base,
        ...fees,
        type: 'eip4844',
        maxFeePerBlobGas: 3n,
        blobVersionedHashes: [`0x01${'33'.repeat(31)}`],
        sidecars,
      },
      { r, s, yParity },
    );
    expect(readTransaction(raw)?.hash).toBe(parsed.hash);
    expect(readTransaction(raw)?.hash).toBe(keccak256(blobless));
  });

  test('of an ethers wallet is what ethers says', async () => {
    const raw = await new Wallet(key).signTransaction({
      to,
      nonce: 300,
      gasLimit: 21_000,
      maxFeePerGas: 9,
      chainId: 5,
      type: 2,
    });
    expect(readTransaction(raw)).toEqual({ hash: Transaction.from(raw).hash, type: 2, nonce: 300 });
  });
});

describe('a raw transaction', () => {
  test('tells its type and nonce', () => {
    expect(readTransaction(plain.legacy)).toMatchObject({ type: 0, nonce: 7 });
    expect(readTransaction(plain.accessList)).toMatchObject({ type: 1, nonce: 7 });
    expect(readTransaction(plain.feeMarket)).toMatchObject({ type: 2, nonce: 7 });
    expect(readTransaction(blobless)).toMatchObject({ type: 3, nonce: 7 });
    expect(readTransaction(withCellProofs)).toMatchObject({ type: 3, nonce: 7 });
    expect(readTransaction(plain.setCode)).toMatchObject({ type: 4, nonce: 7 });
  });

  test('has nonce 0 as the empty string, and no nonce where its type is unknown', async () => {
    const first = await account.signTransaction({ ...base, ...fees, nonce: 0, type: 'eip1559' });
    expect(readTransaction(first)).toMatchObject({ nonce: 0 });
    expect(readTransaction('0x7ec0')).toEqual({ hash: keccak256('0x7ec0'), type: 0x7e, nonce: undefined });
  });

  test.each([
    ['nothing', ''],
    ['no bytes', '0x'],
    ['no prefix', plain.legacy.slice(2)],
    ['half a byte', `${plain.legacy}0`],
    ['other digits', '0xzz'],
    ['a byte too few', plain.legacy.slice(0, -2)],
    ['a byte too many', `${plain.feeMarket}00`],
    ['a string instead of a list', '0x02820102'],
    ['an empty list', '0xc0'],
    ['a type without a list', '0x02'],
    ['a lone byte', '0x80'],
    ['a blob wrapper around nothing', '0x03c1c0'],
    ['a list for a chain id', '0x02c2c001'],
    ['type zero', `0x00${plain.feeMarket.slice(4)}`],
  ])('is no transaction: %s', (_what, raw) => {
    expect(readTransaction(raw)).toBeUndefined();
  });

  test('cut anywhere, or with any byte changed, is read without a throw', () => {
    const samples = fc.constantFrom(...Object.values(plain), blobless);
    fc.assert(
      fc.property(samples, fc.nat(), fc.nat(255), (raw, place, byte) => {
        const bytes = Buffer.from(raw.slice(2), 'hex');
        expect(readTransaction(`0x${bytes.subarray(0, place % bytes.length).toString('hex')}`)).toBeUndefined();
        bytes[place % bytes.length] = byte;
        const changed: Hex = `0x${bytes.toString('hex')}`;
        const hash = readTransaction(changed)?.hash;
        if (hash !== undefined) expect(hash).toBe(keccak256(changed));
      }),
      { numRuns: 1000, examples: [[blobless, blobless.slice(2).indexOf('01') / 2, 0xc2]] },
    );
  });
});
