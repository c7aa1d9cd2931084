import type { Session } from '../core/session.ts';
import { memberOf } from '../jsonrpc/member.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import { OPEN_OBJECT } from '../jsonrpc/scan.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ask } from './ask.ts';
import type { Send } from './latest-value.ts';
import type { Opened } from './registry.ts';
import { SeenHashes, type SeenHashesOptions } from './seen-hashes.ts';

/** The nodes' own announcements, from all of them at once; `onEvent` gets a hash or a transaction as JSON. */
export interface PendingSource {
  open(bodies: boolean, onEvent: (event: RawJson) => void): { close(): void };
}

export interface PendingTransactionsDeps {
  readonly source: PendingSource;
  readonly ask: Ask;
  readonly clock: Clock;
  /** Counts announcements of transactions that were known already. */
  readonly duplicate: () => void;
}

interface Reader {
  readonly send: Send;
  readonly line: Pick<Session, 'onDrain'>;
  blocked: boolean;
}

/** Transactions fetched at once because a node announced no more than their hashes. */
const LOOKUPS = 32;
/** Bytes of a transaction with a full block of calldata, and then some. */
const LARGEST = 8 * 1024 * 1024;
const hashPattern = /^"0x[0-9a-f]{64}"$/i;
const HASH_BYTES = 68;

/**
 * Transactions that any node has announced, each at most once. What happens while a reader takes no more is not kept for
 * it: no node promises to announce everything either.
 */
export class PendingTransactions {
  readonly #deps: PendingTransactionsDeps;
  readonly #hashes: SeenHashes;
  readonly #bodies: SeenHashes;
  readonly #hashReaders = new Set<Reader>();
  readonly #bodyReaders = new Set<Reader>();
  #feed: { readonly bodies: boolean; close(): void } | undefined;
  #lookups = 0;

  constructor(options: SeenHashesOptions, deps: PendingTransactionsDeps) {
    this.#deps = deps;
    this.#hashes = new SeenHashes(options, deps.clock);
    this.#bodies = new SeenHashes(options, deps.clock);
  }

  /** `bodies`: whole transactions instead of hashes. */
  open(bodies: boolean, line: Pick<Session, 'onDrain'>, send: Send): Opened {
    const reader: Reader = { send, line, blocked: false };
    const readers = bodies ? this.#bodyReaders : this.#hashReaders;
    return {
      start: () => {
        readers.add(reader);
        this.#tune();
      },
      close: () => {
        readers.delete(reader);
        this.#tune();
      },
    };
  }

  close(): void {
    this.#hashReaders.clear();
    this.#bodyReaders.clear();
    this.#tune();
  }

  /** Listens as long as somebody reads, for bodies as long as somebody wants those. */
  #tune(): void {
    const bodies = this.#bodyReaders.size > 0;
    const wanted = bodies || this.#hashReaders.size > 0;
    if (wanted && this.#feed?.bodies === bodies) return;
    this.#feed?.close();
    this.#feed = undefined;
    if (!wanted) return;
    const feed = this.#deps.source.open(bodies, (event) => this.#heard(event));
    this.#feed = { bodies, close: () => feed.close() };
  }

  #heard(event: RawJson): void {
    const told = read(event);
    if (told === undefined) return;
    const { hash, body } = told;
    if (this.#hashes.add(hash)) this.#tell(this.#hashReaders, Buffer.from(JSON.stringify(hash)));
    else this.#deps.duplicate();
    if (this.#bodyReaders.size === 0) return;
    if (body !== undefined) this.#tellBody(hash, body);
    else void this.#lookUp(hash);
  }

  async #lookUp(hash: string): Promise<void> {
    if (this.#lookups >= LOOKUPS || this.#bodies.has(hash)) return;
    this.#lookups += 1;
    const reply = await this.#deps.ask({ method: 'eth_getTransactionByHash', params: [hash] });
    this.#lookups -= 1;
    if (reply.ok && read(reply.result)?.hash === hash) this.#tellBody(hash, reply.result);
  }

  #tellBody(hash: string, body: RawJson): void {
    // The event shares memory with all that the node's socket brought with it.
    if (this.#bodies.add(hash)) this.#tell(this.#bodyReaders, Buffer.from(body));
  }

  #tell(readers: ReadonlySet<Reader>, result: Buffer): void {
    for (const reader of readers) {
      if (reader.blocked || reader.send(result)) continue;
      reader.blocked = true;
      reader.line.onDrain(() => {
        reader.blocked = false;
      });
    }
  }
}

/** What is announced is looked at and not parsed: any node may send as much, and as often, as it likes. */
const read = (event: RawJson): { readonly hash: string; readonly body: RawJson | undefined } | undefined => {
  if (event.length > LARGEST) return undefined;
  const body = event[0] === OPEN_OBJECT ? event : undefined;
  const told = body === undefined ? event : memberOf(body, 'hash');
  if (told?.length !== HASH_BYTES) return undefined;
  const text = told.toString('latin1');
  return hashPattern.test(text) ? { hash: text.slice(1, -1).toLowerCase(), body } : undefined;
};
