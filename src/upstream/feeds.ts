import type { RawJson } from '../jsonrpc/message.ts';
import { LONGEST_ID, type SubscriptionEvent } from './subscription-event.ts';

interface LiveFeed {
  readonly onEvent: (result: RawJson) => void;
  readonly onEnd: () => void;
}

/** A subscription that was asked for and not answered yet. */
export interface Opening {
  /**
   * The node named it. Gives a function that closes it, and tells whether it was still open; undefined where the name is
   * another one's, or too long for one.
   */
  opened(subscription: string, onEvent: (result: RawJson) => void, onEnd: () => void): (() => boolean) | undefined;
  failed(): void;
}

/** Events, and bytes of events, that are kept for subscriptions whose names are not known yet. */
const EARLY_EVENTS = 256;
const EARLY_BYTES = 1024 * 1024;

/**
 * The subscriptions of one socket, by the names that the node gave them. An event may come before the answer that
 * names its subscription: while one is being opened, events of unknown names are kept, within bounds.
 */
export class Feeds {
  readonly #unknown: () => void;
  readonly #live = new Map<string, LiveFeed>();
  #openings = 0;
  #early: SubscriptionEvent[] = [];
  #earlyBytes = 0;

  /** `unknown` runs for each event that is nobody's. */
  constructor(unknown: () => void) {
    this.#unknown = unknown;
  }

  /** Open ones, and ones being opened. */
  get size(): number {
    return this.#live.size + this.#openings;
  }

  opening(): Opening {
    this.#openings += 1;
    return {
      opened: (subscription, onEvent, onEnd) => {
        if (subscription.length > LONGEST_ID || this.#live.has(subscription)) {
          this.#settled();
          return undefined;
        }
        const feed = { onEvent, onEnd };
        this.#live.set(subscription, feed);
        const early = this.#early.filter((event) => event.subscription === subscription);
        this.#early = this.#early.filter((event) => event.subscription !== subscription);
        this.#settled();
        for (const event of early) onEvent(event.result);
        return () => this.#live.get(subscription) === feed && this.#live.delete(subscription);
      },
      failed: () => this.#settled(),
    };
  }

  deliver(event: SubscriptionEvent): void {
    const feed = this.#live.get(event.subscription);
    if (feed !== undefined) return feed.onEvent(event.result);
    const bytes = this.#earlyBytes + event.result.length;
    if (this.#openings === 0 || this.#early.length >= EARLY_EVENTS || bytes > EARLY_BYTES) return this.#unknown();
    this.#early.push(event);
    this.#earlyBytes = bytes;
  }

  /** Ends all that are open. Called once, when the socket is gone. */
  end(): void {
    for (const feed of this.#live.values()) feed.onEnd();
  }

  #settled(): void {
    this.#openings -= 1;
    if (this.#openings > 0) return;
    for (const _ of this.#early) this.#unknown();
    this.#early = [];
    this.#earlyBytes = 0;
  }
}
