import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Clock } from '../lib/clock.ts';
import { bearerMatches } from './bearer.ts';
import { finish } from './finish.ts';
import { hostCheck } from './host-check.ts';
import { bind, type Bound } from './listen.ts';
import { UnusedSockets } from './unused-sockets.ts';

export interface OpsOptions {
  readonly host: string;
  readonly port: number;
  /** More Host headers accepted on loopback. */
  readonly hosts: readonly string[];
  /** Opens `/admin`; undefined keeps it shut. */
  readonly token: string | undefined;
}

export interface Readiness {
  readonly ready: boolean;
  /** One entry a chain: its name, whether it is ready, and why not. */
  readonly chains: readonly { readonly name: string; readonly ready: boolean; readonly reason: string }[];
}

export interface ExplainQuery {
  /** Undefined for the only chain, or the default one. */
  readonly chain: string | undefined;
  readonly method: string;
  /** A JSON array or object. */
  readonly params: string;
}

/** What the listener shows and does, by whoever knows how. */
export interface OpsDeps {
  readonly clock: Clock;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>;
  /** Of one chain, or of all; undefined for a chain that does not exist. */
  readonly ready: (chain: string | undefined) => Readiness | undefined;
  readonly status: () => object;
  /** The status page, and the content security policy under which it runs. */
  readonly page: { readonly html: string; readonly policy: string };
  /** Undefined for a chain that does not exist. */
  readonly explain: (query: ExplainQuery) => Promise<unknown> | undefined;
  /** False where no upstream has this name. */
  readonly drain: (upstream: string) => boolean;
  readonly undrain: (upstream: string) => boolean;
  /** Resolves with how many kept answers were given up. */
  readonly purge: () => Promise<number>;
  readonly reload: () => Promise<{ readonly ok: true } | { readonly ok: false; readonly message: string }>;
  /** A request met a fault of ours. */
  readonly failed: (error: unknown) => void;
}

export interface OpsListener {
  /** Rejects with a `ListenError` where the address cannot be had. */
  listen(): Promise<Bound>;
  /** Ends listening and idle connections; requests under way get their answer, if it takes a moment only. */
  close(): Promise<void>;
}

/** Bytes of a request body; none of the paths needs one. */
const BODY = 16 * 1024;
/** Ms to send the headers, and the whole request. */
const HEADERS_TIMEOUT = 10_000;
const REQUEST_TIMEOUT = 30_000;
const CONNECTIONS = 1000;
/** Ms for what is under way when everything else has ended. */
const LAST_MOMENT = 1000;

const READING = new Set(['/', '/metrics', '/livez', '/readyz', '/status', '/explain']);

/** The listener for operators and their machines: metrics, probes, status, and the few things that can be done by hand. */
export const createOpsListener = (options: OpsOptions, deps: OpsDeps): OpsListener => {
  const app = Fastify({
    bodyLimit: BODY,
    requestTimeout: REQUEST_TIMEOUT,
    forceCloseConnections: 'idle',
    routerOptions: { ignoreTrailingSlash: true },
  });
  app.server.headersTimeout = HEADERS_TIMEOUT;
  app.server.maxConnections = CONNECTIONS;
  guard(app, options, deps);
  showReadings(app, deps);
  showExplanation(app, deps);
  showAdmin(app, options, deps);
  const unused = new UnusedSockets(app.server);
  return {
    listen: async () => {
      await bind({ host: options.host, port: options.port, listener: 'ops' }, (at) => app.listen(at));
      const bound = app.server.address();
      return { host: options.host, port: typeof bound === 'object' && bound !== null ? bound.port : options.port };
    },
    close: async () => {
      await finish({ server: app.server, unused, close: () => app.close() }, deps.clock, LAST_MOMENT);
    },
  };
};

const guard = (app: FastifyInstance, { host, hosts }: OpsOptions, { failed }: OpsDeps): void => {
  const hostAllowed = hostCheck({ bound: host, hosts });
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
    });
    if (hostAllowed(request.headers.host)) done();
    else
      refuse(
        reply,
        403,
        'host_denied',
        "the Host header is not one of this machine's own names; add it to server.hosts",
      );
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null));
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request);
    const allow = READING.has(path) ? 'GET, HEAD' : isAdmin(path) ? 'POST' : undefined;
    if (allow === undefined) return refuse(reply, 404, 'not_found', `there is nothing at ${path}`);
    return refuse(reply.header('allow', allow), 405, 'method_not_allowed', `${path} takes ${allow}`);
  });
  app.setErrorHandler((error: { statusCode?: number; message: string }, _request, reply) => {
    const { statusCode = 500, message } = error;
    if (statusCode < 500) return refuse(reply, statusCode, 'bad_request', message);
    failed(error);
    return refuse(reply, 500, 'internal', 'a fault in headgate; its log says more');
  });
};

