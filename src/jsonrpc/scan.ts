/**
 * A strict JSON scanner on bytes: walks a value to its end and keeps nothing. Accepts exactly what `JSON.parse` accepts
 * (RFC 8259), given bytes that are UTF-8: whoever receives a body checks that once, with `isUtf8`, before scanning.
 *
 * Every function takes the offset at which to start and returns the offset after what it read. A negative answer means
 * that the bytes are no JSON: it is the complement (`~`) of the offset at which that showed.
 */

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
const COLON = 0x3a;
export const OPEN_ARRAY = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_ARRAY = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;

/** What `skipValue` says of a value that is nested deeper than allowed, whether or not the rest of it is JSON. */
export const TOO_DEEP = -(2 ** 31);

/** As `room` for `skipValue`: more levels than any body has bytes. */
export const ANY_DEPTH = 2 ** 30;

/** Bytes of a string that are looked at one by one; only for longer ones a view of four at a time pays for itself. */
const SHORT_STRING = 96;

/** 1 for the bytes at which a run of plain string content ends: the quote, the backslash and control characters. */
const special: Readonly<Uint8Array> = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH ? 1 : 0,
);

/** Levels of nesting whose kinds fit the bits of one small integer. */
const LEVELS_PER_WORD = 30;

/** The offset of the first byte from `at` on that is not white space; the length where there is none. */
export const skipSpace = (bytes: Buffer, at: number): number => (bytes[at]! > 0x20 ? at : skipSpaces(bytes, at));

const skipSpaces = (bytes: Buffer, at: number): number => {
  const end = bytes.length;
  while (at < end) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    at++;
  }
  return at;
};

/** `at` is the offset of the opening quote. Four bytes a turn, since the loop itself costs more than the look at a byte. */
export const skipString = (bytes: Buffer, at: number): number => {
  const near = Math.min(bytes.length - 4, at + SHORT_STRING);
  at++;
  while (at <= near) {
    if (special[bytes[at]!] === 1) break;
    if (special[bytes[at + 1]!] === 1) {
      at += 1;
      break;
    }
    if (special[bytes[at + 2]!] === 1) {
      at += 2;
      break;
    }
    if (special[bytes[at + 3]!] === 1) {
      at += 3;
      break;
    }
    at += 4;
  }
  return bytes[at] === QUOTE ? at + 1 : skipLongString(bytes, at);
};

const skipLongString = (bytes: Buffer, at: number): number => {
  const end = bytes.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, end);
  while (at < end) {
    at = skipPlain(view, at);
    const byte = bytes[at]!;
    if (byte === QUOTE) return at + 1;
    if (byte < 0x20) return ~at;
    if (byte === BACKSLASH) {
      at = skipEscape(bytes, at);
      if (at < 0) return at;
    } else at++;
  }
  return ~end;
};

/** Goes on in steps of eight bytes while none of the eight is a quote, a backslash or a control character. */
const skipPlain = (view: DataView, at: number): number => {
  const last = view.byteLength - 8;
  while (at <= last && ((marks(view.getInt32(at, true)) | marks(view.getInt32(at + 4, true))) & 0x80808080) === 0) {
    at += 8;
  }
  return at;
};

/**
 * Has a byte's high bit set where that byte of `word` is special, and perhaps in bytes above such a one, but nowhere if none
 * is: taking n from each byte of a word borrows only from bytes below n, and bytes from 0x80 on are ruled out at the end.
 */
const marks = (word: number): number =>
  // `| 0` has no effect on the value; it lets every tier of the compiler stay with 32-bit integers.
  ((word - 0x20202020) | 0 | (((word ^ 0x22222222) - 0x01010101) | 0) | (((word ^ 0x5c5c5c5c) - 0x01010101) | 0)) &
  ~word;

/** `at` is the offset of the backslash. */
const skipEscape = (bytes: Buffer, at: number): number => {
  switch (bytes[at + 1]) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 2;
    case 0x75: // u
      for (let digit = at + 2; digit < at + 6; digit++) if (!isHex(bytes[digit])) return ~digit;
      return at + 6;
    default:
      return ~(at + 1);
  }
};

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

const isHex = (byte: number | undefined): boolean =>
  isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);

const skipDigits = (bytes: Buffer, at: number): number => {
  if (!isDigit(bytes[at])) return ~at;
  do at++;
  while (isDigit(bytes[at]));
  return at;
};

const skipNumber = (bytes: Buffer, at: number): number => {
  if (bytes[at] === MINUS) at++;
  at = bytes[at] === 0x30 ? at + 1 : skipDigits(bytes, at);
  if (at >= 0 && bytes[at] === 0x2e) at = skipDigits(bytes, at + 1);
  if (at < 0 || (bytes[at]! | 0x20) !== 0x65) return at;
  const sign = bytes[at + 1];
  return skipDigits(bytes, sign === 0x2b || sign === MINUS ? at + 2 : at + 1);
};

