import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalParams } from '../../src/cache/canonical-params.ts';

const canonical = (text: string, replaced?: number): string => canonicalParams(Buffer.from(text), replaced);

/** A JSON value as it is written, so that what `JSON.parse` would lose is kept. */
type Written =
  | { readonly kind: 'scalar'; readonly text: string }
  | { readonly kind: 'array'; readonly items: readonly Written[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [name: string, value: Written])[] };

/** Small alphabets, so that values which nearly mean the same come often. */
const scalar = fc
  .constantFrom(
    '0',
    '-0',
    '1',
    '1.0',
    '1e0',
    '9007199254740993',
    '9007199254740992',
    'true',
    'null',
    '""',
    '"#"',
    '"a"',
    '"A"',
    '"\\u0061"',
    '"a b"',
    '"0x"',
    '"0xab"',
    '"0xAb"',
    '"0XAB"',
    '"xAB"',
    '"latest"',
    '"é"',
    '"],["',
    '"\\"],["',
  )
  .map((text): Written => ({ kind: 'scalar', text }));
const name = fc.constantFrom('to', 'To', 'TO', 'data', 't\\u006f', 'ſ', 's', '', '__proto__');
const { value } = fc.letrec<{ value: Written }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }).map((items): Written => ({ kind: 'array', items })),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 3 }).map((members): Written => ({ kind: 'object', members })),
  ),
}));
const params = fc.oneof(
  fc.array(value, { maxLength: 3 }).map((items): Written => ({ kind: 'array', items })),
  value.filter(({ kind }) => kind === 'object'),
);

/** Writes a value out with the white space that `space` gives. */
const written = (one: Written, space: () => string): string => {
  if (one.kind === 'scalar') return one.text;
  if (one.kind === 'array') {
    return `[${space()}${one.items.map((item) => written(item, space) + space()).join(`,${space()}`)}]`;
  }
  const members = one.members.map(
    ([key, member]) => `"${key}"${space()}:${space()}${written(member, space)}${space()}`,
  );
  return `{${space()}${members.join(`,${space()}`)}}`;
};

const plain = (one: Written): string => written(one, () => '');

/** What a value means to the strictest of readers: only what no node can tell apart is left out. */
const meaning = (one: Written): string => {
  if (one.kind === 'scalar') return /^"0x[0-9a-fA-F]*"$/.test(one.text) ? one.text.toLowerCase() : one.text;
  if (one.kind === 'array') return JSON.stringify(one.items.map(meaning));
  const members = one.members.map(([key, member]) => JSON.stringify([key, meaning(member)]));
  const names = one.members.map(([key]) => key.toLowerCase());
  const distinct = new Set(names).size === names.length && names.every((key) => /^[a-z0-9_]*$/.test(key));
  return `{${(distinct ? members.toSorted() : members).join()}}`;
};

describe('canonical params', () => {
  it('are the same for two only where no node can tell them apart', () => {
    fc.assert(
      fc.property(params, params, (one, other) => {
        expect(canonical(plain(one)) === canonical(plain(other))).toBe(meaning(one) === meaning(other));
      }),
      { numRuns: 5000 },
    );
  });

  it('do not hang on white space', () => {
    const spaces = fc.array(fc.constantFrom('', ' ', '\n\t', '\r\n  '), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(params, spaces, (one, gaps) => {
        let next = 0;
        const spaced = written(one, () => gaps[next++ % gaps.length] ?? '');
        expect(canonical(spaced)).toBe(canonical(plain(one)));
      }),
    );
  });

  it.each([
    ['the order of members', '[{"to":"0x1","data":"0x2"}]', '[{"data":"0x2","to":"0x1"}]'],
    ['the case of hex', '["0xABcd",{"a":["0xFF"]}]', '["0xabCD",{"a":["0xff"]}]'],
  ])('do not hang on %s', (_what, one, other) => {
    expect(canonical(one)).toBe(canonical(other));
  });

  it.each([
    ['a name that comes twice', '[{"to":1,"to":2}]', '[{"to":2,"to":1}]'],
    ['a name that comes twice, and once', '[{"to":1,"to":2}]', '[{"to":2}]'],
    ['names that Go takes for each other', '[{"to":1,"TO":2}]', '[{"TO":2,"to":1}]'],
    ['names that Go takes for each other by Unicode', '[{"s":1,"ſ":2}]', '[{"ſ":2,"s":1}]'],
    ['names that are the same but for escapes', '[{"to":1,"t\\u006f":2}]', '[{"t\\u006f":2,"to":1}]'],
    ['numbers beyond 2^53', '[9007199254740993]', '[9007199254740992]'],
    ['the case of what is no hex', '["Latest"]', '["latest"]'],
    ['the case of names', '[{"To":1}]', '[{"to":1}]'],
    ['an object and a list of one', '[{"a":1}]', '{"a":1}'],
    ['what is left out and null', '[1]', '[1,null]'],
    ['what comes after a thousand elements', `[${'0,'.repeat(1100)}1]`, `[${'0,'.repeat(1100)}2]`],
  ])('tell apart %s', (_what, one, other) => {
    expect(canonical(one)).not.toBe(canonical(other));
  });

  it('leave out one element, whatever it says and whether it is there', () => {
    const texts = ['["0xa"]', '["0xA","latest"]', '["0xa", {"blockHash":"0x1","blockHash":"0x2"} ]'];
    expect(new Set(texts.map((text) => canonical(text, 1))).size).toBe(1);
    expect(canonical('["0xa","latest",{}]', 1)).not.toBe(canonical('["0xa","latest"]', 1));
    expect(canonical('["0xa","#"]')).not.toBe(canonical('["0xa"]', 1));
    expect(canonical('[]', 2)).toBe(canonical('[null,null]', 2));
  });

  it('take a body as deep and as wide as the listener lets in', () => {
    const deep = '['.repeat(64) + ']'.repeat(64);
    expect(canonical(deep)).toBe(deep);
    const wide = `["0x${'AB'.repeat(1_000_000)}"]`;
    expect(canonical(wide)).toBe(wide.toLowerCase());
  });
});