const showReadings = (app: FastifyInstance, deps: OpsDeps): void => {
  app.get('/metrics', async (_request, reply) => {
    const { contentType, body } = await deps.metrics();
    return reply.header('content-type', contentType).send(body);
  });
  app.get('/livez', (_request, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', (request, reply) => {
    const { chain, verbose } = queryOf(request);
    const readiness = deps.ready(chain);
    if (readiness === undefined) return unknownChain(reply, chain);
    void reply.code(readiness.ready ? 200 : 503);
    if (verbose !== undefined) return reply.send(readiness);
    return reply.type('text/plain').send(readiness.ready ? 'ready\n' : `not ready: ${notReady(readiness)}\n`);
  });
  app.get('/status', (_request, reply) => reply.send(deps.status()));
  app.get('/', (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', deps.page.policy).send(deps.page.html),
  );
};

const showExplanation = (app: FastifyInstance, deps: OpsDeps): void => {
  app.get('/explain', async (request, reply) => {
    const { chain, method, params = '[]' } = queryOf(request);
    if (method === undefined || method === '') {
      return refuse(reply, 400, 'bad_request', 'name the call: /explain?chain=NAME&method=eth_call&params=[…]');
    }
    if (!isParams(params)) return refuse(reply, 400, 'bad_request', 'params has to be a JSON array or object');
    const explanation = deps.explain({ chain, method, params });
    return explanation === undefined ? unknownChain(reply, chain) : reply.send(await explanation);
  });
};

const showAdmin = (app: FastifyInstance, { token }: OpsOptions, deps: OpsDeps): void => {
  const authorize = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    if (token === undefined || token === '') {
      refuse(reply, 403, 'forbidden', 'set ops.token in the config to allow this');
    } else if (bearerMatches(request.headers.authorization, token)) done();
    else {
      void reply.header('www-authenticate', 'Bearer realm="headgate"');
      refuse(reply, 401, 'unauthorized', 'send the ops.token as `Authorization: Bearer TOKEN`');
    }
  };
  const act = (path: string, handler: (request: FastifyRequest, reply: FastifyReply) => unknown): void => {
    app.post(path, { onRequest: authorize }, handler);
  };
  for (const action of ['drain', 'undrain'] as const) {
    act(`/admin/upstreams/:name/${action}`, (request, reply) => {
      const { name } = request.params as { name: string };
      if (deps[action](name)) return reply.send({ ok: true, upstream: name, drained: action === 'drain' });
      return refuse(reply, 404, 'unknown_upstream', 'no upstream has this name; /status lists them');
    });
  }
  act('/admin/cache/purge', async (_request, reply) => reply.send({ ok: true, purged: await deps.purge() }));
  act('/admin/reload', async (_request, reply) => {
    const outcome = await deps.reload();
    return outcome.ok ? reply.send({ ok: true }) : refuse(reply, 422, 'reload_refused', outcome.message);
  });
};

const isAdmin = (path: string): boolean =>
  path === '/admin/reload' || path === '/admin/cache/purge' || /^\/admin\/upstreams\/[^/]+\/(?:un)?drain$/.test(path);

const notReady = ({ chains }: Readiness): string =>
  chains
    .filter(({ ready }) => !ready)
    .map(({ name, reason }) => `${name}: ${reason}`)
    .join('; ') || 'draining';

const isParams = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
};

/** The first value of each parameter; one that is given twice is no list here. */
const queryOf = (request: FastifyRequest): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    Object.entries(request.query as Record<string, string | string[]>).map(([key, value]) => [
      key,
      Array.isArray(value) ? value[0] : value,
    ]),
  );

const pathOf = ({ url }: FastifyRequest): string => {
  const path = url.split('?', 1)[0] ?? '/';
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
};

const unknownChain = (reply: FastifyReply, chain: string | undefined): FastifyReply =>
  refuse(
    reply,
    404,
    'unknown_chain',
    chain === undefined ? 'name one of the chains: ?chain=NAME' : 'no chain has this name; /status lists them',
  );

const refuse = (reply: FastifyReply, status: number, error: string, message: string): FastifyReply =>
  reply.code(status).send({ error, message });
