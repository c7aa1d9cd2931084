import type { IncomingMessage } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Endpoint } from '../core/endpoint.ts';
import { faultReply } from '../core/reply.ts';
import { gatewayError, type GatewayError, type Reason, statusOf } from '../jsonrpc/errors.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import type { ByteBudget } from '../lib/byte-budget.ts';
import { Cancellation } from '../lib/cancellation.ts';
import { type Answer, answer, type AnswerDeps } from './answer.ts';
import { BodyRefused, readable, tooLarge } from './body.ts';
import { contextOf, type ContextOptions, requestIdOf } from './context.ts';
import { corsHeaders, type CorsOptions, preflightHeaders } from './cors.ts';
import { idIn, internalError, tellFault } from './fault.ts';
import { Holding } from './holding.ts';
import { hostCheck } from './host-check.ts';
import { bodyOf, headersOf, httpStatusOf } from './response.ts';
import { pack, write } from './write.ts';
import { answerUnreadable } from './unreadable.ts';
import { EventStreams } from './sse.ts';
import { type Endpoints, parseTarget, type Target } from './target.ts';

export interface HttpOptions extends ContextOptions {
  readonly host: string;
  /** More Host headers accepted on loopback. */
  readonly hosts: readonly string[];
  readonly cors: CorsOptions;
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Largest request body in bytes, before and after unpacking. */
  readonly bodySize: number;
  readonly connections: number;
  /** Ms for a client to send its headers, and its whole request. */
  readonly headerTimeout: number;
  readonly requestTimeout: number;
  /** Gzip answers for clients that ask. */
  readonly compression: boolean;
}

export interface HttpDeps extends AnswerDeps {
  readonly endpoints: Endpoints;
  /** Bytes of requests and answers under way. */
  readonly budget: ByteBudget;
  readonly ready: () => boolean;
  /** Every answer is then its connection's last, so that no client sends another call into the end. */
  readonly draining: () => boolean;
  /** The page for a browser that opens an endpoint. */
  readonly page: (endpoint: Endpoint, url: string) => string;
}

/** All that a request meets here. */
type Gate = HttpOptions & HttpDeps & { readonly streams: EventStreams };

/** What is to be given up, or given back, when the connection of a request closes. */
interface Ending {
  readonly holding: Holding;
  readonly cancellation: Cancellation;
}

type Ended = FastifyRequest & { ending: Ending | null };

const endingOf = ({ budget }: Gate): Ending => ({ holding: new Holding(budget), cancellation: new Cancellation() });

const NULL_ID: RawJson = Buffer.from('null');

/** The RPC listener's HTTP side. */
export const createHttp = (options: HttpOptions, deps: HttpDeps): FastifyInstance => {
  const gate: Gate = { ...options, ...deps, streams: new EventStreams(options, deps) };
  const settings = {
    bodyLimit: options.bodySize,
    requestTimeout: options.requestTimeout,
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    clientErrorHandler: answerUnreadable(options.cors),
    frameworkErrors: (_error: Error, _request: FastifyRequest, reply: FastifyReply) =>
      refuse(reply, gate, 'invalid_request', 'the path is not well formed: a % that begins no character'),
    ...(options.tls === undefined ? { http: checked(options) } : { https: { ...options.tls, ...checked(options) } }),
  };
  // Typed as plain HTTP: whether TLS is below makes no difference here.
  const app = Fastify(settings as { bodyLimit: number });
  app.server.maxConnections = options.connections;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.decorateRequest('ending', null);
  app.addHook('preClose', (done) => {
    gate.streams.close();
    done();
  });
  addHooks(app, gate);
  app.setErrorHandler((error, request, reply) => {
    const refusal = refusalOf(error);
    if (refusal === undefined) return failed(error, request, reply, gate);
    const [reason, message] = refusal;
    // The client goes on sending what nobody reads.
    if (reason === 'body_too_large') void reply.header('connection', 'close');
    return refuse(reply, gate, reason, message);
  });
  app.setNotFoundHandler((_request, reply) => {
    void reply.header('allow', 'GET, HEAD, POST, OPTIONS');
    return refuse(reply, gate, 'invalid_request', 'send JSON-RPC by POST', { status: 405 });
  });
  app.options('*', (_request, reply) => reply.code(204).headers(preflightHeaders).send());
  app.route({ method: ['GET', 'HEAD'], url: '*', handler: (request, reply) => route(request, reply, gate) });
  app.post('*', (request, reply) => post(request, reply, gate));
  return app;
};

