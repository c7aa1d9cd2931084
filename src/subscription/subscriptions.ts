import type { Call } from '../core/call.ts';
import { localReply, refuse, type Reply } from '../core/reply.ts';
import type { Session } from '../core/session.ts';
import type { ChainView } from '../head/chain-view.ts';
import { encodeCursor } from './cursor.ts';
import type { Hub, Opened } from './hub.ts';
import { idFrom, notifications } from './notification.ts';
import type { Position } from './position.ts';
import type { Deliver } from './stream.ts';
import { parseWish, type Wish } from './wish.ts';

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
    const start = await this.#start(call);
    if (start === undefined) return refuse('no_upstream', 'no node has been reached');
    if (session.subscriptions.size >= session.subscriptionLimit) return tooMany(session);
    const id = idFrom(this.#deps.randomBytes(ID_BYTES));
    const opened = this.#open(wish, session, start, this.#deliver(session, id));
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

  /** Events follow the head that the call, or its whole batch, came with. */
  async #start(call: Call): Promise<Position | undefined> {
    const { hub } = this.#deps;
    const known = hub.standing(call.head?.latest);
    if (known !== undefined) return known;
    const published = (view: ChainView): boolean => view.head !== undefined;
    await hub.chain.waitFor(published, call.deadline, call.cancellation);
    return hub.standing(undefined);
  }

  #open(wish: Wish, session: Session, start: Position, deliver: Deliver): Opened {
    const { hub } = this.#deps;
    const key = session.subscriptions;
    switch (wish.kind) {
      case 'newHeads':
        return hub.heads(key, session, start, deliver);
      case 'logs':
        return hub.logs(key, session, wish.query, start, deliver);
      default:
        return wish satisfies never;
    }
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

const tooMany = ({ subscriptionLimit }: Session): Reply =>
  refuse('too_many_subscriptions', `a connection may have ${subscriptionLimit} subscriptions`);
