import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonFraming } from '../../src/upstream/json-framing.ts';

const limits = { size: 1024 * 1024, depth: 64 };

const read = (chunks: readonly Buffer[], framing = new JsonFraming(limits)) => {
  const values: string[] = [];
  const faults = chunks.map((chunk) => framing.read(chunk, (value) => values.push(value.toString())));
  return { values, fault: faults.at(-1) };
};

/** Cuts bytes at the given places, which may fall within a character. */
const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const sorted = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  const ends = [...sorted, bytes.length];
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
};

const space = fc.stringMatching(/^[ \n\r\t]{0,3}$/);
/** Objects, arrays and strings end by themselves; the indented form has white space inside. */
const value = fc
  .oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue()), fc.string({ unit: 'binary' }))
  .chain((json) => fc.constantFrom(JSON.stringify(json), JSON.stringify(json, undefined, 2)));

describe('framing', () => {
  test('gives the same values however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(space, value)), space, fc.array(fc.nat()), (pairs, end, places) => {
        const bytes = Buffer.from(pairs.map(([before, text]) => before + text).join('') + end);
        const { values, fault } = read(cut(bytes, places));
        expect(fault).toBeUndefined();
        expect(values).toEqual(pairs.map(([, text]) => text));
      }),
      { numRuns: 500 },
    );
  });

  test('gives the same values byte by byte', () => {
    const text = '{"a":"}]\\"\\\\"}[[],{"b":[1,2]}] "é\\u0041" {"jsonrpc":"2.0"}\n{}';
    const { values } = read([...Buffer.from(text)].map((byte) => Buffer.from([byte])));
    expect(values).toEqual(['{"a":"}]\\"\\\\"}', '[[],{"b":[1,2]}]', '"é\\u0041"', '{"jsonrpc":"2.0"}', '{}']);
  });

  test('gives numbers and words once something follows them', () => {
    expect(
      read([Buffer.from('12 -3.4e+5,'.slice(0, -1)), Buffer.from('6\ntrue nu'), Buffer.from('ll{}')]).values,
    ).toEqual(['12', '-3.4e+56', 'true', 'null', '{}']);
  });

  test('never throws, whatever it is given, and gives nothing after a fault', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.uint8Array(),
            fc.string().map((text) => Buffer.from(text)),
          ),
        ),
        (chunks) => {
          const framing = new JsonFraming({ size: 64, depth: 4 });
          let broken = false;
          for (const chunk of chunks) {
            const fault = framing.read(Buffer.from(chunk), (given) => {
              expect(broken).toBe(false);
              expect(given.length).toBeLessThanOrEqual(64);
            });
            broken = fault !== undefined;
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test.each([
    ['not_json', 'HTTP/1.1 400'],
    ['not_json', '{} ,{}'],
    ['not_json', '}'],
    ['too_deep', '['.repeat(65)],
    ['too_large', `"${'a'.repeat(limits.size - 1)}"`],
    ['too_large', `"${'a'.repeat(limits.size)}`],
  ])('says %s', (fault, text) => {
    expect(read([Buffer.from(text)]).fault).toBe(fault);
    expect(read(cut(Buffer.from(text), [1, 3])).fault).toBe(fault);
  });

  test('takes a value that just fits', () => {
    const text = `"${'a'.repeat(limits.size - 2)}"`;
    expect(read(cut(Buffer.from(text), [7, 90_000])).values).toEqual([text]);
    expect(read([Buffer.from('['.repeat(64) + ']'.repeat(64))]).fault).toBeUndefined();
  });
});
