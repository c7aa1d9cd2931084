import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, formatSize, parseDuration, parseSize } from '../../src/config/units.ts';

test.each([
  ['250ms', 250],
  ['2s', 2000],
  ['2 s', 2000],
  ['0s', 0],
  ['0.25s', 250],
  ['1.5m', 90_000],
  ['1h', 3_600_000],
])('the duration %s is %i ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

test.each(['', '5', '5S', '-1s', '1e3s', '1d', 's', '2s3', '1 s s', '99999999999999h'])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test.each([
  ['0', 0],
  ['100', 100],
  ['100B', 100],
  ['64KiB', 65_536],
  ['5MiB', 5_242_880],
  ['1.5GiB', 1_610_612_736],
])('the size %s is %i bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes));

test.each(['', '5MB', '5M', '5mib', '-1KiB', '1TiB', '99999999999999GiB'])('%j is no size', (text) => {
  expect(parseSize(text)).toBeUndefined();
});

test('a duration reads back as it was written', () => {
  fc.assert(fc.property(fc.maxSafeNat(), (ms) => parseDuration(formatDuration(ms)) === ms));
});

test('a size reads back as it was written', () => {
  fc.assert(fc.property(fc.maxSafeNat(), (bytes) => parseSize(formatSize(bytes)) === bytes));
});

test('whole numbers of a unit are written in it', () => {
  expect([formatDuration(90_000), formatDuration(1500), formatDuration(0)]).toEqual(['90s', '1500ms', '0ms']);
  expect([formatSize(5_242_880), formatSize(1025), formatSize(0)]).toEqual(['5MiB', '1025B', '0B']);
});

test('any text is a duration, a size or neither, and never an error', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const value of [parseDuration(text), parseSize(text)]) {
        expect(value === undefined || (Number.isSafeInteger(value) && value >= 0)).toBe(true);
      }
    }),
  );
});
