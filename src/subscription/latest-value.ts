import type { Session } from '../core/session.ts';
import type { Opened } from './registry.ts';
import type { ByteBudget } from '../lib/byte-budget.ts';

/** Sends a result to one reader; false if it takes no more for now. */
export type Send = (result: Buffer) => boolean;

interface Reader {
  readonly send: Send;
  readonly line: Pick<Session, 'onDrain'>;
  /** What the value meant that it was told last. */
  sent: string | undefined;
  blocked: boolean;
}

export interface LatestValueOptions {
  /** Runs when the first reader comes, and when the last one has gone. */
  readonly changed?: (listening: boolean) => void;
  /** Takes the value to be kept for those who come later or are slow. Left out, there is always room. */
  readonly budget?: ByteBudget;
  /** Runs when somebody wants a value for which there was no room: it has to be set again. */
  readonly missing?: () => void;
}

/**
 * One value and those who want to know it: each is told the latest when it changes. A slow reader skips values, and
 * nobody hears the same twice in a row.
 */
export class LatestValue {
  readonly #readers = new Set<Reader>();
  readonly #options: LatestValueOptions;
  #value: Buffer | undefined;
  #meaning: string | undefined;
  #release: (() => void) | undefined;

  constructor(options: LatestValueOptions = {}) {
    this.#options = options;
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** `meaning`: the same for values that need not be told apart. */
  set(value: Buffer, meaning: string = value.toString()): void {
    this.forget();
    this.#value = value;
    this.#meaning = meaning;
    for (const reader of this.#readers) this.#offer(reader);
    const { budget } = this.#options;
    this.#release = budget?.keep(value.length);
    if (budget !== undefined && this.#release === undefined) this.#value = undefined;
  }

  /** Gives back the room that the value takes. */
  forget(): void {
    this.#value = undefined;
    this.#release?.();
    this.#release = undefined;
  }

  open(line: Pick<Session, 'onDrain'>, send: Send): Opened {
    const reader: Reader = { send, line, sent: undefined, blocked: false };
    return {
      start: () => {
        this.#readers.add(reader);
        if (this.#readers.size === 1) this.#options.changed?.(true);
        this.#offer(reader);
      },
      close: () => {
        if (this.#readers.delete(reader) && this.#readers.size === 0) this.#options.changed?.(false);
      },
    };
  }

  #offer(reader: Reader): void {
    const value = this.#value;
    if (reader.blocked || reader.sent === this.#meaning || !this.#readers.has(reader)) return;
    if (value === undefined) return this.#options.missing?.();
    reader.sent = this.#meaning;
    if (reader.send(value)) return;
    reader.blocked = true;
    reader.line.onDrain(() => {
      reader.blocked = false;
      this.#offer(reader);
    });
  }
}
