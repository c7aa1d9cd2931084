import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { readHeader, readQuantity } from '../../src/head/header.ts';
import { ScriptedChain } from '../support/scripted-chain.ts';

const chain = new ScriptedChain();
const block = chain.extend(chain.genesis, 3);
const raw = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('a header', () => {
  it('is read from what newHeads pushes, and kept byte for byte', () => {
    const pushed = Buffer.from(` ${JSON.stringify(block.header)}`);
    expect(readHeader(pushed)).toEqual({
      number: 3,
      hash: block.hash,
      parentHash: block.parentHash,
      timestamp: block.timestamp,
      raw: pushed,
    });
  });

  it('is read from a whole block without its transactions, uncles, withdrawals and sizes', () => {
    const whole = {
      ...block.header,
      transactions: [{ hash: '0x1' }],
      uncles: [],
      size: '0x2',
      withdrawals: [],
      totalDifficulty: '0x0',
    };
    expect(JSON.parse(readHeader(raw(whole))?.raw.toString() ?? '')).toEqual(block.header);
  });

  it('is read from a block of thousands of transactions, whose own bytes stay as they are', () => {
    const [opening] = JSON.stringify(block.header).split('}');
    const hashes = JSON.stringify(Array.from({ length: 30_000 }, () => block.hash));
    const whole = Buffer.from(` ${opening} , "n\\u006fte": [1.0, "\u00e9"] ,"transactions" : ${hashes}, "uncles":[]} `);
    expect(readHeader(whole)?.raw.toString()).toBe(`${opening},"n\\u006fte": [1.0, "\u00e9"]}`);
  });

  it('is not read from megabytes of brackets, which are not even parsed', ({ onTestFinished }) => {
    const parse = vi.spyOn(JSON, 'parse');
    onTestFinished(() => parse.mockRestore());
    const nothing = `[${'{},'.repeat(100_000)}{}]`;
    const [opening] = JSON.stringify(block.header).split('}');
    for (const rest of [`,"zz":${nothing}}`, `,"zz":${nothing},"transactions":[]}`, `,${'"":1,'.repeat(100_000)}"":1}`])
      expect(readHeader(Buffer.from(opening + rest))).toBeUndefined();
    expect(readHeader(Buffer.from(`${opening},"transactions":${nothing}}`))?.number).toBe(3);
    const huge = Buffer.alloc(9 * 1024 * 1024, ' ');
    huge.write(JSON.stringify({ ...block.header, transactions: [] }));
    expect(readHeader(huge)).toBeUndefined();
    expect(parse.mock.calls.every(([text]) => text.length < 64 * 1024)).toBe(true);
  });

  it('is not read from a block with something behind it', () => {
    expect(readHeader(Buffer.from(`${JSON.stringify({ ...block.header, uncles: [] })} 1`))).toBeUndefined();
  });

  it('has its hashes in lower case', () => {
    const upper = { ...block.header, hash: block.hash.toUpperCase().replace('X', 'x') };
    expect(readHeader(raw(upper))?.hash).toBe(block.hash);
  });

  it.each([
    ['null', null],
    ['a pending block', { ...block.header, hash: null, number: null }],
    ['a hash of another length', { ...block.header, hash: '0x12' }],
    ['no parent hash', { ...block.header, parentHash: undefined }],
    ['a number that is no quantity', { ...block.header, number: 12 }],
    ['a height beyond what a number holds', { ...block.header, number: '0xffffffffffffff' }],
    ['a height beyond six bytes', { ...block.header, number: `0x1${'0'.repeat(12)}` }],
    ['a header that is nested deep', { ...block.header, extra: JSON.parse('['.repeat(3900) + ']'.repeat(3900)) }],
    [
      'a whole block that is nested deep',
      { ...block.header, uncles: [], extra: JSON.parse(`${'['.repeat(3900)}${']'.repeat(3900)}`) },
    ],
    ['a list', [block.header]],
    ['a header of a megabyte', { ...block.header, extraData: `0x${'00'.repeat(500_000)}` }],
  ])('is not read from %s', (_, value) => {
    expect(readHeader(raw(value))).toBeUndefined();
  });

  it('is not read from whatever else a node may send, and nothing is thrown', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((json) => Buffer.from(json)),
        ),
        (bytes) => {
          expect(readHeader(Buffer.from(bytes))).toBeUndefined();
        },
      ),
    );
  });

  it('has quantities read as numbers, and nothing else', () => {
    expect(readQuantity('0x1f')).toBe(31);
    for (const bad of ['0x', '1f', '0xg', 31, null, undefined, '0x1fffffffffffff1'])
      expect(readQuantity(bad)).toBeUndefined();
  });
});
