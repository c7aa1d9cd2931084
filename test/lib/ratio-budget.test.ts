import { expect, test } from 'vitest';
import { RatioBudget } from '../../src/lib/ratio-budget.ts';

test('gives a share of what happens, after what is saved up', () => {
  const budget = new RatioBudget(0.25, 3);
  const take = (times: number): number => Array.from({ length: times }, () => budget.take()).filter(Boolean).length;
  expect(take(10)).toBe(3);
  for (let n = 0; n < 8; n += 1) budget.earn();
  expect(take(10)).toBe(2);
});

test('saves no more than its burst, however long nothing is taken', () => {
  const budget = new RatioBudget(1, 5);
  for (let n = 0; n < 1000; n += 1) budget.earn();
  expect(Array.from({ length: 100 }, () => budget.take()).filter(Boolean)).toHaveLength(5);
});
