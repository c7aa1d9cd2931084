import { Transaction, Wallet } from 'ethers';
import fc from 'fast-check';
import {
  bytesToHex,
  fromRlp,
  type Hex,
  keccak256,
  parseTransaction,
  recoverTransactionAddress,
  sliceHex,
  toRlp,
} from 'viem';
import { privateKeyToAccount, sign } from 'viem/accounts';
import { describe, expect, test } from 'vitest';
import { senderOf } from '../../src/ethereum/sender.ts';

const key: Hex = `0x${'11'.repeat(32)}`;
const account = privateKeyToAccount(key);
const sender = account.address.toLowerCase();
const to: Hex = `0x${'22'.repeat(20)}`;
const fees = { maxFeePerGas: 10n, maxPriorityFeePerGas: 1n };
const base = { to, gas: 21_000n, value: 1n, nonce: 7, chainId: 1 };
const accessList = [{ address: to, storageKeys: [key] }];
const authorization = await account.signAuthorization({ address: to, chainId: 1, nonce: 8 });
const blob = { maxFeePerBlobGas: 3n, blobVersionedHashes: [`0x01${'33'.repeat(31)}`] as Hex[] };

const vectors = {
  'legacy, before EIP-155': await account.signTransaction({ to, gas: 21_000n, nonce: 7, type: 'legacy', gasPrice: 1n }),
  'legacy, EIP-155': await account.signTransaction({ ...base, type: 'legacy', gasPrice: 10n }),
  'legacy, a chain id of many bytes': await account.signTransaction({
    ...base,
    chainId: Number.MAX_SAFE_INTEGER,
    type: 'legacy',
    gasPrice: 10n,
  }),
  'EIP-2930': await account.signTransaction({ ...base, type: 'eip2930', gasPrice: 10n, accessList }),
  'EIP-1559': await account.signTransaction({ ...base, ...fees, type: 'eip1559', data: `0x${'ab'.repeat(300)}` }),
  'EIP-1559, creation': await account.signTransaction({ ...base, ...fees, to: null, type: 'eip1559', data: '0x6001' }),
  'EIP-4844': await account.signTransaction({ ...base, ...fees, ...blob, type: 'eip4844', accessList }),
  'EIP-7702': await account.signTransaction({ ...base, ...fees, type: 'eip7702', authorizationList: [authorization] }),
} as const;
const samples = Object.values(vectors);

const bytesOf = (raw: Hex): Buffer => Buffer.from(raw.slice(2), 'hex');

/** A transaction with one of its fields, counted from the end where negative, made another one. */
const withField = (raw: Hex, index: number, value: Hex): Hex => {
  const type = Number.parseInt(raw.slice(2, 4), 16);
  const fields = fromRlp(type < 0xc0 ? sliceHex(raw, 1) : raw) as Hex[];
  const list = toRlp(fields.with(index, value));
  return type < 0xc0 ? `${raw.slice(0, 4) as Hex}${list.slice(2)}` : list;
};

describe('the sender of a raw transaction', () => {
  test.each(Object.entries(vectors))('is who signed it, as viem and ethers say: %s', async (_name, raw) => {
    expect(senderOf(raw)).toBe(sender);
    expect((await recoverTransactionAddress({ serializedTransaction: raw as never })).toLowerCase()).toBe(sender);
    expect(Transaction.from(raw).from?.toLowerCase()).toBe(sender);
    expect(senderOf(`0x${raw.slice(2).toUpperCase()}`)).toBe(sender);
  });

  test.each([0, 1, 2])('of an ethers wallet is the wallet: type %i', async (type) => {
    const wallet = new Wallet(`0x${'7e'.repeat(32)}`);
    const price = type === 2 ? { maxFeePerGas: 9, maxPriorityFeePerGas: 2 } : { gasPrice: 9 };
    const raw = await wallet.signTransaction({ to, nonce: 300, gasLimit: 21_000, chainId: 5, type, ...price });
    expect(senderOf(raw)).toBe(wallet.address.toLowerCase());
  });

  test('of a blob transaction in network form is that of the transaction without its sidecar', () => {
    const fields = fromRlp(sliceHex(vectors['EIP-4844'], 1));
    const proof: Hex[] = [`0x${'88'.repeat(48)}`];
    const blobs: Hex[] = [`0x${'55'.repeat(131_072)}`];
    for (const sidecar of [
      [blobs, proof, proof],
      ['0x01', blobs, proof, [...proof, ...proof]],
    ]) {
      expect(senderOf(`0x03${toRlp([fields, ...sidecar] as never).slice(2)}`)).toBe(sender);
    }
  });

  test('is the account, whatever it signs', async () => {
    const bytes = (length: number) =>
      fc.uint8Array({ minLength: length, maxLength: length }).map((one) => bytesToHex(one));
    const integer = (bits: bigint) => fc.bigInt(0n, 2n ** bits - 1n);
    const access = fc.array(fc.record({ address: bytes(20), storageKeys: fc.array(bytes(32), { maxLength: 3 }) }), {
      maxLength: 3,
    });
    const fields = fc.record({
      to: bytes(20),
      nonce: fc.nat(),
      gas: integer(63n),
      value: integer(256n),
      data: fc.uint8Array({ maxLength: 400 }).map((one) => bytesToHex(one)),
      chainId: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    });
    const gasPrice = integer(128n);
    const market = fc.tuple(gasPrice, gasPrice).map(([a, b]) => ({
      maxFeePerGas: a > b ? a : b,
      maxPriorityFeePerGas: a > b ? b : a,
    }));
    const typed = fc.oneof(
      fc.record({ type: fc.constant('legacy'), gasPrice }),
      fc.record({ type: fc.constant('legacy'), gasPrice, chainId: fc.constant(undefined) }),
      fc.record({ type: fc.constant('eip2930'), gasPrice, accessList: access }),
      fc.tuple(market, access).map(([prices, list]) => ({ type: 'eip1559', ...prices, accessList: list })),
      fc.tuple(market, access).map(([prices, list]) => ({ type: 'eip4844', ...prices, ...blob, accessList: list })),
      market.map((prices) => ({ type: 'eip7702', ...prices, authorizationList: [authorization] })),
    );
    const keys = fc.bigInt(1n, 2n ** 255n).map((n): Hex => `0x${n.toString(16).padStart(64, '0')}`);
    await fc.assert(
      fc.asyncProperty(keys, fields, typed, async (secret, common, special) => {
        const signer = privateKeyToAccount(secret);
        const raw = await signer.signTransaction({ ...common, ...special } as never);
        expect(senderOf(raw)).toBe(signer.address.toLowerCase());
      }),
      { numRuns: 300 },
    );
  });
});