const skipLetters = (bytes: Buffer, at: number, word: string): number => {
  for (let index = 0; index < word.length; index++) {
    if (bytes[at + index] !== word.charCodeAt(index)) return ~(at + index);
  }
  return at + word.length;
};

/** A string, number, `true`, `false` or `null`. */
const skipScalar = (bytes: Buffer, at: number): number => {
  switch (bytes[at]) {
    case QUOTE:
      return skipString(bytes, at);
    case 0x74:
      return skipLetters(bytes, at, 'true');
    case 0x66:
      return skipLetters(bytes, at, 'false');
    case 0x6e:
      return skipLetters(bytes, at, 'null');
    default:
      return skipNumber(bytes, at);
  }
};

/** A member's key, its colon and the white space around it: from the key's quote to the value's first byte. */
const skipKey = (bytes: Buffer, at: number): number => {
  if (bytes[at] !== QUOTE) return ~at;
  at = skipString(bytes, at);
  return at < 0 ? at : skipColon(bytes, at);
};

/** A colon and the white space around it. */
export const skipColon = (bytes: Buffer, at: number): number => {
  at = skipSpace(bytes, at);
  return bytes[at] === COLON ? skipSpace(bytes, at + 1) : ~at;
};

/**
 * Walks one whole value that starts at `at`. `room` is how many arrays and objects may be open at once: 0 allows only
 * scalars; a value that needs more is `TOO_DEEP`. Needs no stack frames, and a bit of memory for each open level.
 */
export const skipValue = (bytes: Buffer, at: number, room: number): number => {
  const byte = bytes[at];
  return byte === OPEN_OBJECT || byte === OPEN_ARRAY ? skipContainer(bytes, at, room) : skipScalar(bytes, at);
};

const skipContainer = (bytes: Buffer, at: number, room: number): number => {
  let depth = 0;
  // One bit for each open level, 1 for an object; the innermost is the lowest. Full words of outer levels are set aside.
  let kinds = 0;
  let outer: number[] | undefined;
  for (;;) {
    const byte = bytes[at];
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (depth === room) return TOO_DEEP;
      if (depth > 0 && depth % LEVELS_PER_WORD === 0) {
        outer ??= [];
        outer.push(kinds);
      }
      depth++;
      const opensObject = byte === OPEN_OBJECT;
      kinds = (kinds << 1) | (opensObject ? 1 : 0);
      at = skipSpace(bytes, at + 1);
      if (bytes[at] !== (opensObject ? CLOSE_OBJECT : CLOSE_ARRAY)) {
        if (opensObject) at = skipKey(bytes, at);
        if (at < 0) return at;
        continue;
      }
    } else {
      at = skipScalar(bytes, at);
      if (at < 0) return at;
    }
    // A value has ended, or an empty container is about to: close every level that ends here, up to the next comma.
    for (;;) {
      at = skipSpace(bytes, at);
      const inObject = (kinds & 1) === 1;
      const next = bytes[at];
      if (next === COMMA) {
        at = skipSpace(bytes, at + 1);
        if (inObject) at = skipKey(bytes, at);
        if (at < 0) return at;
        break;
      }
      if (next !== (inObject ? CLOSE_OBJECT : CLOSE_ARRAY)) return ~at;
      at++;
      depth--;
      if (depth === 0) return at;
      kinds = depth % LEVELS_PER_WORD === 0 ? outer!.pop()! : kinds >> 1;
    }
  }
};

/**
 * Walks the array that opens at `at`. `skipElement` is given each element's offset and answers like `skipValue`; a
 * negative answer ends the walk and is the walk's own.
 */
export const walkArray = (bytes: Buffer, at: number, skipElement: (at: number) => number): number => {
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === CLOSE_ARRAY) return at + 1;
  for (;;) {
    at = skipElement(at);
    if (at < 0) return at;
    at = skipSpace(bytes, at);
    if (bytes[at] === CLOSE_ARRAY) return at + 1;
    if (bytes[at] !== COMMA) return ~at;
    at = skipSpace(bytes, at + 1);
  }
};

/** Walks the object that opens at `at`, as `walkArray` does. `skipMember` is given where a key and where its value begins. */
export const walkObject = (bytes: Buffer, at: number, skipMember: (key: number, value: number) => number): number => {
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === CLOSE_OBJECT) return at + 1;
  for (;;) {
    const value = skipKey(bytes, at);
    if (value < 0) return value;
    at = skipMember(at, value);
    if (at < 0) return at;
    at = skipSpace(bytes, at);
    if (bytes[at] === CLOSE_OBJECT) return at + 1;
    if (bytes[at] !== COMMA) return ~at;
    at = skipSpace(bytes, at + 1);
  }
};
