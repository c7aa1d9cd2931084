import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { valuesWithin } from '../../src/jsonrpc/value-count.ts';

/** Elements and members are values too; names of members are not. */
const valuesIn = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, inner) => sum + valuesIn(inner), 1)
    : 1;

describe('the count of values', () => {
  it('is never less than what parsing makes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        expect(valuesWithin(Buffer.from(JSON.stringify(value)), valuesIn(value) - 1)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('lets pass what has as many as are allowed, where no text has commas or brackets in it', () => {
    expect(valuesWithin(Buffer.from('{"a":[1,"0x2",null],"b":7}'), 8)).toBe(true);
    expect(valuesWithin(Buffer.from('[[],[],[]]'), 7)).toBe(true);
    expect(valuesWithin(Buffer.from('[[],[],[]]'), 5)).toBe(false);
  });
});
