import type { RawJson } from './message.ts';

/** Bytes of the longest answer that is a name, a number or a block without transactions. */
const LONGEST = 64 * 1024;

/**
 * The value of a short answer. Undefined for what is no JSON, and for a longer one: a node may send megabytes of brackets
 * that take seconds to parse.
 */
export const shortValue = (raw: RawJson): unknown => {
  if (raw.length > LONGEST) return undefined;
  try {
    return JSON.parse(raw.toString());
  } catch {
    return undefined;
  }
};
