import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inclusionOf } from '../../src/ethereum/inclusion.ts';

const inclusion = (value: unknown) =>
  inclusionOf(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
const hash = `0x${'e7'.repeat(32)}`;

describe('the block of an answer', () => {
  it.each([
    ['a receipt', { blockHash: hash, blockNumber: '0xff', logs: [{ blockHash: hash, blockNumber: '0xff' }] }],
    ['a transaction', { value: '0x1', blockNumber: '0xff', blockHash: hash }],
    ['traces as Parity has them', [{ action: {}, blockHash: hash, blockNumber: 255 }]],
    ['one with white space', `{ "blockNumber" :\n "0xff", "blockHash"  : "${hash}" }`],
    ['one in upper case', { blockHash: hash.toUpperCase().replace('X', 'x'), blockNumber: '0xFF' }],
  ])('is read from %s', (_what, value) => {
    expect(inclusion(value)).toEqual({ number: 255, hash });
  });

  it('may be beyond all blocks, so that nobody takes it for one that is pending', () => {
    expect(inclusion({ blockHash: hash, blockNumber: `0x${'f'.repeat(64)}` })?.number).toBeGreaterThan(2 ** 53);
  });

  it.each([
    ['a pending transaction', { blockHash: null, blockNumber: null }],
    ['one without a height', { blockHash: hash }],
    ['one without a hash', { blockNumber: '0xff' }],
    ['raw bytes', `"0x${'ab'.repeat(300)}"`],
    ['null', 'null'],
    ['a hash that is none', { blockHash: '0x12', blockNumber: '0xff' }],
    ['text that looks like it', JSON.stringify({ error: `"blockHash":"${hash}","blockNumber":"0xff"` })],
    ['text that is the name', { input: 'blockHash', hash, to: 'blockNumber' }],
  ])('is none for %s', (_what, value) => {
    expect(inclusion(value)).toBeUndefined();
  });

  it('is never found in what somebody else may write into an answer', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const written = `${text}"blockHash":"${hash}","blockNumber":"0xff"`;
        expect(inclusion({ error: written, output: [written], blockHash: null })).toBeUndefined();
      }),
    );
  });
});