/** Node looks for late clients only now and then: often enough that the configured times mean something. */
const checked = ({ headerTimeout, requestTimeout }: HttpOptions) => ({
  headersTimeout: headerTimeout,
  requestTimeout,
  connectionsCheckingInterval: Math.max(100, Math.min(5000, headerTimeout / 4, requestTimeout / 4)),
  shouldUpgradeCallback: wantsWebSocket,
});

/** Clients that would rather speak HTTP/2 offer that by the same header, and are to be answered as if they had not. */
const wantsWebSocket = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';

const addHooks = (app: FastifyInstance, gate: Gate): void => {
  const hostAllowed = hostCheck({ bound: gate.host, hosts: gate.hosts });
  app.addHook('onRequest', (request, reply, done) => {
    // Whatever a client calls it, it is JSON, or refused for not being so.
    request.raw.headers['content-type'] = 'application/json';
    // An answer to a POST is written past Fastify, with these headers among its own.
    if (request.method !== 'POST') reply.headers(commonHeaders(request, requestIdOf(request.raw, gate.newId), gate));
    if (hostAllowed(request.raw.headers.host)) done();
    else refuse(reply, gate, 'host_denied', "the Host header is none of this machine's names: see server.hosts");
  });
  app.addHook('preParsing', (request, reply, payload, done) => {
    const ending = endingOf(gate);
    (request as Ended).ending = ending;
    reply.raw.once('close', () => {
      ending.holding.close();
      if (!reply.raw.writableFinished) ending.cancellation.cancel();
    });
    try {
      done(null, readable(request.raw, payload as IncomingMessage, ending.holding, gate.bodySize));
    } catch (error) {
      done(error as Error);
    }
  });
};

/** What every answer carries, whatever it says. */
const commonHeaders = (
  request: FastifyRequest,
  requestId: string,
  { cors, draining }: Gate,
): Record<string, string> => {
  const headers: Record<string, string> = {
    ...corsHeaders(request.raw.headers.origin, cors),
    'x-request-id': requestId,
  };
  if (draining()) headers['connection'] = 'close';
  return headers;
};

const route = (request: FastifyRequest, reply: FastifyReply, gate: Gate): FastifyReply | Promise<FastifyReply> => {
  const target = parseTarget(pathOf(request));
  return target.kind === 'events' ? stream(request, reply, target.chain, gate) : get(target, request, reply, gate);
};

const stream = async (
  request: FastifyRequest,
  reply: FastifyReply,
  chain: string | undefined,
  gate: Gate,
): Promise<FastifyReply> => {
  const endpoint = gate.endpoints.find(chain);
  if (endpoint === undefined) return unknownChain(reply, gate);
  const refused = await gate.streams.open(
    request.raw,
    reply.raw,
    endpoint,
    commonHeaders(request, requestIdOf(request.raw, gate.newId), gate),
  );
  if (refused === undefined) return reply.hijack();
  const { reason, message, status, retryAfter } = refused;
  if (retryAfter !== undefined) void reply.header('retry-after', String(retryAfter));
  return refuse(reply, gate, reason, message, { status });
};

