import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrayOf, isArray, joinArrays } from '../../src/jsonrpc/arrays.ts';

const json = (value: unknown, indent: number): Buffer => Buffer.from(JSON.stringify(value, undefined, indent));
const list = fc.tuple(fc.array(fc.jsonValue()), fc.integer({ min: 0, max: 2 }));

describe('arrays spliced by their bytes', () => {
  it('join to the one that JSON.parse would make of them', () => {
    fc.assert(
      fc.property(fc.array(list), (lists) => {
        const joined = joinArrays(lists.map(([values, indent]) => json(values, indent)));
        const truth = lists.flatMap(([values]) => values);
        expect(JSON.parse(joined.toString())).toEqual(JSON.parse(JSON.stringify(truth)));
      }),
    );
  });

  it('keep the bytes of their elements', () => {
    const joined = joinArrays([
      Buffer.from(' [ 1.0 , "\\u0041" ] '),
      Buffer.from('[]'),
      Buffer.from('[9007199254740993]'),
    ]);
    expect(joined.toString()).toBe('[1.0 , "\\u0041",9007199254740993]');
  });

  it('are made of any values', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (values) => {
        const array = arrayOf(values.map((value) => json(value, 0)));
        expect(JSON.parse(array.toString())).toEqual(JSON.parse(JSON.stringify(values)));
      }),
    );
  });

  it('are told from everything else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('', ' ', '\n\t'), (value, space) => {
        expect(isArray(Buffer.from(space + JSON.stringify(value)))).toBe(Array.isArray(value));
      }),
    );
    expect(isArray(Buffer.alloc(0))).toBe(false);
  });
});
