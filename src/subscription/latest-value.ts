import type { Session } from '../core/session.ts';
import type { Opened } from './registry.ts';

/** Sends a result to one reader; false if it takes no more for now. */
export type Send = (result: Buffer) => boolean;

interface Reader {
  readonly send: Send;
  readonly line: Pick<Session, 'onDrain'>;
  /** What the value meant that it was told last. */
  sent: string | undefined;
  blocked: boolean;
}

/**
 * One value and those who want to know it: each is told the latest when it changes. A slow reader skips values, and
 * nobody hears the same twice in a row.
 */
export class LatestValue {
  readonly #readers = new Set<Reader>();
  readonly #changed: (listening: boolean) => void;
  #value: Buffer | undefined;
  #meaning: string | undefined;

  /** `changed` runs when the first reader comes, and when the last one has gone. */
  constructor(changed: (listening: boolean) => void = () => {}) {
    this.#changed = changed;
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** `meaning`: the same for values that need not be told apart. */
  set(value: Buffer, meaning: string = value.toString()): void {
    this.#value = value;
    this.#meaning = meaning;
    for (const reader of this.#readers) this.#offer(reader);
  }

  open(line: Pick<Session, 'onDrain'>, send: Send): Opened {
    const reader: Reader = { send, line, sent: undefined, blocked: false };
    return {
      start: () => {
        this.#readers.add(reader);
        if (this.#readers.size === 1) this.#changed(true);
        this.#offer(reader);
      },
      close: () => {
        if (this.#readers.delete(reader) && this.#readers.size === 0) this.#changed(false);
      },
    };
  }

  #offer(reader: Reader): void {
    const value = this.#value;
    if (value === undefined || reader.blocked || reader.sent === this.#meaning || !this.#readers.has(reader)) return;
    reader.sent = this.#meaning;
    if (reader.send(value)) return;
    reader.blocked = true;
    reader.line.onDrain(() => {
      reader.blocked = false;
      this.#offer(reader);
    });
  }
}
