import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlidingQuantile } from '../../src/lib/quantile.ts';

test('a quantile is not known before a few samples', () => {
  const quantile = new SlidingQuantile(100, 0.5);
  for (let n = 0; n < 9; n += 1) quantile.add(n);
  expect(quantile.value).toBeUndefined();
  quantile.add(9);
  expect(quantile.value).toBe(5);
});

test('forgets what is older than its window', () => {
  const quantile = new SlidingQuantile(20, 0.95);
  for (let n = 0; n < 20; n += 1) quantile.add(1000);
  expect(quantile.value).toBe(1000);
  for (let n = 0; n < 20; n += 1) quantile.add(1);
  expect(quantile.value).toBe(1);
});

test('is never farther from the true quantile of the window than an eighth of it is new', () => {
  const samples = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 10, maxLength: 300 });
  fc.assert(
    fc.property(samples, fc.double({ min: 0.5, max: 0.99, noNaN: true }), (values, share) => {
      const quantile = new SlidingQuantile(64, share);
      for (const value of values) quantile.add(value);
      const window = values.slice(-64).sort((a, b) => a - b);
      expect(quantile.value).toBe(window[Math.min(window.length - 1, Math.floor(window.length * share))]);
    }),
  );
  const read = new SlidingQuantile(64, 0.5);
  for (let n = 0; n < 64; n += 1) read.add(0);
  expect(read.value).toBe(0);
  for (let n = 0; n < 7; n += 1) read.add(1);
  expect(read.value).toBe(0);
  for (let n = 0; n < 57; n += 1) read.add(1);
  expect(read.value).toBe(1);
});
