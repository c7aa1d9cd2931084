import type { Call } from '../core/call.ts';
import { gapEvent } from '../core/gap-event.ts';
import { refuse, type Reply } from '../core/reply.ts';
import type { Session } from '../core/session.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { encodeCursor } from './cursor.ts';
import type { Hub, Listening } from './hub.ts';
import type { LatestValue } from './latest-value.ts';
import type { Line } from './outlet.ts';
import { notifications } from './notification.ts';
import type { Beginning, Origin } from './origin.ts';
import type { PendingTransactions } from './pending-transactions.ts';
import type { Position } from './position.ts';
import { needsConnection, type Opened, type Registry } from './registry.ts';
import { heartbeat, serverSent } from './server-sent.ts';
import type { Deliver } from './stream.ts';
import type { Report } from './report.ts';
import { parseWish, type Wish } from './wish.ts';

export interface SubscriptionsDeps {
  readonly hub: Hub;
  readonly registry: Registry;
  readonly pending: PendingTransactions;
  /** What `syncing` tells. */
  readonly syncing: LatestValue;
  readonly chainId: () => bigint | undefined;
  readonly clock: Clock;
  readonly report: Report;
}

/** Ms between two signs of life of an event stream. */
const HEARTBEAT = 15_000;
/** WebSocket close codes after which every library connects again. */
const RESTART = 1012;
const TRY_LATER = 1013;

type ChainWish = Extract<Wish, { origin: Origin }>;

/** `eth_subscribe`, for connections of every kind. */
export class Subscriptions {
  readonly #deps: SubscriptionsDeps;

  constructor(deps: SubscriptionsDeps) {
    this.#deps = deps;
  }

  async subscribe(call: Call): Promise<Reply> {
    const { registry, pending, syncing, report } = this.#deps;
    const { session } = call;
    if (session === undefined) return needsConnection;
    const wish = parseWish(call.params, session.style);
    if ('invalid' in wish) return refuse('invalid_params', wish.invalid);
    const send = (id: string): ((result: Buffer) => boolean) => {
      const message = notifications('eth_subscription', id);
      return (result) => {
        report.streamed(wish.kind, 'event');
        return session.send(message(result));
      };
    };
    switch (wish.kind) {
      case 'newHeads':
      case 'logs':
      case 'events':
        return this.#follow(call, session, wish);
      case 'newPendingTransactions':
        return registry.add(call, session, wish.kind, (id) => pending.open(wish.bodies, session, send(id)));
      case 'syncing':
        return registry.add(call, session, wish.kind, (id) => syncing.open(session, send(id)));
      default:
        return wish satisfies never;
    }
  }

  async #follow(call: Call, session: Session, wish: ChainWish): Promise<Reply> {
    const { registry } = this.#deps;
    const listening: Listening =
      wish.kind === 'newHeads'
        ? { kind: 'heads' }
        : { kind: 'logs', query: wish.query, heads: wish.kind === 'events' && wish.heads };
    const beginning = await this.#begin(wish.origin, listening, call);
    if ('refusal' in beginning) {
      const { reason, message, details } = beginning.refusal;
      return refuse(reason, message, details);
    }
    return registry.add(call, session, wish.kind, (id) =>
      this.#open(session, id, wish.kind, listening, beginning.position),
    );
  }

  /** What is new follows the head that the call, or its whole batch, came with. */
  async #begin(origin: Origin, listening: Listening, call: Call): Promise<Beginning> {
    const { hub } = this.#deps;
    const position = origin.kind === 'head' && call.head !== undefined ? hub.behind(call.head.latest) : undefined;
    return position === undefined ? hub.begin(origin, listening, call) : { position };
  }

  #open(session: Session, id: string, type: string, listening: Listening, start: Position): Opened {
    const { hub, report } = this.#deps;
    const live = (hub.chain.view.head?.latest.number ?? 0) + 1;
    const counted =
      (send: Deliver): Deliver =>
      (event) => {
        report.streamed(type, 'event');
        if (event.position.number < live && start.number + 1 < live) report.streamed(type, 'replayed');
        return send(event);
      };
    const cursor = (position: Position): string => encodeCursor({ chainId: this.#deps.chainId() ?? 0n, position });
    const key = session.subscriptions;
    if (session.style === 'stream') {
      const deliver: Deliver = (event) => session.send(serverSent(event, cursor(event.position)));
      const opened = hub.open(key, lineOf(session, report), listening, start, counted(deliver));
      const beating = this.#beat(session, () => opened.position(), cursor);
      return {
        start: () => {
          beating.start();
          opened.start();
        },
        close: () => {
          beating.close();
          opened.close();
        },
      };
    }
    const message = notifications('eth_subscription', id);
    const deliver: Deliver =
      session.style === 'cursor'
        ? ({ text, position }) => session.send(message(text, cursor(position)))
        : ({ text }) => session.send(message(text));
    return hub.open(key, lineOf(session, report), listening, start, counted(deliver));
  }

  /** Signs of life, the first one at once, so that a reader who is cut off before any event has a cursor. */
  #beat(session: Session, position: () => Position, cursor: (position: Position) => string): Opened {
    const { clock } = this.#deps;
    let timer: Timer | undefined;
    const beat = (): void => {
      const standing = position();
      // Before the first block of all there is nothing to stand on.
      session.send(heartbeat(standing.number < 0 ? undefined : cursor(standing)));
      timer = clock.after(HEARTBEAT, beat);
    };
    return { start: beat, close: () => timer?.cancel() };
  }
}

/** A connection as the streams on it see it. */
const lineOf = (session: Session, report: Report): Line => ({
  onDrain: (task) => session.onDrain(task),
  slow: (why) => {
    report.recovered('slow_reader');
    session.end(TRY_LATER, why);
  },
  lost: (safeFrom, why) => {
    report.recovered('lost');
    const block = `0x${safeFrom.toString(16)}`;
    if (session.style === 'stream') session.send(gapEvent(block, why));
    session.end(RESTART, `${why}; fetch again from block ${safeFrom}`);
  },
});
