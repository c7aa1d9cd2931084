import { failedBecause, type FailureClass, type Outcome } from '../core/outcome.ts';
import { decodeReply, type ReplyEnvelope } from '../jsonrpc/decode-reply.ts';
import { encodeRequest } from '../jsonrpc/encode.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { Feeds } from './feeds.ts';
import type { Ask } from './http-transport.ts';
import { cancelled, numericId, type Question, replyOutcome } from './reply-outcome.ts';
import { subscriptionEvent } from './subscription-event.ts';
import type { Feed } from './upstream.ts';

/** A message that no one waits for: ignored, and counted. */
export type Stray =
  /** The answer to a call that is over: doubled, or too late. */
  | 'late_answer'
  /** The answer to a call never made. */
  | 'unasked_answer'
  | 'unknown_subscription'
  /** Not a JSON-RPC answer or notification. */
  | 'malformed';

export interface SessionOptions {
  /** Calls in flight at most. */
  readonly pending: number;
  /** Feeds at most. */
  readonly feeds: number;
}

export interface SessionDeps {
  readonly clock: Clock;
  readonly send: (message: Buffer) => void;
  readonly stray: (what: Stray) => void;
}

interface Pending {
  readonly question: Question;
  readonly startedAt: number;
  readonly timer: Timer;
  readonly ended: (outcome: Outcome) => void;
}

/**
 * JSON-RPC over one stream of messages, with many calls in flight under ids of its own. Lives as long as the socket
 * under it: `end` fails every call and ends every feed.
 */
export class SocketSession {
  readonly #options: SessionOptions;
  readonly #deps: SessionDeps;
  readonly #pending = new Map<number, Pending>();
  readonly #feeds: Feeds;
  #lastId = 0;
  #over = false;

  constructor(options: SessionOptions, deps: SessionDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#feeds = new Feeds(() => deps.stray('unknown_subscription'));
  }

  get full(): boolean {
    return this.#pending.size >= this.#options.pending;
  }

  /** Asks one question. The function that comes back gives it up; `ended` then gets `cancelled`. */
  call(ask: Ask, timeoutMs: number, ended: (outcome: Outcome) => void): () => void {
    if (this.#over) {
      ended(failedBecause('transport', 'the socket is closed'));
      return () => {};
    }
    const { clock, send } = this.#deps;
    this.#lastId += 1;
    const id = this.#lastId;
    const timer = clock.after(timeoutMs, () => this.#fail(id, 'timeout', 'no answer within the time limit'));
    const question = { method: ask.method, client: ask.client };
    this.#pending.set(id, { question, startedAt: clock.now(), timer, ended });
    send(encodeRequest(id, ask.method, ask.params));
    return () => this.#take(id)?.ended(cancelled);
  }

  /** Undefined where the node refused, did not answer in time, or the socket was lost meanwhile. */
  async subscribe(
    ask: Ask,
    timeoutMs: number,
    onEvent: (result: RawJson) => void,
    onEnd: () => void,
  ): Promise<Feed | undefined> {
    if (this.#feeds.size >= this.#options.feeds) return undefined;
    const opening = this.#feeds.opening();
    const outcome = await new Promise<Outcome>((resolve) => {
      this.call(ask, timeoutMs, resolve);
    });
    if (outcome.kind !== 'answered' || this.#over) {
      opening.failed();
      return undefined;
    }
    const subscription = outcome.result.toString('latin1');
    const close = opening.opened(subscription, onEvent, onEnd);
    if (close === undefined) return undefined;
    const params = Buffer.from(`[${subscription}]`);
    return {
      close: () => {
        const unsubscribe = { ...ask, method: 'eth_unsubscribe', params };
        if (close() && !this.#over) this.call(unsubscribe, timeoutMs, () => {});
      },
    };
  }

  /** Takes one message from the node. */
  receive(message: Buffer): void {
    const reply = decodeReply(message);
    switch (reply.kind) {
      case 'result':
      case 'error':
        return this.#answer(reply, numericId(reply.id));
      case 'notification': {
        const event = subscriptionEvent(reply.params);
        return event === undefined ? this.#deps.stray('malformed') : this.#feeds.deliver(event);
      }
      case 'malformed':
        return this.#malformed(message, reply);
      default:
        return reply satisfies never;
    }
  }

  /** The socket is gone: fails all calls in this way and ends all feeds. */
  end(failure: FailureClass, why: string): void {
    if (this.#over) return;
    this.#over = true;
    for (const id of this.#pending.keys()) this.#fail(id, failure, why, true);
    this.#feeds.end();
  }

  /** Nobody wants the answers any more. */
  cancelAll(): void {
    for (const id of this.#pending.keys()) this.#take(id)?.ended(cancelled);
  }

  #answer(reply: ReplyEnvelope, id: number): void {
    const pending = this.#take(id);
    if (pending === undefined) return this.#deps.stray(id > 0 && id <= this.#lastId ? 'late_answer' : 'unasked_answer');
    const latencyMs = this.#deps.clock.now() - pending.startedAt;
    pending.ended(replyOutcome(reply, pending.question, { latencyMs, httpStatus: undefined, retryAfterMs: undefined }));
  }

  /**
   * A text that is cut off or otherwise broken may still begin with the id of the call it was to answer. That is good
   * enough to fail this call at once, which is asked elsewhere then; nothing is believed of such a message.
   */
  #malformed(message: Buffer, reply: ReplyEnvelope): void {
    const id = /"id"\s{0,4}:\s{0,4}(\d{1,15})\b/.exec(message.toString('latin1', 0, 64))?.[1];
    if (id !== undefined && this.#pending.has(Number(id))) this.#answer(reply, Number(id));
    else this.#deps.stray('malformed');
  }

  #fail(id: number, failure: FailureClass, why: string, died = false): void {
    const pending = this.#take(id);
    if (pending === undefined) return;
    const failed = failedBecause(failure, why, { latencyMs: this.#deps.clock.now() - pending.startedAt });
    pending.ended(died ? { ...failed, died } : failed);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.timer.cancel();
    return pending;
  }
}
