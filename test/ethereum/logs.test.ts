import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filterKey, halve, type LogFilter, matches, parseLogFilter, splitRange } from '../../src/ethereum/logs.ts';

const A = `0x${'aa'.repeat(20)}`;
const B = `0x${'bb'.repeat(20)}`;
const T1 = `0x${'01'.repeat(32)}`;
const T2 = `0x${'02'.repeat(32)}`;
const upper = (hex: string) => `0x${hex.slice(2).toUpperCase()}`;

const parsed = (value: unknown): LogFilter => {
  const filter = parseLogFilter(value);
  if ('invalid' in filter) throw new Error(filter.invalid);
  return filter;
};

describe('a log filter', () => {
  test.each([
    ['anything', {}, { address: A, topics: [] }, true],
    ['one address', { address: A }, { address: A, topics: [T1] }, true],
    ['one address in capitals', { address: upper(A) }, { address: upper(A), topics: [] }, true],
    ['another address', { address: A }, { address: B, topics: [] }, false],
    ['one of two addresses', { address: [A, B] }, { address: B, topics: [] }, true],
    ['an empty list of addresses', { address: [] }, { address: B, topics: [] }, true],
    ['null for all', { address: null, topics: null }, { address: B, topics: [] }, true],
    ['a topic', { topics: [T1] }, { address: A, topics: [T1, T2] }, true],
    ['a topic at another place', { topics: [T2] }, { address: A, topics: [T1, T2] }, false],
    ['any topic, then one', { topics: [null, T2] }, { address: A, topics: [T1, T2] }, true],
    ['one of two topics', { topics: [[T2, T1]] }, { address: A, topics: [T1] }, true],
    ['any topic, where there is none', { topics: [null] }, { address: A, topics: [] }, false],
    ['any topic, where there is one', { topics: [null] }, { address: A, topics: [T1] }, true],
    ['an empty list of topics at a place', { topics: [[]] }, { address: A, topics: [T1] }, true],
    ['an empty list at a place without a topic', { topics: [[]] }, { address: A, topics: [] }, false],
    ['null among alternatives', { topics: [[T2, null]] }, { address: A, topics: [T1] }, true],
    ['more places than the log has', { topics: [T1, null] }, { address: A, topics: [T1] }, false],
    ['address and topic, only one right', { address: B, topics: [T1] }, { address: A, topics: [T1] }, false],
  ])('for %s', (_what, filter, log, expected) => {
    expect(matches(parsed(filter), log)).toBe(expected);
  });

  test.each([
    ['no object', 'all'],
    ['a list', []],
    ['null', null],
    ['a short address', { address: '0xaa' }],
    ['an address without a prefix', { address: 'aa'.repeat(20) }],
    ['null among addresses', { address: [A, null] }],
    ['a nested list of addresses', { address: [[A]] }],
    ['a topic of the wrong length', { topics: [A] }],
    ['a nested list too deep', { topics: [[[T1]]] }],
    ['a topic alone', { topics: T1 }],
    ['five topics', { topics: [T1, T1, T1, T1, T1] }],
    ['a number', { topics: [1] }],
  ])('is refused with words: %s', (_what, value) => {
    const filter = parseLogFilter(value);
    expect('invalid' in filter && filter.invalid.length > 10).toBe(true);
  });

  test('of any shape is read without a throw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (address, topics) => void parseLogFilter({ address, topics })),
    );
  });

  test('has one key for all ways to say it, and another for everything else', () => {
    const key = (value: unknown) => filterKey(parsed(value));
    expect(key({ address: [B, A, A] })).toBe(key({ address: [upper(A), B], topics: [] }));
    expect(key({ topics: [[T2, T1]] })).toBe(key({ topics: [[T1, T2]] }));
    const different = [
      { topics: [T1, T2] },
      { topics: [[T1, T2]] },
      { topics: [[T1], [T2], null] },
      { topics: [] },
      { topics: [null] },
      { address: A },
    ];
    expect(new Set(different.map(key)).size).toBe(different.length);
  });
});

describe('splitting a range', () => {
  const ranges = fc.tuple(fc.nat(1_000_000), fc.nat(3000), fc.integer({ min: 1, max: 500 }));

  test('loses no block, doubles none, keeps the order and the size', () => {
    fc.assert(
      fc.property(ranges, ([from, length, size]) => {
        const to = from + length;
        let next = from;
        for (const part of splitRange(from, to, size)) {
          expect(part.from).toBe(next);
          expect(part.to).toBeGreaterThanOrEqual(part.from);
          expect(part.to - part.from).toBeLessThan(size);
          next = part.to + 1;
        }
        expect(next).toBe(to + 1);
      }),
    );
  });

  test('cuts at the multiples of the size alone, so that other ranges share the parts', () => {
    fc.assert(
      fc.property(ranges, ([from, length, size]) => {
        const parts = [...splitRange(from, from + length, size)];
        for (const part of parts.slice(1)) expect(part.from % size).toBe(0);
        for (const part of parts.slice(1, -1)) expect(part.to - part.from).toBe(size - 1);
      }),
    );
  });

  test('that is empty or absurd costs nothing until it is walked', () => {
    expect([...splitRange(5, 4, 10)]).toEqual([]);
    expect(splitRange(0, Number.MAX_SAFE_INTEGER - 1, 1).next().value).toEqual({ from: 0, to: 0 });
  });

  test('in halves loses nothing either, and ends at a block', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (from, length) => {
        const halves = halve({ from, to: from + length });
        if (length === 0) {
          expect(halves).toBeUndefined();
        } else {
          const [low, high] = halves ?? [];
          expect([low?.from, high?.to]).toEqual([from, from + length]);
          expect(high?.from).toBe((low?.to ?? 0) + 1);
        }
      }),
    );
  });
});
