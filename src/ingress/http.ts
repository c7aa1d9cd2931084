import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { IncomingMessage } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Endpoint } from '../core/endpoint.ts';
import { faultReply } from '../core/reply.ts';
import { type DecodeLimits, decodeRequests } from '../jsonrpc/decode.ts';
import { gatewayError, type GatewayError, type Reason, statusOf } from '../jsonrpc/errors.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import { Cancellation } from '../lib/cancellation.ts';
import { type Answer, answer, type AnswerDeps } from './answer.ts';
import { BodyRefused, type ByteBudget, Holding, readable } from './body.ts';
import { contextOf, type ContextOptions, requestIdOf } from './context.ts';
import { corsHeaders, type CorsOptions, preflightHeaders } from './cors.ts';
import { hostAllowed } from './host-check.ts';
import { bodyOf, headersOf, httpStatusOf } from './response.ts';
import { type Endpoints, parseTarget } from './target.ts';

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
  /** The page for a browser that opens an endpoint. */
  readonly page: (endpoint: Endpoint, url: string) => string;
}

/** What the bytes of this exchange count against. */
type Held = FastifyRequest & { holding: Holding | null };

const NULL_ID: RawJson = Buffer.from('null');
/** Bytes below which packing saves nothing. */
const COMPRESSIBLE = 1024;
/** Bytes from which an answer is written in pieces instead of copied into one. */
const LARGE = 32 * 1024;

/** The RPC listener's HTTP side. */
export const createHttp = (options: HttpOptions, deps: HttpDeps): FastifyInstance => {
  const app = Fastify({
    bodyLimit: options.bodySize,
    requestTimeout: options.requestTimeout,
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    ...(options.tls === undefined ? {} : { https: options.tls }),
  } as { bodyLimit: number });
  app.server.headersTimeout = options.headerTimeout;
  app.server.maxConnections = options.connections;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(corsHeaders(request.headers.origin, options.cors));
    reply.header('x-request-id', requestIdOf(request.raw));
    if (hostAllowed(request.headers.host, { bound: options.host, hosts: options.hosts })) done();
    else
      refuse(
        reply,
        'host_denied',
        `the Host header is not one of this machine's own names; add it to server.hosts`,
        deps,
      );
  });
  app.decorateRequest('holding', null);
  app.addHook('preParsing', (request, reply, payload, done) => {
    const holding = new Holding(deps.budget);
    (request as Held).holding = holding;
    reply.raw.once('close', () => holding.close());
    try {
      done(null, readable(request.raw, payload as IncomingMessage, holding));
    } catch (error) {
      done(error as Error);
    }
  });
  app.setErrorHandler((error, _request, reply) => refuse(reply, ...reasonOf(error), deps));
  app.setNotFoundHandler((_request, reply) => {
    void reply.header('allow', 'GET, HEAD, POST, OPTIONS');
    return refuse(reply, 'invalid_request', 'send JSON-RPC by POST', deps, { status: 405 });
  });
  app.options('*', (_request, reply) => reply.code(204).headers(preflightHeaders).send());
  app.route({ method: ['GET', 'HEAD'], url: '*', handler: (request, reply) => get(request, reply, deps) });
  app.post('*', (request, reply) => post(request, reply, options, deps));
  return app;
};

const get = (request: FastifyRequest, reply: FastifyReply, deps: HttpDeps): FastifyReply => {
  const target = parseTarget(pathOf(request));
  if (target.kind === 'livez') return reply.type('text/plain').send('ok\n');
  if (target.kind === 'readyz') {
    const ready = deps.ready();
    return reply
      .code(ready ? 200 : 503)
      .type('text/plain')
      .send(ready ? 'ready\n' : 'not ready\n');
  }
  const endpoint = target.kind === 'rpc' ? deps.endpoints.find(target.chain) : undefined;
  if (endpoint === undefined) return unknownChain(reply, deps);
  const url = `${request.protocol}://${request.host}${pathOf(request)}`;
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
    .send(deps.page(endpoint, url));
};

