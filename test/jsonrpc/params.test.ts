import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementOf, elements, replaceElement } from '../../src/jsonrpc/params.ts';
import { space, valueText } from './json-text.ts';

const replaced = (params: string, index: number, bytes: string): string =>
  replaceElement(Buffer.from(params), index, Buffer.from(bytes)).toString();

describe('the elements of params', () => {
  it('are found as bytes, whatever they hold', () => {
    const padded = fc.tuple(space, valueText, space);
    fc.assert(
      fc.property(fc.array(padded, { maxLength: 5 }), space, (parts, blank) => {
        const inside = parts.length === 0 ? blank : parts.map((part) => part.join('')).join(',');
        const params = Buffer.from(`[${inside}]`);
        const found = elements(params).map(({ start, end }) => params.toString('utf8', start, end));
        expect(found).toEqual(parts.map(([, text]) => text));
        parts.forEach(([, text], index) => {
          expect(elementOf(params, index)).toEqual(JSON.parse(text));
        });
      }),
      { numRuns: 1000 },
    );
  });

  it('are undefined beyond the end, and none in an object', () => {
    expect(elementOf(Buffer.from('["a"]'), 1)).toBeUndefined();
    expect(elements(Buffer.from('{"a":[1,2]}'))).toEqual([]);
    expect(elementOf(Buffer.from('{"a":[1,2]}'), 0)).toBeUndefined();
  });

  it('are not counted without end', () => {
    expect(elements(Buffer.from(`[${'1,'.repeat(100_000)}1]`))).toHaveLength(1024);
  });
});

describe('replacing an element', () => {
  it.each([
    ['[{"to":"0x"}, "latest" ]', 1, '"0x10"', '[{"to":"0x"}, "0x10" ]'],
    ['[1,2,3]', 0, '9', '[9,2,3]'],
    ['[1 ]', 1, '"x"', '[1,"x" ]'],
    ['[]', 0, '"x"', '["x"]'],
    ['[ ]', 0, '"x"', '["x" ]'],
    ['[1]', 3, '"x"', '[1,null,null,"x"]'],
    ['[]', 2, '"x"', '[null,null,"x"]'],
    ['{"a":1}', 0, '"x"', '{"a":1}'],
  ])('of %s at %i by %s gives %s', (params, index, bytes, after) => {
    expect(replaced(params, index, bytes)).toBe(after);
  });

  it('leaves every other element as it is', () => {
    fc.assert(
      fc.property(fc.array(valueText, { maxLength: 4 }), fc.nat({ max: 6 }), valueText, (parts, index, bytes) => {
        const params: unknown[] = parts.map((part) => JSON.parse(part));
        while (params.length < index) params.push(null);
        params[index] = JSON.parse(bytes);
        expect(JSON.parse(replaced(`[${parts.join(',')}]`, index, bytes))).toEqual(params);
      }),
      { numRuns: 1000 },
    );
  });
});
