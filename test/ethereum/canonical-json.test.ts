import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/ethereum/canonical-json.ts';

const canonical = (text: string): string | undefined => canonicalJson(Buffer.from(text));

describe('canonicalJson', () => {
  it.each([
    ['the order of members', '{"a":1,"b":{"c":2,"d":3}}', '{"b":{"d":3,"c":2},"a":1}'],
    ['white space', '[1,{"a":"0x1"}]', '[ 1 , { "a" : "0x1" } ]'],
    ['the case of hex', '"0xAbCdEf"', '"0xabcdef"'],
    ['escapes', '"a"', '"\\u0061"'],
    ['a member that is null, and one left out', '{"a":1,"to":null}', '{"a":1}'],
  ])('does not tell %s', (_what, one, other) => {
    expect(canonical(one)).toBe(canonical(other));
  });

  it.each([
    ['the order of a list', '[1,2]', '[2,1]'],
    ['a null in a list', '[null,1]', '[1]'],
    ['the case of what is no hex', '"Latest"', '"latest"'],
    ['numbers that a double cannot tell apart', '9007199254740993', '9007199254740992'],
    ['a number and its text', '1', '"1"'],
    ['a list and an object', '[]', '{}'],
    ['null and its text', 'null', '"null"'],
    ['a text that looks like members', '{"a":"1,\\"b\\":2"}', '{"a":"1","b":2}'],
    ['a leading zero of a quantity', '"0x01"', '"0x1"'],
    ['a member called __proto__', '{"__proto__":1}', '{}'],
  ])('tells %s', (_what, one, other) => {
    expect(canonical(one)).not.toBe(canonical(other));
  });

  it('is the same for two texts of one value, and different for two values', () => {
    const value = fc.jsonValue({ maxDepth: 4 }).map((one) => JSON.stringify(one));
    const reversed = (text: string): string =>
      JSON.stringify(JSON.parse(text), (_key, member: unknown) =>
        typeof member === 'object' && member !== null && !Array.isArray(member)
          ? Object.fromEntries(Object.entries(member).reverse())
          : member,
      );
    // Without what is not told on purpose, the canonical text is the value.
    const plain = (text: string): boolean => !/0x|null|-0|e/i.test(text);
    fc.assert(fc.property(value, (text) => canonical(reversed(text)) === canonical(text)));
    fc.assert(
      fc.property(value.filter(plain), (text) => {
        expect(JSON.parse(canonical(text) ?? '')).toEqual(JSON.parse(text));
      }),
    );
  });

  it('refuses what is nested deeper than an honest answer, or larger, without a crash', () => {
    expect(canonical('['.repeat(100_000) + ']'.repeat(100_000))).toBeUndefined();
    expect(canonical(`"${'a'.repeat(8 * 1024 * 1024)}"`)).toBeUndefined();
    expect(canonical('['.repeat(50) + ']'.repeat(50))).toBeDefined();
  });

  it('refuses what is cut into more values than an honest answer', () => {
    const values = (count: number): string => `[${'{},'.repeat(count)}{}]`;
    expect(canonical(values(200_000))).toBeUndefined();
    expect(canonical(values(100_000))).toBeDefined();
  });
});