const post = async (
  request: FastifyRequest,
  reply: FastifyReply,
  options: HttpOptions,
  deps: HttpDeps,
): Promise<FastifyReply> => {
  const target = parseTarget(pathOf(request));
  const endpoint = target.kind === 'rpc' ? deps.endpoints.find(target.chain) : undefined;
  const body = (request.body as Buffer | undefined) ?? Buffer.alloc(0);
  if (endpoint === undefined) return unknownChain(reply, deps, idOf(body, deps.limits));
  const cancellation = new Cancellation();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) cancellation.cancel();
  });
  const context = contextOf(request.raw, options, cancellation);
  if ('problem' in context) return refuse(reply, 'invalid_request', context.problem, deps);
  const outcome = await answer(body, endpoint, context, deps);
  const pieces = bodyOf(outcome);
  (request as Held).holding?.hold(sizeOf(pieces));
  void reply.code(httpStatusOf(outcome)).headers(headersOf(outcome, endpoint.head()?.latest.number));
  if (pieces.length === 0) return reply.send();
  void reply.header('content-type', 'application/json');
  if (!options.compression || !acceptsGzip(request)) return write(reply, pieces);
  void reply.header('vary', 'Accept-Encoding');
  if (sizeOf(pieces) < COMPRESSIBLE) return write(reply, pieces);
  return write(reply.header('content-encoding', 'gzip'), [await gzipped(Buffer.concat(pieces))]);
};

const write = (reply: FastifyReply, pieces: readonly Buffer[]): FastifyReply => {
  const size = sizeOf(pieces);
  if (size < LARGE) return reply.send(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces));
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(reply.statusCode, { ...(reply.getHeaders() as Record<string, string>), 'content-length': size });
  for (const piece of pieces) raw.write(piece);
  raw.end();
  return reply;
};

const sizeOf = (pieces: readonly Buffer[]): number => pieces.reduce((sum, piece) => sum + piece.length, 0);

const gzipped = promisify(gzip);

const acceptsGzip = (request: FastifyRequest): boolean =>
  /(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[\d.]+)?\s*(?:,|$)/i.test(
    request.headers['accept-encoding'] ?? '',
  );

const pathOf = (request: FastifyRequest): string => {
  const end = request.url.indexOf('?');
  return end === -1 ? request.url : request.url.slice(0, end);
};

const unknownChain = (reply: FastifyReply, deps: HttpDeps, id?: RawJson): FastifyReply => {
  const names = deps.endpoints.all.map(({ name }) => `/${name}`).join(', ');
  return refuse(reply, 'unknown_chain', `no such chain here; there are: ${names}`, deps, { id });
};

/** The id of a single call that goes nowhere. */
const idOf = (body: Buffer, limits: DecodeLimits): RawJson | undefined => {
  const decoded = decodeRequests(body, limits);
  if (decoded.kind !== 'single') return undefined;
  return decoded.item.ok ? decoded.item.request.id : decoded.item.id;
};

const refuse = (
  reply: FastifyReply,
  reason: Reason,
  message: string,
  deps: HttpDeps,
  { status = statusOf(reason), id = NULL_ID }: { readonly status?: number; readonly id?: RawJson | undefined } = {},
): FastifyReply => {
  deps.observer.rejected(reason);
  const error: GatewayError = gatewayError(reason, message);
  const outcome: Answer = { kind: 'single', answered: { id, reply: faultReply(error) } };
  return reply
    .code(status)
    .header('content-type', 'application/json')
    .send(Buffer.concat(bodyOf(outcome)));
};

/** Words for what Fastify, or the unpacking of a body, refused. */
const reasonOf = (error: unknown): [Reason, string] => {
  const code = (error as { code?: string }).code;
  if (error instanceof BodyRefused) return [error.reason, error.message];
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return ['body_too_large', 'the request is larger than this gateway takes (server.limits.bodySize)'];
  }
  return ['parse_error', error instanceof Error ? error.message : 'the request could not be read'];
};
