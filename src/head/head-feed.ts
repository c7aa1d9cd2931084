import type { Feed, Upstream } from '../upstream/upstream.ts';
import { type Header, readHeader } from './header.ts';

const newHeads = Buffer.from('["newHeads"]');

/**
 * A node's `newHeads` subscription, opened again when it is found silent. Sockets that answer calls and deliver no event
 * are real, so the polled head tells whether the feed is alive: a head that it has not announced by the next poll is one too many.
 */
export class HeadFeed {
  readonly #upstream: Upstream;
  readonly #onHeader: (header: Header) => void;
  #feed: Feed | undefined;
  #opening = false;
  #generation = 0;
  #events = 0;
  /** The newest head that the feed brought, or that was read when it was opened. */
  #last: string | undefined;
  /** How many events the feed had brought when a poll found a head that it had not announced. */
  #missing: number | undefined;
  /** It was silent before, and has brought nothing since. */
  #suspect = false;

  constructor(upstream: Upstream, onHeader: (header: Header) => void) {
    this.#upstream = upstream;
    this.#onHeader = onHeader;
  }

  /** True while the feed is open and is not known to be silent. */
  get alive(): boolean {
    return this.#feed !== undefined && !this.#suspect;
  }

  /** Subscribes where the node has an open socket; true once it has. The head has to be read after that, not before. */
  async open(): Promise<boolean> {
    if (this.#feed !== undefined || this.#opening || !this.#upstream.pushes) return false;
    this.#opening = true;
    const generation = ++this.#generation;
    const current = () => generation === this.#generation;
    const feed = await this.#upstream.subscribe(
      newHeads,
      (result) => {
        if (current()) this.#receive(readHeader(result));
      },
      () => {
        if (current()) this.close();
      },
    );
    if (!current()) {
      feed?.close();
      return false;
    }
    this.#opening = false;
    this.#feed = feed;
    return feed !== undefined;
  }

  /** Compares with a head that was polled. A feed found silent is closed; the caller opens it again. */
  compare(polled: string): 'alive' | 'silent' {
    if (this.#feed === undefined) return 'alive';
    this.#last ??= polled;
    if (polled === this.#last) {
      this.#missing = undefined;
      return 'alive';
    }
    if (this.#missing !== this.#events) {
      this.#missing = this.#events;
      return 'alive';
    }
    this.close();
    this.#suspect = true;
    return 'silent';
  }

  close(): void {
    this.#generation++;
    this.#opening = false;
    this.#feed?.close();
    this.#feed = undefined;
    this.#last = undefined;
    this.#missing = undefined;
  }

  #receive(header: Header | undefined): void {
    if (header === undefined) return;
    this.#events++;
    this.#suspect = false;
    this.#last = header.hash;
    this.#onHeader(header);
  }
}
