import { BACKSLASH, CLOSE_ARRAY, CLOSE_OBJECT, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from '../jsonrpc/scan.ts';
import { ByteCollector } from '../lib/byte-collector.ts';

export interface FramingLimits {
  /** Bytes of one value. */
  readonly size: number;
  /** Arrays and objects open at once. */
  readonly depth: number;
}

/** Why a stream cannot be read any further. */
export type FramingFault = 'too_large' | 'too_deep' | 'not_json';

/**
 * Cuts a byte stream into JSON values that follow one another with or without white space, however the stream is
 * chunked; how Geth, Parity and Nethermind speak over a unix socket. Looks at each byte once, at quotes and brackets only:
 * that a value is JSON inside is for its reader to check. A number or a word at top level needs something after it.
 */
export class JsonFraming {
  readonly #limits: FramingLimits;
  readonly #held = new ByteCollector();
  #depth = 0;
  #inside: 'nothing' | 'nested' | 'string' | 'escape' | 'word' = 'nothing';
  #fault: FramingFault | undefined;

  constructor(limits: FramingLimits) {
    this.#limits = limits;
  }

  /** Gives each value that ends in this chunk to `deliver`, sharing memory with it. After a fault nothing is read. */
  read(chunk: Buffer, deliver: (value: Buffer) => void): FramingFault | undefined {
    let start = 0;
    for (let at = 0; at < chunk.length && this.#fault === undefined; ) {
      if (this.#between()) {
        start = at;
        at = this.#begin(chunk, at);
        continue;
      }
      at = this.#goOn(chunk, at);
      if (this.#between()) this.#complete(chunk.subarray(start, at), deliver);
    }
    if (this.#fault === undefined && !this.#between()) this.#hold(chunk.subarray(start));
    return this.#fault;
  }

  #between(): boolean {
    return this.#inside === 'nothing';
  }

  #begin(chunk: Buffer, at: number): number {
    const byte = chunk[at]!;
    if (isSpace(byte)) return at + 1;
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      this.#inside = 'nested';
      return at;
    }
    if (byte === QUOTE) {
      this.#inside = 'string';
      return at + 1;
    }
    if (isWord(byte)) this.#inside = 'word';
    else this.#fault = 'not_json';
    return at;
  }

  #goOn(chunk: Buffer, at: number): number {
    switch (this.#inside) {
      case 'string':
        return this.#skipString(chunk, at);
      case 'escape':
        this.#inside = 'string';
        return at + 1;
      case 'word':
        while (at < chunk.length && isWord(chunk[at]!)) at++;
        if (at < chunk.length) this.#inside = 'nothing';
        return at;
      default:
        return this.#skipNested(chunk, at);
    }
  }

  #skipString(chunk: Buffer, at: number): number {
    for (; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === QUOTE) {
        this.#inside = this.#depth === 0 ? 'nothing' : 'nested';
        return at + 1;
      }
      if (byte === BACKSLASH) {
        this.#inside = 'escape';
        return at + 1;
      }
    }
    return at;
  }

  #skipNested(chunk: Buffer, at: number): number {
    for (; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === QUOTE) {
        this.#inside = 'string';
        return at + 1;
      }
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        this.#depth++;
        if (this.#depth > this.#limits.depth) {
          this.#fault = 'too_deep';
          return at;
        }
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        this.#depth--;
        if (this.#depth === 0) {
          this.#inside = 'nothing';
          return at + 1;
        }
      }
    }
    return at;
  }

  #hold(rest: Buffer): void {
    if (this.#held.size + rest.length > this.#limits.size) this.#fault = 'too_large';
    else this.#held.add(rest);
    if (this.#fault !== undefined) this.#held.clear();
  }

  #complete(end: Buffer, deliver: (value: Buffer) => void): void {
    this.#hold(end);
    if (this.#fault === undefined) deliver(this.#held.take());
  }
}

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** A byte of a number, `true`, `false` or `null`. */
const isWord = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) ||
  (byte >= 0x61 && byte <= 0x7a) ||
  byte === 0x2d ||
  byte === 0x2b ||
  byte === 0x2e ||
  byte === 0x45;
