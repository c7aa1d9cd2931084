import type { Call } from '../core/call.ts';
import { localReply, refuse, type Reply } from '../core/reply.ts';
import type { Session } from '../core/session.ts';
import { encodeCursor } from './cursor.ts';
import type { Hub, Listening, Opened } from './hub.ts';
import { idFrom, notifications } from './notification.ts';
import type { Beginning, Origin } from './origin.ts';
import type { Deliver } from './stream.ts';
import { parseWish } from './wish.ts';

export interface SubscriptionsDeps {
  readonly hub: Hub;
  readonly chainId: () => bigint | undefined;
  readonly randomBytes: (count: number) => Uint8Array;
}

const ID_BYTES = 16;

/** The subscriptions of one chain, on all connections. */
export class Subscriptions {
  readonly #deps: SubscriptionsDeps;
  readonly #counts = new Map<string, number>();

  constructor(deps: SubscriptionsDeps) {
    this.#deps = deps;
  }

  /** Open ones by type. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** `eth_subscribe`. */
  async subscribe(call: Call): Promise<Reply> {
    const { session } = call;
    if (session === undefined) return refuse('method_unknown', 'subscriptions need a WebSocket connection');
    const wish = parseWish(call.params);
    if ('invalid' in wish) return refuse('invalid_params', wish.invalid);
    if (full(session)) return tooMany(session);
    const listening: Listening =
      wish.kind === 'newHeads' ? { kind: 'heads' } : { kind: 'logs', query: wish.query, heads: false };
    const beginning = await this.#begin(wish.origin, listening, call);
    if ('refusal' in beginning) {
      const { reason, message, details } = beginning.refusal;
      return refuse(reason, message, details);
    }
    if (full(session)) return tooMany(session);
    const id = idFrom(this.#deps.randomBytes(ID_BYTES));
    const { hub } = this.#deps;
    const opened = hub.open(session.subscriptions, session, listening, beginning.position, this.#deliver(session, id));
    this.#register(call, session, id, wish.kind, opened);
    session.afterAnswer(() => opened.start());
    return localReply(Buffer.from(JSON.stringify(id)));
  }

  /** `eth_unsubscribe`, `parity_unsubscribe`: true for an open subscription of this connection. */
  unsubscribe(call: Call): Reply {
    const { session } = call;
    if (session === undefined) return refuse('method_unknown', 'subscriptions need a WebSocket connection');
    const list: unknown = JSON.parse(call.params.toString());
    const [id] = Array.isArray(list) ? (list as readonly unknown[]) : [];
    if (typeof id !== 'string') return refuse('invalid_params', "want a subscription's id");
    const subscription = session.subscriptions.get(id);
    subscription?.close();
    return localReply(Buffer.from(String(subscription !== undefined)));
  }

  /** What is new follows the head that the call, or its whole batch, came with. */
  async #begin(origin: Origin, listening: Listening, call: Call): Promise<Beginning> {
    const { hub } = this.#deps;
    const position = origin.kind === 'head' && call.head !== undefined ? hub.behind(call.head.latest) : undefined;
    return position === undefined ? hub.begin(origin, listening, call) : { position };
  }

  #deliver(session: Session, id: string): Deliver {
    const chainId = this.#deps.chainId() ?? 0n;
    const message = notifications('eth_subscription', id);
    return ({ text, position }) =>
      session.send(message(text, session.cursors ? encodeCursor({ chainId, position }) : undefined));
  }

  #register(call: Call, session: Session, id: string, type: string, opened: Opened): void {
    this.#count(type, 1);
    let open = true;
    let forget = (): void => {};
    const close = (): void => {
      if (!open) return;
      open = false;
      forget();
      session.subscriptions.delete(id);
      this.#count(type, -1);
      opened.close();
    };
    session.subscriptions.set(id, { close });
    forget = call.cancellation.onCancel(close);
  }

  #count(type: string, by: number): void {
    this.#counts.set(type, (this.#counts.get(type) ?? 0) + by);
  }
}

const full = ({ subscriptions, subscriptionLimit }: Session): boolean => subscriptions.size >= subscriptionLimit;

const tooMany = ({ subscriptionLimit }: Session): Reply =>
  refuse('too_many_subscriptions', `a connection may have ${subscriptionLimit} subscriptions`);
