import type { Call } from '../core/call.ts';
import { localReply, refuse, type Reply } from '../core/reply.ts';
import type { Session } from '../core/session.ts';
import { idFrom } from './notification.ts';
import type { ByteBudget } from '../lib/byte-budget.ts';

/** What a subscription is made of, once it has a name. */
export interface Opened {
  /** Lets the first events go. */
  start(): void;
  close(): void;
}

const ID_BYTES = 16;

/** The open subscriptions of all connections: their names, their number, and their end. */
export class Registry {
  readonly #randomBytes: (count: number) => Uint8Array;
  readonly #budget: ByteBudget;
  readonly #counts = new Map<string, number>();

  constructor(randomBytes: (count: number) => Uint8Array, budget: ByteBudget) {
    this.#randomBytes = randomBytes;
    this.#budget = budget;
  }

  /** Open subscriptions by type. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  newId(): string {
    return idFrom(this.#randomBytes(ID_BYTES));
  }

  /**
   * Keeps what `open` makes until the client or its connection ends it. The reply names it; its events begin once that
   * has been written.
   */
  add(call: Call, session: Session, type: string, open: (id: string) => Opened): Reply {
    if (session.subscriptions.size >= session.subscriptionLimit) return tooMany(session);
    if (call.cancellation.cancelled) return refuse('invalid_request', 'the connection is closed');
    const leave = this.#budget.keep(call.params.length);
    if (leave === undefined) return noRoom;
    const id = this.newId();
    const opened = open(id);
    let closed = false;
    this.#count(type, 1);
    const close = (): void => {
      if (closed) return;
      closed = true;
      forget();
      session.subscriptions.delete(id);
      this.#count(type, -1);
      leave();
      opened.close();
    };
    session.subscriptions.set(id, { close });
    const forget = call.cancellation.onCancel(close);
    session.afterAnswer(() => opened.start());
    return localReply(Buffer.from(JSON.stringify(id)));
  }

  /** `eth_unsubscribe`, `parity_unsubscribe`: true for an open subscription of this connection. */
  remove({ session, params }: Call): Reply {
    if (session === undefined) return needsConnection;
    const list: unknown = JSON.parse(params.toString());
    const [id] = Array.isArray(list) ? (list as readonly unknown[]) : [];
    if (typeof id !== 'string') return refuse('invalid_params', "want a subscription's id");
    const subscription = session.subscriptions.get(id);
    subscription?.close();
    return localReply(Buffer.from(String(subscription !== undefined)));
  }

  #count(type: string, by: number): void {
    this.#counts.set(type, (this.#counts.get(type) ?? 0) + by);
  }
}

/** The answer where there is nobody to push events to. */
export const needsConnection: Reply = refuse('method_unknown', 'subscriptions need a WebSocket connection');

export const noRoom: Reply = refuse('too_many_subscriptions', 'what is subscribed to here is too much together');

export const tooMany = ({ subscriptionLimit }: Session): Reply =>
  refuse('too_many_subscriptions', `a connection may have ${subscriptionLimit} subscriptions`);
