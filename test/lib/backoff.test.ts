import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Backoff } from '../../src/lib/backoff.ts';

describe('a backoff', () => {
  test('doubles up to its limit, and begins anew when reset', () => {
    const backoff = new Backoff({ initial: 100, max: 500 }, () => 1);
    expect([1, 2, 3, 4, 5].map(() => backoff.next())).toEqual([100, 200, 400, 500, 500]);
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });

  test('waits between half and all of what it may', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(20), (drawn, tries) => {
        const backoff = new Backoff({ initial: 100, max: 30_000 }, () => drawn);
        for (let n = 0; n < tries; n += 1) backoff.next();
        const ceiling = Math.min(100 * 2 ** tries, 30_000);
        const wait = backoff.next();
        expect(wait).toBeGreaterThanOrEqual(ceiling / 2);
        expect(wait).toBeLessThanOrEqual(ceiling);
      }),
    );
  });
});
