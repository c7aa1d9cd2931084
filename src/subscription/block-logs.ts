import type { BlockId } from '../core/call.ts';
import { type LogLike, matches } from '../ethereum/logs.ts';
import type { Matcher } from './matcher.ts';

/** One log of a block; its text is made once for all who get it. */
export class BlockLog implements LogLike {
  readonly index: number;
  readonly address: string;
  readonly topics: readonly string[];
  readonly #fields: Readonly<Record<string, unknown>>;
  #added: Buffer | undefined;
  #removed: Buffer | undefined;

  /** `fields`: the log object as a node said it. */
  constructor(index: number, fields: Readonly<Record<string, unknown>>) {
    this.index = index;
    this.address = String(fields['address']).toLowerCase();
    this.topics = fields['topics'] as readonly string[];
    this.#fields = fields;
  }

  /** What makes two nodes' words on this log the same. */
  get identity(): string {
    const { data, transactionHash, transactionIndex } = this.#fields;
    return JSON.stringify([this.address, this.topics, data, transactionHash, transactionIndex]).toLowerCase();
  }

  /** The log object as JSON. */
  text(removed: boolean): Buffer {
    if (removed) return (this.#removed ??= this.#write(true));
    return (this.#added ??= this.#write(false));
  }

  #write(removed: boolean): Buffer {
    return Buffer.from(JSON.stringify({ ...this.#fields, removed }));
  }
}

const none: readonly BlockLog[] = [];

/** All logs of one block, known to be complete. */
export class BlockLogs {
  readonly block: BlockId;
  /** In the order of their indices, which are their places in this list. */
  readonly logs: readonly BlockLog[];
  /** Roughly what they take in memory. */
  readonly bytes: number;
  readonly #byAddress = new Map<string, BlockLog[]>();
  readonly #selections = new WeakMap<Matcher, readonly BlockLog[]>();

  constructor(block: BlockId, logs: readonly BlockLog[], bytes: number) {
    this.block = { number: block.number, hash: block.hash };
    this.logs = logs;
    this.bytes = bytes;
    for (const log of logs) {
      const same = this.#byAddress.get(log.address);
      if (same === undefined) this.#byAddress.set(log.address, [log]);
      else same.push(log);
    }
  }

  /** Those that a query wants, in order. */
  select(matcher: Matcher): readonly BlockLog[] {
    const known = this.#selections.get(matcher);
    if (known !== undefined) return known;
    const { number } = this.block;
    const within = matcher.from <= number && number <= matcher.to;
    const selected = within ? this.#candidates(matcher).filter((log) => matches(matcher.filter, log)) : none;
    this.#selections.set(matcher, selected.length === 0 ? none : selected);
    return selected;
  }

  #candidates({ filter: { addresses } }: Matcher): readonly BlockLog[] {
    if (addresses === undefined) return this.logs;
    if (addresses.size >= this.#byAddress.size) return this.logs;
    const found = [...addresses].flatMap((address) => this.#byAddress.get(address) ?? none);
    return addresses.size === 1 ? found : found.sort((one, other) => one.index - other.index);
  }
}
