import type { RawJson } from './message.ts';
import {
  ANY_DEPTH,
  CLOSE_OBJECT,
  COMMA,
  MINUS,
  OPEN_OBJECT,
  QUOTE,
  skipColon,
  skipSpace,
  skipString,
  skipValue,
  TOO_DEEP,
} from './scan.ts';

/** The members of requests and replies that mean something, in the order of their indices. */
const names = ['jsonrpc', 'id', 'method', 'params', 'result', 'error'] as const;

export const JSONRPC = 0;
export const ID = 1;
export const METHOD = 2;
export const PARAMS = 3;
export const RESULT = 4;
export const ERROR = 5;
const OTHER = -1;

/** Keys beyond the known ones that are remembered for telling doubled ones; bounds what one object can make us keep. */
export const MOST_OTHERS = 64;

/** Where the members of one JSON-RPC object stand in a body. Of a member that is there twice it knows the last. */
export class Envelope {
  /** False for an array or a scalar; then nothing else is known of it. */
  isObject = false;
  /** Something in it is nested deeper than allowed. */
  tooDeep = false;
  /** It has more than `MOST_OTHERS` keys that JSON-RPC does not know; doubled ones among the rest went unseen. */
  crowded = false;
  /** A key that JSON-RPC does not know is there twice. */
  otherDoubled = false;
  #doubled = 0;
  #others: Set<string> | undefined;
  // No value of a member can stand at offset 0, so 0 means that there is none.
  readonly #starts = [0, 0, 0, 0, 0, 0];
  readonly #ends = [0, 0, 0, 0, 0, 0];

  /** The offset of a member's value; 0 where the object has no such member. */
  start(member: number): number {
    return this.#starts[member]!;
  }

  end(member: number): number {
    return this.#ends[member]!;
  }

  /** The member is there more than once. */
  doubled(member: number): boolean {
    return (this.#doubled & (1 << member)) !== 0;
  }

  /** The first known member that is there more than once. */
  firstDoubled(): string | undefined {
    return this.#doubled === 0 ? undefined : names.find((_, member) => this.doubled(member));
  }

  /** A member's value, sharing memory with the body; undefined where the object has no such member. */
  slice(body: Buffer, member: number): RawJson | undefined {
    const start = this.#starts[member]!;
    return start === 0 ? undefined : body.subarray(start, this.#ends[member]);
  }

  /** A member that JSON-RPC knows has its value at `start`. */
  add(member: number, start: number, end: number): void {
    if (this.#starts[member] !== 0) this.#doubled |= 1 << member;
    this.#starts[member] = start;
    this.#ends[member] = end;
  }

  /** Any other member: also a known one in other spelling, since "\u0069d" is "id" to whoever reads the body after us. */
  addNamed(name: string, start: number, end: number): void {
    const member = (names as readonly string[]).indexOf(name);
    if (member === OTHER) this.#addOther(name);
    else this.add(member, start, end);
  }

  #addOther(name: string): void {
    this.#others ??= new Set();
    if (this.#others.has(name)) this.otherDoubled = true;
    else if (this.#others.size < MOST_OTHERS) this.#others.add(name);
    else this.crowded = true;
  }
}

/**
 * Walks the value at `at` like `skipValue`, with the same answers, and takes down in `into` where its members stand.
 * `room` counts the object itself. A value that is too deep is walked to its end all the same, and marked.
 */
export const scanEnvelope = (bytes: Buffer, at: number, room: number, into: Envelope): number => {
  if (bytes[at] !== OPEN_OBJECT) return skipMeasured(bytes, at, room, into);
  into.isObject = true;
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === CLOSE_OBJECT) return at + 1;
  for (;;) {
    const key = at;
    if (bytes[key] !== QUOTE) return ~key;
    const member = spelled(bytes, key + 1);
    const keyEnd = member === OTHER ? skipString(bytes, key) : key + 2 + names[member]!.length;
    if (keyEnd < 0) return keyEnd;
    const start = skipColon(bytes, keyEnd);
    if (start < 0) return start;
    const end = skipMeasured(bytes, start, room - 1, into);
    if (end < 0) return end;
    if (member === OTHER) into.addNamed(JSON.parse(bytes.toString('utf8', key, keyEnd)), start, end);
    else into.add(member, start, end);
    at = skipSpace(bytes, end);
    if (bytes[at] === CLOSE_OBJECT) return at + 1;
    if (bytes[at] !== COMMA) return ~at;
    at = skipSpace(bytes, at + 1);
  }
};

/** A string, a number or null: what may stand as an id. `at` is the offset of a value. */
export const isIdAt = (bytes: Buffer, at: number): boolean => {
  const byte = bytes[at]!;
  return byte === QUOTE || byte === MINUS || byte === 0x6e || (byte >= 0x30 && byte <= 0x39);
};

const skipMeasured = (bytes: Buffer, at: number, room: number, into: Envelope): number => {
  const end = skipValue(bytes, at, room);
  if (end !== TOO_DEEP) return end;
  into.tooDeep = true;
  return skipValue(bytes, at, ANY_DEPTH);
};

/** The member whose whole name, spelled without escapes, stands at `at` up to its closing quote. */
const spelled = (bytes: Buffer, at: number): number => {
  switch (bytes[at]) {
    case 0x6a: // j
      return spells(bytes, at, JSONRPC);
    case 0x69: // i
      return spells(bytes, at, ID);
    case 0x6d: // m
      return spells(bytes, at, METHOD);
    case 0x70: // p
      return spells(bytes, at, PARAMS);
    case 0x72: // r
      return spells(bytes, at, RESULT);
    case 0x65: // e
      return spells(bytes, at, ERROR);
    default:
      return OTHER;
  }
};

const spells = (bytes: Buffer, at: number, member: number): number => {
  const name = names[member]!;
  for (let index = 1; index < name.length; index++) {
    if (bytes[at + index] !== name.charCodeAt(index)) return OTHER;
  }
  return bytes[at + name.length] === QUOTE ? member : OTHER;
};
