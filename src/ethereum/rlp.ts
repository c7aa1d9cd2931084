/** One RLP item, as a place in the bytes: the payload runs from `start` up to, but without, `end`. */
export interface RlpItem {
  readonly kind: 'list' | 'string';
  /** Where the item begins, its prefix included. */
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Reads the item that begins at `at` and ends before `limit`; undefined where the bytes are not canonical RLP (a length
 * longer than need be, a single byte wrapped, more announced than there is). Looks at no nested item.
 */
export const readItem = (bytes: Uint8Array, at: number, limit: number): RlpItem | undefined => {
  const prefix = bytes[at];
  if (prefix === undefined || at >= limit) return undefined;
  if (prefix < 0x80) return { kind: 'string', at, start: at, end: at + 1 };
  const kind = prefix < 0xc0 ? 'string' : 'list';
  const short = prefix - (kind === 'string' ? 0x80 : 0xc0);
  const header = short <= 55 ? { start: at + 1, length: short } : longHeader(bytes, at, short - 55);
  if (header === undefined || header.length > limit - header.start) return undefined;
  const { start, length } = header;
  if (kind === 'string' && length === 1 && (bytes[start] ?? 0) < 0x80) return undefined;
  return { kind, at, start, end: start + length };
};

const longHeader = (bytes: Uint8Array, at: number, size: number) => {
  // A leading zero, or what fits the short form, is not canonical. What is cut off or absurd announces too much.
  if (bytes[at + 1] === 0) return undefined;
  const start = at + 1 + size;
  let length = 0;
  for (let i = at + 1; i < start; i++) length = length * 256 + (bytes[i] ?? 0);
  return length > 55 ? { start, length } : undefined;
};

/** The direct members of a list, the first `most` of them; undefined where one of these is not canonical RLP. */
export const members = (bytes: Uint8Array, list: RlpItem, most: number): readonly RlpItem[] | undefined => {
  const found: RlpItem[] = [];
  for (let at = list.start; at < list.end && found.length < most; ) {
    const item = readItem(bytes, at, list.end);
    if (item === undefined) return undefined;
    found.push(item);
    at = item.end;
  }
  return found;
};

/** An integer's value; undefined where it has a leading zero, is a list, or is too large to be exact. */
export const integer = (bytes: Uint8Array, item: RlpItem): number | undefined => {
  if (item.kind === 'list' || item.end - item.start > 7 || bytes[item.start] === 0) {
    return item.kind === 'string' && item.start === item.end ? 0 : undefined;
  }
  let value = 0;
  for (let i = item.start; i < item.end; i++) value = value * 256 + (bytes[i] ?? 0);
  return Number.isSafeInteger(value) ? value : undefined;
};

/** The item for a string of bytes. */
export const encodeString = (bytes: Uint8Array): Buffer =>
  bytes.length === 1 && (bytes[0] ?? 0) < 0x80
    ? Buffer.from(bytes)
    : Buffer.concat([header(bytes.length, 0x80), bytes]);

/** The list of items that are encoded already; one part may hold several of them. */
export const encodeList = (parts: readonly Uint8Array[]): Buffer => {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([header(length, 0xc0), ...parts]);
};

/** A payload of up to 55 bytes follows its length; a longer one follows the length of its length. */
const header = (length: number, offset: number): Buffer => {
  if (length < 56) return Buffer.of(offset + length);
  const digits = length.toString(16);
  const size = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  return Buffer.concat([Buffer.of(offset + 55 + size.length), size]);
};
