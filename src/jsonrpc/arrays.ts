import type { RawJson } from './message.ts';

const OPEN = 0x5b;
const CLOSE = 0x5d;
const COMMA = Buffer.from(',');
const BRACKETS = [Buffer.from('['), Buffer.from(']')] as const;

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** True for the text of an array, if it is valid JSON at all. */
export const isArray = (json: RawJson): boolean => {
  let start = 0;
  while (isSpace(json[start])) start += 1;
  return json[start] === OPEN;
};

/** What stands between an array's brackets. */
const contentOf = (array: RawJson): RawJson => {
  let start = 0;
  let end = array.length;
  while (array[start] !== OPEN) start += 1;
  while (array[end - 1] !== CLOSE) end -= 1;
  start += 1;
  end -= 1;
  while (start < end && isSpace(array[start])) start += 1;
  while (start < end && isSpace(array[end - 1])) end -= 1;
  return array.subarray(start, end);
};

/** The array of these values. */
export const arrayOf = (values: readonly RawJson[]): RawJson => {
  const [open, close] = BRACKETS;
  return Buffer.concat([open, ...values.flatMap((value, index) => (index === 0 ? [value] : [COMMA, value])), close]);
};

/** One array with the elements of all, in order; their bytes stay as they are. Every text has to be an array's. */
export const joinArrays = (arrays: readonly RawJson[]): RawJson =>
  arrayOf(arrays.map(contentOf).filter((content) => content.length > 0));

/** Bytes of the array of these values. */
export const arraySize = (values: readonly RawJson[]): number =>
  values.reduce((sum, { length }) => sum + length + 1, 1 + (values.length === 0 ? 1 : 0));
