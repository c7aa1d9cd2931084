import { Pool } from 'undici';
import type { Outcome } from '../core/outcome.ts';
import { encodeRequest, encodeRequestBatch } from '../jsonrpc/encode.ts';
import type { Clock } from '../lib/clock.ts';
import { type BatchStray, readAnswer, readAnswers, type Sent, type Timing } from './http-answer.ts';
import { HttpExchange, type HttpResult } from './http-exchange.ts';
import type { Question } from './reply-outcome.ts';
import { retryAfterMs } from './retry-after.ts';
import type { UpstreamRequest } from './upstream.ts';

export interface HttpOptions {
  /** `http://` or `https://`, without userinfo. */
  readonly url: string;
  /** Sent with every request; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Connections at most. */
  readonly connections: number;
  /** Requests that may wait for a connection. */
  readonly queue: number;
  /** Ms until a connection must be made, TLS included. */
  readonly connectTimeout: number;
  /** Bytes of one answer, as sent and as unpacked. */
  readonly responseSize: number;
  /** Ms that are believed of a `Retry-After`. */
  readonly maxRetryAfter: number;
}

export interface HttpDeps {
  readonly clock: Clock;
  /** Runs when a connection was refused, or broke within a request. */
  readonly lost: (why: string) => void;
  /** Runs for each answer in a batch that nobody waited for. */
  readonly stray: (what: BatchStray) => void;
}

/** A question as it goes to the node. */
export interface Ask extends UpstreamRequest, Question {
  /** The gateway's own: a node whose connections are all taken by slow calls of clients is not dead. */
  readonly own?: boolean;
}

/** Connections that only the gateway's own questions may take, besides those for calls. */
const RESERVED = 4;

/**
 * Requests by HTTP POST. Each ends exactly once; a cancelled one closes its connection, as HTTP/1.1 has no other way. What
 * never got a connection says nothing about the node, and is `unsent`.
 */
export class HttpTransport {
  readonly #options: HttpOptions;
  readonly #deps: HttpDeps;
  readonly #pool: Pool;
  readonly #target: { readonly path: string; readonly method: 'POST'; readonly headers: string[] };
  readonly #running = new Set<HttpExchange>();
  // Waiting here and not inside the pool, where what was given up would stay until a connection is free.
  readonly #waiting = new Set<HttpExchange>();
  #lastId = 0;

  constructor(options: HttpOptions, deps: HttpDeps) {
    this.#options = options;
    this.#deps = deps;
    const { origin, pathname, search } = new URL(options.url);
    const headers = { 'content-type': 'application/json', ...options.headers };
    this.#target = { path: pathname + search, method: 'POST', headers: Object.entries(headers).flat() };
    this.#pool = new Pool(origin, {
      connections: options.connections + RESERVED,
      connectTimeout: options.connectTimeout,
      // Each exchange has one deadline of its own for all of it.
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    });
  }

  /** No further request fits. */
  get full(): boolean {
    return this.#waiting.size >= this.#options.queue;
  }

  /** Asks one question. The function that comes back gives it up; `ended` then gets `cancelled`. */
  call(ask: Ask, timeoutMs: number, ended: (outcome: Outcome) => void): () => void {
    const sent = this.#identified(ask);
    const body = encodeRequest(sent.id, ask.method, ask.params);
    return this.#post(body, timeoutMs, ask.own === true, (result, timing) => ended(readAnswer(result, sent, timing)));
  }

  /** Asks several in one HTTP request; `refused` where the node takes no batches. */
  batch(asks: readonly Ask[], timeoutMs: number): Promise<readonly Outcome[] | 'refused'> {
    const { stray } = this.#deps;
    const batch = asks.map((ask) => ({ ...ask, ...this.#identified(ask) }));
    return new Promise((resolve) => {
      const own = asks.every((ask) => ask.own === true);
      this.#post(encodeRequestBatch(batch), timeoutMs, own, (result, timing) =>
        resolve(readAnswers(result, batch, timing, stray)),
      );
    });
  }

  async close(): Promise<void> {
    for (const exchange of [...this.#waiting, ...this.#running]) exchange.cancel();
    await this.#pool.destroy();
  }

  #identified({ method, client }: Question): Sent {
    this.#lastId += 1;
    return { id: this.#lastId, method, client };
  }

  #post(
    body: Buffer,
    timeoutMs: number,
    own: boolean,
    ended: (result: HttpResult, timing: Timing) => void,
  ): () => void {
    const { clock, lost } = this.#deps;
    const { responseSize, maxRetryAfter } = this.#options;
    const startedAt = clock.now();
    const exchange: HttpExchange = new HttpExchange(
      body,
      { timeoutMs, responseSize },
      clock,
      (came) => {
        const waited = this.#waiting.delete(exchange);
        const result = waited && came.kind === 'failed' ? noConnection : came;
        if (result.kind === 'failed' && result.lost) lost(result.message);
        const header = result.kind === 'response' ? result.retryAfter : undefined;
        const wait = header === undefined ? undefined : retryAfterMs(header, clock.wall(), maxRetryAfter);
        ended(result, { latencyMs: clock.now() - startedAt, retryAfterMs: wait });
      },
      () => this.#release(exchange),
    );
    const free = this.#options.connections + (own ? RESERVED : 0) - this.#running.size;
    if (free > 0) this.#dispatch(exchange);
    else this.#waiting.add(exchange);
    return () => exchange.cancel();
  }

  #dispatch(exchange: HttpExchange): void {
    this.#running.add(exchange);
    this.#pool.dispatch({ ...this.#target, body: exchange.body }, exchange);
  }

  #release(exchange: HttpExchange): void {
    this.#running.delete(exchange);
    if (this.#running.size >= this.#options.connections) return;
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      this.#dispatch(next);
      break;
    }
  }
}

const noConnection: HttpResult = {
  kind: 'failed',
  failure: 'overloaded',
  message: 'all connections to the node were taken until the time was over',
  lost: false,
  died: false,
  unsent: true,
};