describe('there is no sender where', () => {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const market = vectors['EIP-1559'];
  const { s = '0x' } = parseTransaction(market);
  const word = (n: bigint): Hex => `0x${n.toString(16).padStart(64, '0')}`;

  test.each([
    ['r is zero', withField(market, -2, '0x')],
    ['s is zero', withField(market, -1, '0x')],
    ['r is the order of the curve', withField(market, -2, word(order))],
    ['s is beyond the order', withField(market, -1, `0x${'ff'.repeat(32)}`)],
    ['r is no point of the curve', withField(market, -2, '0x05')],
    ['r is longer than a word', withField(market, -2, `0x01${'00'.repeat(32)}`)],
    ['r has a leading zero', withField(market, -2, `0x00${'11'.repeat(31)}`)],
    ['s is the high one of the two', withField(market, -1, word(order - BigInt(s)))],
    ['the parity is neither', withField(market, -3, '0x02')],
    ['v is a parity', withField(vectors['legacy, EIP-155'], -3, '0x01')],
    ['v is no parity and no chain’s', withField(vectors['legacy, EIP-155'], -3, '0x1d')],
    ['nothing is signed yet', withField(withField(vectors['legacy, EIP-155'], -2, '0x'), -1, '0x')],
    ['the recipient is too short', withField(market, 5, '0x22')],
    ['a blob transaction creates', withField(vectors['EIP-4844'], 5, '0x')],
    ['the nonce has a leading zero', withField(market, 1, '0x0007')],
    ['a list is a string', withField(market, 8, '0x')],
    ['a string is a list', withField(market, 7, [] as never)],
    ['a field is missing', `0x02${toRlp((fromRlp(sliceHex(market, 1)) as Hex[]).slice(1)).slice(2)}`],
    [
      'there is a field too many',
      `0x02${toRlp((fromRlp(sliceHex(market, 1)) as Hex[]).toSpliced(9, 0, '0x05')).slice(2)}`,
    ],
    ['the type is another one', `0x01${market.slice(4)}`],
    ['the type is not known', `0x05${market.slice(4)}`],
    ['a byte follows', `${market}00`],
    ['a byte lacks', market.slice(0, -2)],
    ['the digits are none', '0xzz'],
    ['there is nothing', ''],
  ])('%s', (_what, raw) => {
    expect(senderOf(raw)).toBeUndefined();
  });

  test('a signature of something else names someone else', async () => {
    const { r, s: other } = await sign({ hash: keccak256('0x01'), privateKey: key });
    expect(senderOf(withField(withField(market, -2, r), -1, other))).not.toBe(sender);
  });

  test('cut anywhere, or with any byte changed, or any bytes at all: a lower-case address or none, never a throw', () => {
    const harmless = (raw: string): void => {
      expect(senderOf(raw) ?? sender).toMatch(/^0x[0-9a-f]{40}$/);
    };
    fc.assert(
      fc.property(fc.constantFrom(...samples), fc.nat(), fc.nat(255), (raw, place, byte) => {
        const bytes = bytesOf(raw);
        expect(senderOf(`0x${bytes.toString('hex', 0, place % bytes.length)}`)).toBeUndefined();
        bytes[place % bytes.length] = byte;
        harmless(`0x${bytes.toString('hex')}`);
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => harmless(bytesToHex(bytes))));
    fc.assert(fc.property(fc.string(), harmless));
    const item = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((one) => bytesToHex(one)),
      fc.constant([]),
    );
    const lists = fc.array(item, { minLength: 8, maxLength: 15 }).map((items) => toRlp(items as never).slice(2));
    fc.assert(
      fc.property(lists, fc.constantFrom('', '01', '02', '03', '04'), (list, type) => harmless(`0x${type}${list}`)),
    );
  });
});
