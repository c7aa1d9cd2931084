import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Endpoint } from '../core/endpoint.ts';
import { faultReply, type Reply, tooManyBytes } from '../core/reply.ts';
import type { Reason } from '../jsonrpc/errors.ts';
import type { ByteBudget } from '../lib/byte-budget.ts';
import { Cancellation } from '../lib/cancellation.ts';
import { type Answer, answer, type AnswerDeps } from './answer.ts';
import { contextOf, type ContextOptions } from './context.ts';
import { type CorsOptions, originAllowed } from './cors.ts';
import { idIn, internalError, tellFault } from './fault.ts';
import { Holding } from './holding.ts';
import { hostCheck } from './host-check.ts';
import { bodyOf } from './response.ts';
import { type Endpoints, parseTarget } from './target.ts';
import { type ConnectionOptions, WsConnection } from './ws-connection.ts';

export interface WsOptions extends ContextOptions {
  readonly host: string;
  readonly hosts: readonly string[];
  readonly cors: CorsOptions;
  /** Largest message of a client, in bytes. */
  readonly bodySize: number;
  readonly connection: ConnectionOptions;
}

export interface WsDeps extends AnswerDeps {
  readonly endpoints: Endpoints;
  /** Bytes of requests and answers under way. */
  readonly budget: ByteBudget;
}

/** The WebSocket side of the RPC listener. */
export class WsIngress {
  readonly #options: WsOptions;
  readonly #deps: WsDeps;
  readonly #server: WebSocketServer;
  readonly #connections = new Set<WsConnection>();
  readonly #hostAllowed: (header: string | undefined) => boolean;

  constructor(options: WsOptions, deps: WsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#hostAllowed = hostCheck({ bound: options.host, hosts: options.hosts });
    this.#server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: options.bodySize });
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Takes over the upgrades of an HTTP server. */
  attach(server: Server): void {
    server.on('upgrade', (request, socket, head) => {
      try {
        this.#upgrade(request, socket, head);
      } catch (error) {
        tellFault(this.#deps.observer, error, { transport: 'ws' });
        this.#refuse(socket, 500, 'internal_error');
      }
    });
  }

  /**
   * Hands every client over to another gateway, once its calls under way are answered: 1012 is the code after which all
   * libraries come back.
   */
  close(): void {
    for (const connection of this.#connections) connection.handOver(1012, 'restarting: please connect again');
  }

  /** Ends what is left at once. */
  terminate(): void {
    for (const socket of this.#server.clients) socket.terminate();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Node hands the socket over without a listener of its own, and `ws` has none yet: a reset would end the process.
    socket.on('error', () => socket.destroy());
    const { cors } = this.#options;
    if (!this.#hostAllowed(request.headers.host)) return this.#refuse(socket, 403, 'host_denied');
    if (!originAllowed(request.headers.origin, cors)) return this.#refuse(socket, 403, 'origin_denied');
    const target = parseTarget((request.url ?? '/').split('?', 1)[0] ?? '/');
    const endpoint = target.kind === 'rpc' ? this.#deps.endpoints.find(target.chain) : undefined;
    if (endpoint === undefined) return this.#refuse(socket, 404, 'unknown_chain');
    const probe = contextOf(request, this.#options, new Cancellation());
    if ('problem' in probe) return this.#refuse(socket, 400, 'invalid_request');
    this.#server.handleUpgrade(request, socket, head, (opened) => this.#serve(opened, request, endpoint));
    return undefined;
  }

  #refuse(socket: Duplex, status: number, reason: string): void {
    this.#deps.observer.rejected(reason);
    const body = `${reason}\n`;
    socket.end(
      `HTTP/1.1 ${status} ${reason}\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
  }

  #serve(socket: WebSocket, request: IncomingMessage, endpoint: Endpoint): void {
    const connection = new WsConnection(socket, this.#options.connection, this.#deps.clock);
    this.#connections.add(connection);
    socket.on('close', () => this.#connections.delete(connection));
    // Without a listener a protocol violation would end the process; `ws` closes the socket by itself.
    socket.on('error', () => {});
    socket.on('message', (data) => {
      // What a client goes on sending until it hears that it was sent away.
      if (connection.closed) return;
      void connection.serve(() => this.#message(bytesOf(data), connection, request, endpoint));
    });
  }

  async #message(body: Buffer, connection: WsConnection, request: IncomingMessage, endpoint: Endpoint): Promise<void> {
    const { session, turn, answered } = connection.sessionFor(asksForCursors(request.url ?? '') ? 'cursor' : 'plain');
    const context = contextOf(request, this.#options, connection.cancellation, session);
    if ('problem' in context) return;
    const holding = new Holding(this.#deps.budget, turn);
    try {
      const outcome = holding.take(body.length)
        ? await answer({ body, holding }, endpoint, context, this.#deps)
        : this.#refusal(body, 'overloaded', tooManyBytes());
      connection.write(bodyOf(outcome), () => holding.close());
      answered();
    } catch (error) {
      tellFault(this.#deps.observer, error, { requestId: context.requestId, transport: 'ws' });
      connection.write(bodyOf(this.#refusal(body, 'internal_error', faultReply(internalError))));
      holding.close();
      turn.done();
    }
  }

  #refusal(body: Buffer, reason: Reason, reply: Reply): Answer {
    const { observer, limits } = this.#deps;
    observer.rejected(reason);
    return { kind: 'single', answered: { id: idIn(body, limits), reply } };
  }
}

/** `?cursor=1` on the URL, which is all that a user of an unmodified library can say. */
const asksForCursors = (url: string): boolean => {
  const query = url.indexOf('?');
  return query !== -1 && new URLSearchParams(url.slice(query)).get('cursor') === '1';
};

const bytesOf = (data: RawData): Buffer => {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
};
