import type { RawJson } from '../jsonrpc/message.ts';
import {
  ANY_DEPTH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COMMA,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipColon,
  skipSpace,
  skipString,
  skipValue,
} from '../jsonrpc/scan.ts';

/** Stands in the place of the element that a key names in another way; no JSON value is written so. */
const PLACEHOLDER = '#';

/** Bytes and quantities: to every client the same in either case. */
const hex = /^"0x[0-9a-fA-F]*"$/;
/** Names that no client can take for each other, once they differ in more than case. */
const plainName = /^"[A-Za-z0-9_]*"$/;

/**
 * A text that is the same for params that mean the same to every node: white space, the case of hex values, and the order
 * of an object's members do not count. All else does, down to the digits of a number and the escapes of a string. With
 * `replaced`, the element of that index is left out of the text, whatever it says or whether it is there.
 *
 * An object in which a name comes twice keeps its order, for clients differ on which of the two counts; names that only
 * differ in case are such, since Go's decoder takes one for the other. Takes valid JSON, without white space before it.
 */
export const canonicalParams = (params: RawJson, replaced?: number): string => {
  if (params[0] !== OPEN_ARRAY) return valueText(params, { at: 0 });
  const texts = elementTexts(params, { at: 0 }, replaced);
  if (replaced !== undefined && replaced >= texts.length) {
    while (texts.length < replaced) texts.push('null');
    texts.push(PLACEHOLDER);
  }
  return `[${texts.join(',')}]`;
};

/** How far the bytes were read. */
interface Reader {
  at: number;
}

const valueText = (bytes: RawJson, reader: Reader): string => {
  switch (bytes[reader.at]) {
    case OPEN_ARRAY:
      return `[${elementTexts(bytes, reader, undefined).join(',')}]`;
    case OPEN_OBJECT:
      return objectText(bytes, reader);
    case QUOTE: {
      const text = take(bytes, reader, skipString(bytes, reader.at));
      return hex.test(text) ? text.toLowerCase() : text;
    }
    default:
      return take(bytes, reader, skipValue(bytes, reader.at, ANY_DEPTH));
  }
};

/** Latin-1 keeps every byte apart, which is all that a key needs, and costs least. */
const take = (bytes: RawJson, reader: Reader, end: number): string => {
  const text = bytes.toString('latin1', reader.at, end);
  reader.at = end;
  return text;
};

const elementTexts = (bytes: RawJson, reader: Reader, replaced: number | undefined): string[] => {
  const texts: string[] = [];
  reader.at = skipSpace(bytes, reader.at + 1);
  while (bytes[reader.at] !== CLOSE_ARRAY) {
    if (texts.length === replaced) {
      reader.at = skipValue(bytes, reader.at, ANY_DEPTH);
      texts.push(PLACEHOLDER);
    } else texts.push(valueText(bytes, reader));
    skipComma(bytes, reader);
  }
  reader.at++;
  return texts;
};

const objectText = (bytes: RawJson, reader: Reader): string => {
  const members: { readonly name: string; readonly text: string }[] = [];
  reader.at = skipSpace(bytes, reader.at + 1);
  while (bytes[reader.at] !== CLOSE_OBJECT) {
    const name = take(bytes, reader, skipString(bytes, reader.at));
    reader.at = skipColon(bytes, reader.at);
    members.push({ name, text: `${name}:${valueText(bytes, reader)}` });
    skipComma(bytes, reader);
  }
  reader.at++;
  if (orderCounts(members)) return `{${members.map(({ text }) => text).join(',')}}`;
  members.sort((one, other) => (one.name < other.name ? -1 : 1));
  return `{${members.map(({ text }) => text).join(',')}}`;
};

const orderCounts = (members: readonly { readonly name: string }[]): boolean => {
  const names = new Set<string>();
  for (const { name } of members) {
    if (!plainName.test(name)) return true;
    names.add(name.toLowerCase());
  }
  return names.size < members.length;
};

/** To the next element or member, or to the bracket that closes. */
const skipComma = (bytes: RawJson, reader: Reader): void => {
  reader.at = skipSpace(bytes, reader.at);
  if (bytes[reader.at] === COMMA) reader.at = skipSpace(bytes, reader.at + 1);
};
