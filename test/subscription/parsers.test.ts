import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEventQuery } from '../../src/ingress/event-query.ts';
import { decodeCursor, encodeCursor } from '../../src/subscription/cursor.ts';
import { parseWish } from '../../src/subscription/wish.ts';

const block = {
  number: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  hash: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`),
};
const cursor = fc.record({
  chainId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  position: fc.record(
    { ...block, logs: fc.integer({ min: 0, max: 0xffff_ffff }), announced: fc.record(block) },
    { requiredKeys: ['number', 'hash', 'logs'] },
  ),
});

describe('a cursor', () => {
  it('says what was put into it', () => {
    fc.assert(
      fc.property(cursor, (one) => {
        expect(decodeCursor(encodeCursor(one))).toEqual(one);
      }),
    );
  });

  it('is read in one way only: whatever is taken is what would be written', () => {
    const near = cursor.chain((one) => {
      const text = encodeCursor(one);
      return fc
        .record({ at: fc.integer({ min: 0, max: text.length }), by: fc.string({ maxLength: 3 }), cut: fc.nat(3) })
        .map(({ at, by, cut }) => text.slice(0, at) + by + text.slice(at + cut));
    });
    fc.assert(
      fc.property(fc.oneof(near, fc.string(), fc.base64String(), fc.anything()), (text) => {
        const read = decodeCursor(text);
        if (read !== undefined) expect(encodeCursor(read)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the query of an event stream', () => {
  it('becomes params that subscribing understands or refuses, and never an exception', () => {
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '0x1',
        '12',
        `0x${'ab'.repeat(20)}`,
        `0x${'cd'.repeat(32)}`,
        '',
        ',',
        'latest',
        '1e3',
        '-0',
        '0x',
      ),
    );
    const name = fc.constantFrom('address', 'topic0', 'topic1', 'topic2', 'topic3', 'fromBlock', 'heads', 'x');
    const query = fc.array(fc.tuple(name, value), { maxLength: 8 });
    fc.assert(
      fc.property(
        query,
        fc.option(fc.oneof(fc.string(), cursor.map(encodeCursor)), { nil: undefined }),
        (pairs, last) => {
          const read = readEventQuery(new URLSearchParams(pairs), last);
          if ('invalid' in read) return;
          const wish = parseWish(Buffer.from(JSON.stringify(read.params)), 'stream');
          if ('invalid' in wish) return;
          expect(wish.kind).toBe('events');
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('takes repeated and comma-separated values, heights in both notations, and the last event before the height', () => {
    const [one, two] = [`0x${'01'.repeat(20)}`, `0x${'02'.repeat(20)}`];
    const read = (text: string, last?: string) => readEventQuery(new URLSearchParams(text), last);
    expect(read(`address=${one}&address=${two}`)).toEqual(read(`address=${one},${two}`));
    expect(read('fromBlock=16')).toEqual(read('fromBlock=0x10'));
    expect(read('fromBlock=16', 'abc')).toEqual({
      params: ['events', { topics: [], heads: false }, { resumeFrom: 'abc' }],
    });
    expect(read('topic1=0x1&heads=1')).toEqual({ params: ['events', { topics: [null, ['0x1']], heads: true }, null] });
  });
});

describe('the params of eth_subscribe', () => {
  it('are understood or refused, and never an exception', () => {
    const kind = fc.constantFrom('newHeads', 'logs', 'newPendingTransactions', 'syncing', 'events');
    const params = fc.oneof(fc.jsonValue(), fc.tuple(kind, fc.jsonValue(), fc.jsonValue()));
    fc.assert(
      fc.property(params, fc.constantFrom('plain' as const, 'stream' as const), (value, style) => {
        parseWish(Buffer.from(JSON.stringify(value)), style);
      }),
      { numRuns: 2000 },
    );
  });

  it('may say where heads begin in the place of a filter or behind it, and never in vain', () => {
    const replay = { replay: { fromBlock: '0x5' } };
    const read = (...params: readonly unknown[]) =>
      parseWish(Buffer.from(JSON.stringify(['newHeads', ...params])), 'plain');
    const replayed = { kind: 'newHeads', origin: { kind: 'block', number: 5 } };
    expect([read(replay), read(null, replay), read({}, replay)]).toEqual([replayed, replayed, replayed]);
    expect(read({ includeTransactions: true })).toEqual({ kind: 'newHeads', origin: { kind: 'head' } });
    expect(read(replay, replay)).toHaveProperty('invalid');
    expect(read({}, { resumeFrom: 'x' })).toHaveProperty('invalid');
  });

  it('name at most a thousand addresses, and a thousand topics in a place', () => {
    const many = (count: number, bytes: number) =>
      Array.from({ length: count }, (_, index) => `0x${index.toString(16).padStart(2 * bytes, '0')}`);
    const read = (filter: object) => parseWish(Buffer.from(JSON.stringify(['logs', filter])), 'plain');
    expect(read({ address: many(1000, 20), topics: [many(1000, 32), many(1000, 32)] })).toHaveProperty('query');
    expect(read({ address: many(1001, 20) })).toHaveProperty('invalid');
    expect(read({ topics: [null, many(1001, 32)] })).toHaveProperty('invalid');
  });
});
