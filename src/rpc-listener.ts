import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Config } from './config/schema.ts';
import type { Observer } from './core/observer.ts';
import { trusts } from './ingress/client-address.ts';
import { requestIds } from './ingress/context.ts';
import { finish } from './ingress/finish.ts';
import { ByteBudget } from './lib/byte-budget.ts';
import { isLoopback } from './ingress/host-check.ts';
import { createHttp, type HttpOptions } from './ingress/http.ts';
import { landingPage } from './ingress/landing-page.ts';
import { bind, type Bound, ListenError } from './ingress/listen.ts';
import type { Endpoints } from './ingress/target.ts';
import { UnusedSockets } from './ingress/unused-sockets.ts';
import { WsIngress } from './ingress/ws.ts';
import type { Clock } from './lib/clock.ts';

export interface RpcListenerDeps {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly endpoints: Endpoints;
  /** Takes secrets out of an error's text. */
  readonly hide: (text: string) => string;
  readonly ready: () => boolean;
  /** The gateway is about to end. */
  readonly draining: () => boolean;
}

/** Where clients come in, by HTTP and by WebSocket. */
export interface RpcListener {
  /** WebSocket clients connected at this moment. */
  readonly connections: number;
  /** Rejects with a `ListenError` where the address cannot be had. */
  listen(): Promise<Bound>;
  /** Takes no new connection, hands WebSocket clients over, and waits for calls under way: false if `ms` was too short. */
  finish(ms: number): Promise<boolean>;
}

/** Ms between pings to a WebSocket client. */
const PING_INTERVAL = 15_000;
export const createRpcListener = ({ server }: Config, deps: RpcListenerDeps): RpcListener => {
  const { limits } = server;
  const { clock, observer, endpoints, hide } = deps;
  const options = httpOptions(server);
  const decoding = { depth: limits.jsonDepth, batchItems: limits.batchItems };
  const budget = new ByteBudget(limits.inflightSize);
  const answering = { limits: decoding, clock, observer, endpoints, hide, budget };
  const http = createHttp(options, {
    ...answering,
    ready: deps.ready,
    draining: deps.draining,
    page: (endpoint, url) => landingPage({ chain: endpoint.name, chainId: endpoint.chainId(), url }),
  });
  const connection = {
    queue: limits.wsQueue,
    subscriptionLimit: limits.subscriptionsPerConnection,
    pingInterval: PING_INTERVAL,
  };
  const sockets = new WsIngress({ ...options, connection }, answering);
  sockets.attach(http.server);
  const unused = new UnusedSockets(http.server);
  return {
    get connections() {
      return sockets.connections;
    },
    listen: async () => {
      await bind({ host: server.host, port: server.port, listener: 'rpc' }, (at) => http.listen(at));
      const bound = http.server.address();
      return { host: server.host, port: typeof bound === 'object' && bound !== null ? bound.port : server.port };
    },
    finish: (ms) => {
      sockets.close();
      const { server } = http;
      return finish({ server, unused, close: () => http.close(), cutOff: () => sockets.terminate() }, clock, ms);
    },
  };
};

const httpOptions = (server: Config['server']): HttpOptions => ({
  host: server.host,
  hosts: server.hosts,
  cors: server.cors,
  trusts: trusts(server.trustedProxies),
  debug: isLoopback(server.host),
  newId: requestIds(),
  tls: server.tls && readTls(server.tls),
  bodySize: server.limits.bodySize,
  connections: server.limits.connections,
  headerTimeout: server.limits.headerTimeout,
  requestTimeout: server.limits.requestTimeout,
  compression: server.compression,
});

/** Certificate and key, tried before anything listens. */
const readTls = (files: { readonly cert: string; readonly key: string }): { cert: string; key: string } => {
  try {
    const tls = { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
    createSecureContext(tls);
    return tls;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'it failed';
    const words = `${files.cert} and ${files.key} (in the file: server.tls) are no certificate with its key: ${why}`;
    throw new ListenError('EPROTO', words, { cause });
  }
};
