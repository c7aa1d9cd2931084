import type { RawJson } from '../jsonrpc/message.ts';
import { skipValue } from '../jsonrpc/scan.ts';
import { valuesWithin } from '../jsonrpc/value-count.ts';

/** Levels of nesting that are looked into; no honest answer on which nodes are asked to agree is deeper. */
const DEEPEST = 100;
/** Bytes that are parsed for a comparison: more would hold up everybody else's calls, and few answers are as large. */
const LARGEST = 8 * 1024 * 1024;
/** Values that as many bytes of logs, traces or transactions hold, and then some. */
const MOST_VALUES = 250_000;

/** A number as it was written: `JSON.parse` may not be able to hold it exactly, and tells its text to a reviver only. */
class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown;

const keepDigits: Reviver = (_key, value, context) =>
  typeof value === 'number' ? new Digits(context?.source ?? String(value)) : value;

/**
 * A text that is the same for answers that mean the same. Clients order members differently, leave out what others say is
 * `null`, and write hex in either case (addresses carry a checksum in some), so none of that counts; all else does, each
 * digit of a number too. Undefined for what is nested deeper than an honest answer, too large, or cut into more values. Takes
 * valid JSON.
 */
export const canonicalJson = (result: RawJson): string | undefined =>
  result.length > LARGEST || skipValue(result, 0, DEEPEST) < 0 || !valuesWithin(result, MOST_VALUES)
    ? undefined
    : written(JSON.parse(result.toString(), keepDigits as Parameters<typeof JSON.parse>[1]));

const written = (value: unknown): string => {
  if (value instanceof Digits) return value.text;
  if (typeof value === 'string') return JSON.stringify(/^0x[0-9a-f]*$/i.test(value) ? value.toLowerCase() : value);
  if (Array.isArray(value)) return `[${value.map(written).join(',')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${written(member)}`);
  return `{${members.join(',')}}`;
};
