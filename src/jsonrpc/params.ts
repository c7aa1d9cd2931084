import type { RawJson } from './message.ts';
import { ANY_DEPTH, OPEN_ARRAY, skipValue, walkArray } from './scan.ts';

/** Where one element stands in the bytes of its array: from `start` up to, but without, `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** More elements than any method takes; what comes after them is nobody's to look at, and not worth the memory. */
const MOST_ELEMENTS = 1024;

/**
 * The top-level elements of an array, the first 1,024 at most; none of an object. `params` has to be valid JSON without
 * white space before it, as decoding leaves it.
 */
export const elements = (params: RawJson): readonly Span[] => {
  const spans: Span[] = [];
  if (params[0] !== OPEN_ARRAY) return spans;
  walkArray(params, 0, (start) => {
    const end = skipValue(params, start, ANY_DEPTH);
    spans.push({ start, end });
    return spans.length < MOST_ELEMENTS ? end : ~end;
  });
  return spans;
};

/** One element's value; undefined where the array is shorter, or `params` is an object. */
export const elementOf = (params: RawJson, index: number): unknown => {
  const span = elements(params)[index];
  return span === undefined ? undefined : JSON.parse(params.toString('utf8', span.start, span.end));
};

/**
 * The same params with `bytes`, one JSON value, as element `index` (below 1,024); all other bytes stay as they are. An array
 * that is too short is filled up with `null` before it. An object comes back unchanged.
 */
export const replaceElement = (params: RawJson, index: number, bytes: RawJson): RawJson => {
  if (params[0] !== OPEN_ARRAY) return params;
  const spans = elements(params);
  const span = spans[index];
  if (span !== undefined) return splice(params, span, '', bytes);
  const end = spans.at(-1)?.end ?? 1;
  const separator = spans.length === 0 ? '' : ',';
  return splice(params, { start: end, end }, separator + 'null,'.repeat(index - spans.length), bytes);
};

const splice = (params: RawJson, { start, end }: Span, before: string, bytes: RawJson): RawJson => {
  const at = start + before.length;
  const spliced = Buffer.allocUnsafe(at + bytes.length + params.length - end);
  params.copy(spliced, 0, 0, start);
  if (before !== '') spliced.write(before, start, 'latin1');
  bytes.copy(spliced, at);
  params.copy(spliced, at + bytes.length, end);
  return spliced;
};
