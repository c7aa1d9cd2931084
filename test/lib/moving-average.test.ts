import { describe, expect, test } from 'vitest';
import { FadingCount, PeakAverage } from '../../src/lib/moving-average.ts';

describe('a peak-sensitive average', () => {
  test('is undefined before the first sample, jumps up at once, and comes down slowly', () => {
    const average = new PeakAverage(1_000);
    expect(average.value).toBeUndefined();
    average.add(10, 0);
    expect(average.value).toBe(10);
    average.add(100, 10);
    expect(average.value).toBe(100);
    average.add(10, 20);
    expect(average.value).toBeGreaterThan(95);
    average.add(10, 1_020);
    expect(average.value).toBeLessThan(50);
    for (let at = 2_000; at < 10_000; at += 100) average.add(10, at);
    expect(average.value).toBeCloseTo(10, 0);
  });

  test('lies between the least and the greatest sample', () => {
    const average = new PeakAverage(1_000);
    for (const [at, sample] of [5, 80, 3, 3, 40, 7].entries()) {
      average.add(sample, at * 300);
      expect(average.value).toBeGreaterThanOrEqual(3);
      expect(average.value).toBeLessThanOrEqual(80);
    }
  });
});

describe('a fading count', () => {
  test('counts what happens at once, and forgets it slowly', () => {
    const count = new FadingCount(1_000);
    for (let n = 0; n < 5; n += 1) count.add(0);
    expect(count.at(0)).toBe(5);
    expect(count.at(1_000)).toBeCloseTo(5 / Math.E, 10);
    expect(count.at(60_000)).toBeLessThan(0.001);
    count.clear();
    expect(count.at(0)).toBe(0);
  });
});
