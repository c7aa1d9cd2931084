import { expect, it } from 'vitest';
import { Askers } from '../../src/subscription/askers.ts';

it('want something as long as one of them does', () => {
  let [one, other] = [true, true];
  const askers = new Askers(() => one);
  askers.add(() => other);
  one = false;
  expect(askers.any).toBe(true);
  other = false;
  expect(askers.any).toBe(false);
});

it('are let go of when they have given up, however long another one waits', () => {
  const askers = new Askers(() => true);
  for (let n = 0; n < 10_000; n += 1) askers.add(() => false);
  expect(askers.size).toBeLessThan(100);
  expect(askers.any).toBe(true);
});

it('are all kept while they wait', () => {
  const askers = new Askers(() => true);
  for (let n = 0; n < 1000; n += 1) askers.add(() => true);
  expect(askers.size).toBe(1001);
});
