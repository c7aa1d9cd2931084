import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Call } from '../core/call.ts';
import type { Endpoint } from '../core/endpoint.ts';
import { gapEvent } from '../core/gap-event.ts';
import type { Reply } from '../core/reply.ts';
import { methodSpec } from '../ethereum/methods.ts';
import { type Reason, statusOf } from '../jsonrpc/errors.ts';
import { Cancellation } from '../lib/cancellation.ts';
import { type CallDeps, carryOut } from './carry-out.ts';
import { contextOf, type ContextOptions } from './context.ts';
import { readEventQuery, replayFrom } from './event-query.ts';
import { StreamSession } from './stream-session.ts';

/** Why a stream was not opened; nothing has been written. */
export interface StreamRefused {
  readonly status: number;
  readonly reason: Reason;
  readonly message: string;
  /** Seconds after which to try again. */
  readonly retryAfter: number | undefined;
}

type Failed = Extract<Reply, { ok: false }>;

/** The event streams of the RPC listener: subscriptions whose events are an HTTP answer that does not end. */
export class EventStreams {
  readonly #options: ContextOptions;
  readonly #deps: CallDeps;
  readonly #sessions = new Set<StreamSession>();
  #closed = false;

  constructor(options: ContextOptions, deps: CallDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Streams since the start that are still open. */
  get size(): number {
    return this.#sessions.size;
  }

  /**
   * Opens a stream that writes to `response`, with `headers` besides its own. Where what the client has cannot be gone on
   * from, the first event says so, and the stream begins where it can be complete. A HEAD request is told what GET would be,
   * after the same look at what can be served, and gets no stream.
   */
  async open(
    request: IncomingMessage,
    response: ServerResponse,
    endpoint: Endpoint,
    headers: Readonly<Record<string, string>>,
  ): Promise<StreamRefused | undefined> {
    const query = new URLSearchParams((request.url ?? '').split('?').slice(1).join('?'));
    const asked = readEventQuery(query, lastEventId(request));
    if ('invalid' in asked) return refused('invalid_params', asked.invalid);
    const session = new StreamSession(response);
    const cancellation = new Cancellation();
    response.once('close', () => {
      this.#sessions.delete(session);
      cancellation.cancel();
    });
    const context = contextOf(request, this.#options, cancellation, session);
    if ('problem' in context) return refused('invalid_request', context.problem);
    const subscribe = (params: readonly unknown[]): Promise<Reply> =>
      this.#subscribe({ ...context, transport: 'http' }, params, endpoint);
    const first = await subscribe(asked.params);
    const lost = first.ok ? undefined : lostIn(first);
    const opened =
      lost === undefined ? first : await subscribe([asked.params[0], asked.params[1], replayFrom(lost.safeFrom)]);
    // Where it is safe to begin, and nobody can tell what is there, there is no stream to speak of a gap in.
    if (!opened.ok) return refusal(lost === undefined ? opened : { ...opened, reason: 'no_upstream' });
    response.writeHead(200, { ...headers, ...streaming });
    if (request.method === 'HEAD') {
      session.end();
      return undefined;
    }
    this.#begin(session, response);
    if (lost !== undefined) session.send(gapEvent(lost.safeFrom, lost.message));
    session.answered();
    if (this.#closed) session.end();
    return undefined;
  }

  /** Ends every stream, and those whose opening still waits: readers come back with the cursors that they have. */
  close(): void {
    this.#closed = true;
    for (const session of this.#sessions) session.end();
  }

  #begin(session: StreamSession, response: ServerResponse): void {
    this.#sessions.add(session);
    if (response.destroyed) this.#sessions.delete(session);
    response.flushHeaders();
  }

  #subscribe(
    context: Omit<Call, 'chain' | 'method' | 'spec' | 'params' | 'deadline' | 'memory' | 'head' | 'pin' | 'accept'>,
    params: readonly unknown[],
    endpoint: Endpoint,
  ): Promise<Reply> {
    const call: Call = {
      ...context,
      chain: endpoint.name,
      method: 'eth_subscribe',
      spec: methodSpec('eth_subscribe'),
      params: Buffer.from(JSON.stringify(params)),
      deadline: this.#deps.clock.now() + endpoint.timeoutMs,
      memory: undefined,
      head: endpoint.head(),
      pin: undefined,
      accept: undefined,
    };
    return carryOut(call, endpoint, this.#deps);
  }
}

const streaming = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  // Nginx would gather the events otherwise.
  'x-accel-buffering': 'no',
};

const lastEventId = ({ headers }: IncomingMessage): string | undefined => {
  const value = headers['last-event-id'];
  return Array.isArray(value) ? value[0] : value;
};

/** Where a stream can begin instead, if what was asked for is lost, and why it is. */
const lostIn = ({ reason, error }: Failed): { readonly safeFrom: string; readonly message: string } | undefined => {
  if (reason !== 'cursor_lost') return undefined;
  const { safeFrom } = error.data as { readonly safeFrom?: unknown };
  return typeof safeFrom === 'string' ? { safeFrom, message: error.message } : undefined;
};

const refusal = ({ reason = 'upstreams_failed', error, retryAfter }: Failed): StreamRefused => {
  const { status } = refused(reason, '');
  return { status, reason, message: error.message, retryAfter: retryAfter ?? (status >= 500 ? 1 : undefined) };
};

/** Errors that JSON-RPC tells with status 200 need another one here, where no body tells them apart. */
const refused = (reason: Reason, message: string): StreamRefused => {
  const status = statusOf(reason);
  const forbidden = reason === 'method_denied' ? 403 : 400;
  return { status: status === 200 ? forbidden : status, reason, message, retryAfter: undefined };
};
