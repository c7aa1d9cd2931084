import type { Taken } from '../core/sends.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import type { RedisLink } from './redis-link.ts';

/** What one replica may have to tell the others. `chain` names the chain the same way in all of them. */
export interface Tidings {
  /** A header of its published branch, as JSON. */
  head(chain: string, header: RawJson): void;
  sent(chain: string, sent: Taken): void;
  /** An upstream was found to have told what is not true. */
  forget(upstream: string): void;
  /** Everything that was kept is to be given up. */
  purge(): void;
}

/** A header with a hundred validators' seals is about this long. */
const LONGEST = 256 * 1024;
/** Characters; no upstream is named at greater length. */
const LONGEST_NAME = 255;

/** Tells the other replicas, as far as they can be reached, and hears them; nobody hears himself. */
export class ReplicaBus implements Tidings {
  readonly #link: RedisLink;
  readonly #name: string;

  /** `name` is this replica's alone. */
  constructor(link: RedisLink, name: string) {
    this.#link = link;
    this.#name = name;
  }

  /** Hears the others. Returns a function that ends it. */
  listen(listener: Tidings): () => void {
    return this.#link.onMessage((message) => {
      const fields = message.length > LONGEST ? undefined : read(message);
      if (fields !== undefined && fields['from'] !== this.#name) hand(fields, listener);
    });
  }

  head(chain: string, header: RawJson): void {
    this.#tell({ kind: 'head', chain, header: header.toString() });
  }

  sent(chain: string, { hash, nonce, upstream, sender }: Taken): void {
    this.#tell({ kind: 'sent', chain, hash, nonce, upstream, sender });
  }

  forget(upstream: string): void {
    this.#tell({ kind: 'forget', upstream });
  }

  purge(): void {
    this.#tell({ kind: 'purge' });
  }

  #tell(fields: Fields): void {
    if (this.#link.up) this.#link.publish(JSON.stringify({ from: this.#name, ...fields }));
  }
}

type Fields = Readonly<Record<string, unknown>>;

const read = (message: Buffer): Fields | undefined => {
  try {
    const value: unknown = JSON.parse(message.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
};

/** Other versions, and whoever else can write to the server, may say anything: what is not understood is passed over. */
const hand = (fields: Fields, listener: Tidings): void => {
  const { kind, chain, header, hash, nonce, sender } = fields;
  const upstream = nameIn(fields);
  if (kind === 'purge') listener.purge();
  if (kind === 'forget' && upstream !== undefined) listener.forget(upstream);
  if (typeof chain !== 'string') return;
  if (kind === 'head' && typeof header === 'string') listener.head(chain, Buffer.from(header));
  if (kind !== 'sent' || typeof hash !== 'string' || !/^0x[0-9a-f]{64}$/.test(hash)) return;
  if (upstream === undefined) return;
  listener.sent(chain, {
    hash,
    upstream,
    nonce: Number.isSafeInteger(nonce) ? (nonce as number) : undefined,
    sender: typeof sender === 'string' && /^0x[0-9a-f]{40}$/.test(sender) ? sender : undefined,
  });
};

const nameIn = ({ upstream }: Fields): string | undefined =>
  typeof upstream === 'string' && upstream.length <= LONGEST_NAME ? upstream : undefined;
