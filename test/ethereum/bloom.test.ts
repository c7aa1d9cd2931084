import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { validator } from 'web3';
import { bloomOf, bloomTest, parseBloom } from '../../src/ethereum/bloom.ts';
import { matches, parseLogFilter } from '../../src/ethereum/logs.ts';

const hexOf = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((b) => `0x${Buffer.from(b).toString('hex')}`);
const logs = fc.record({ address: hexOf(20), topics: fc.array(hexOf(32), { maxLength: 4 }) });

describe('a logs bloom', () => {
  test('sets the bits that web3 looks for, and three at most', () => {
    fc.assert(
      fc.property(hexOf(20), (address) => {
        const bloom = bloomOf([{ address, topics: [] }]);
        const bits = bloom.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
        expect(bits).toBeGreaterThan(0);
        expect(bits).toBeLessThanOrEqual(3);
        expect(validator.isInBloom(`0x${Buffer.from(bloom).toString('hex')}`, address)).toBe(true);
      }),
    );
  });

  test('is read as web3 reads it, be it empty, dense or full', () => {
    const byte = fc.oneof(fc.constantFrom(0, 0xff), fc.nat(255));
    fc.assert(
      fc.property(fc.array(byte, { minLength: 256, maxLength: 256 }), hexOf(32), (bloom, value) => {
        expect(bloomTest({ addresses: new Set([value]), topics: [] })(Uint8Array.from(bloom))).toBe(
          validator.isInBloom(`0x${Buffer.from(bloom).toString('hex')}`, value),
        );
      }),
    );
  });

  test('never hides a log that matches', () => {
    fc.assert(
      fc.property(
        fc.array(logs, { minLength: 1, maxLength: 8 }),
        fc.nat(),
        fc.nat(4),
        fc.boolean(),
        (all, which, places, byAddress) => {
          const wanted = all[which % all.length] as (typeof all)[number];
          const filter = parseLogFilter({
            ...(byAddress ? { address: wanted.address } : {}),
            topics: wanted.topics.slice(0, places),
          });
          if ('invalid' in filter) throw new Error(filter.invalid);
          expect(matches(filter, wanted)).toBe(true);
          expect(bloomTest(filter)(bloomOf(all))).toBe(true);
        },
      ),
    );
  });

  test('rules out what is not there, nearly always', () => {
    const bloom = bloomOf([{ address: `0x${'aa'.repeat(20)}`, topics: [`0x${'01'.repeat(32)}`] }]);
    const test = (value: unknown) => {
      const filter = parseLogFilter(value);
      if ('invalid' in filter) throw new Error(filter.invalid);
      return bloomTest(filter)(bloom);
    };
    expect(test({})).toBe(true);
    expect(test({ address: `0x${'bb'.repeat(20)}` })).toBe(false);
    expect(test({ address: [`0x${'bb'.repeat(20)}`, `0x${'aa'.repeat(20)}`] })).toBe(true);
    expect(test({ topics: [null] })).toBe(true);
    expect(test({ topics: [`0x${'02'.repeat(32)}`] })).toBe(false);
    expect(test({ address: `0x${'aa'.repeat(20)}`, topics: [`0x${'02'.repeat(32)}`] })).toBe(false);
    // A bloom does not know places: one that is there, at another place, cannot be ruled out.
    expect(test({ topics: [null, `0x${'01'.repeat(32)}`] })).toBe(true);
  });

  test('of no logs is empty', () => {
    expect(bloomOf([])).toEqual(new Uint8Array(256));
  });
});

describe('a bloom in hex', () => {
  test('is read where it is 256 bytes, and nowhere else', () => {
    expect(parseBloom(`0x${'00'.repeat(255)}01`)?.at(-1)).toBe(1);
    for (const bad of ['0x', `0x${'00'.repeat(255)}`, 'ff'.repeat(256), undefined, 7, `0x${'zz'.repeat(256)}`]) {
      expect(parseBloom(bad)).toBeUndefined();
    }
  });
});
