import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memberOf } from '../../src/jsonrpc/member.ts';

const hash = (text: string): string | undefined => memberOf(Buffer.from(text), 'hash')?.toString();

describe('a member of an object', () => {
  it('is found where JSON.parse finds it', () => {
    const objects = fc.dictionary(fc.constantFrom('hash', 'hashes', 'has', 'h', '', 'input'), fc.jsonValue());
    fc.assert(
      fc.property(objects, (value) => {
        const text = JSON.stringify(value);
        const found = hash(text);
        expect(found === undefined ? undefined : JSON.parse(found)).toEqual(JSON.parse(text).hash);
      }),
      { numRuns: 2000 },
    );
  });

  it('is the last of doubled ones', () => {
    expect(hash('{"hash":1,"a":{"hash":3},"hash": 2 }')).toBe('2');
  });

  it('is none of a list, a text or nothing', () => {
    for (const text of ['["hash"]', '"hash"', 'null', '{}', '{"a":"\\"hash\\":1"}']) expect(hash(text)).toBeUndefined();
  });
});
