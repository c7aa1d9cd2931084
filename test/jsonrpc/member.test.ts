import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memberOf } from '../../src/jsonrpc/member.ts';

const hash = (text: string): string | undefined => memberOf(Buffer.from(text), 'hash')?.toString();

describe('a member of an object', () => {
  it('is found where JSON.parse finds it', () => {
    const objects = fc.dictionary(fc.constantFrom('hash', 'hashes', 'has', 'h', '', 'input'), fc.jsonValue());
    fc.assert(
      fc.property(objects, (value) => {
        const found = hash(JSON.stringify(value));
        expect(found === undefined ? undefined : JSON.parse(found)).toEqual(value['hash']);
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