const get = (target: Target, request: FastifyRequest, reply: FastifyReply, gate: Gate): FastifyReply => {
  if (target.kind === 'livez') return reply.type('text/plain').send('ok\n');
  if (target.kind === 'readyz') {
    const ready = gate.ready();
    return reply
      .code(ready ? 200 : 503)
      .type('text/plain')
      .send(ready ? 'ready\n' : 'not ready\n');
  }
  const endpoint = target.kind === 'rpc' ? gate.endpoints.find(target.chain) : undefined;
  if (endpoint === undefined) return unknownChain(reply, gate);
  const url = `${request.protocol}://${request.host}${pathOf(request)}`;
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
    .send(gate.page(endpoint, url));
};

const post = async (request: FastifyRequest, reply: FastifyReply, gate: Gate): Promise<FastifyReply> => {
  const target = parseTarget(pathOf(request));
  const endpoint = target.kind === 'rpc' ? gate.endpoints.find(target.chain) : undefined;
  const body = (request.body as Buffer | undefined) ?? Buffer.alloc(0);
  if (endpoint === undefined) return unknownChain(reply, gate, idIn(body, gate.limits));
  const { holding, cancellation } = (request as Ended).ending ?? endingOf(gate);
  const context = contextOf(request.raw, gate, cancellation);
  if ('problem' in context) {
    return refuse(reply, gate, 'invalid_request', context.problem, { id: idIn(body, gate.limits) });
  }
  const outcome = await answer({ body, holding }, endpoint, context, gate);
  const pieces = bodyOf(outcome);
  const headers = commonHeaders(request, context.requestId, gate);
  Object.assign(headers, headersOf(outcome, endpoint.head()?.latest.number));
  if (pieces.length > 0) headers['content-type'] = 'application/json';
  const packed = gate.compression && pieces.length > 0 ? await pack(request.raw, headers, pieces) : pieces;
  write(reply.raw, httpStatusOf(outcome), headers, packed, gate.requestTimeout);
  return reply.hijack();
};

/** Without the query; of a URL in absolute form, as proxies send it, the path alone. */
const pathOf = ({ raw: { url = '/' } }: FastifyRequest): string => {
  const path = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?]*/i, '');
  const end = path.indexOf('?');
  return end === -1 ? path : path.slice(0, end);
};

const unknownChain = (reply: FastifyReply, gate: Gate, id?: RawJson): FastifyReply => {
  const names = gate.endpoints.all.map(({ name }) => `/${name}`).join(', ');
  return refuse(reply, gate, 'unknown_chain', `no such chain here; there are: ${names}`, { id });
};

const refuse = (
  reply: FastifyReply,
  gate: Gate,
  reason: Reason,
  message: string,
  { status = statusOf(reason), id = NULL_ID }: { readonly status?: number; readonly id?: RawJson | undefined } = {},
): FastifyReply => {
  gate.observer.rejected(reason);
  const error: GatewayError = gatewayError(reason, message);
  const outcome: Answer = { kind: 'single', answered: { id, reply: faultReply(error) } };
  return reply
    .code(status)
    .headers({
      ...commonHeaders(reply.request, requestIdOf(reply.request.raw, gate.newId), gate),
      ...headersOf(outcome, undefined),
      'content-type': 'application/json',
    })
    .send(Buffer.concat(bodyOf(outcome)));
};

/** Words for what Fastify, or the unpacking of a body, refused; undefined for a fault of ours. */
const refusalOf = (error: unknown): [Reason, string] | undefined => {
  if (error instanceof BodyRefused) return [error.reason, error.message];
  const { code, statusCode = 500, message } = error as { code?: string; statusCode?: number; message: string };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return ['body_too_large', tooLarge().message];
  return statusCode < 500 ? ['parse_error', message] : undefined;
};

const failed = (error: unknown, { raw, body }: FastifyRequest, reply: FastifyReply, gate: Gate): FastifyReply => {
  tellFault(gate.observer, error, { requestId: requestIdOf(raw, gate.newId), transport: 'http' });
  const id = Buffer.isBuffer(body) ? idIn(body, gate.limits) : undefined;
  return refuse(reply, gate, 'internal_error', internalError.message, { id });
};
