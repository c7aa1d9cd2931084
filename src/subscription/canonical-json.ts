import type { RawJson } from '../jsonrpc/message.ts';

/** The same text for values that are the same, in whatever order and spacing nodes write them. */
export const canonicalJson = (raw: RawJson): string => JSON.stringify(sorted(JSON.parse(raw.toString())));

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
};
