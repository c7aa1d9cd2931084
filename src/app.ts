import { readFileSync } from 'node:fs';
import type { Config } from './config/schema.ts';
import type { Observer } from './core/observer.ts';
import { ByteBudget } from './ingress/body.ts';
import { trusts } from './ingress/client-address.ts';
import { isLoopback } from './ingress/host-check.ts';
import { createHttp, type HttpOptions } from './ingress/http.ts';
import { landingPage } from './ingress/landing-page.ts';
import { bind, type Bound } from './ingress/listen.ts';
import { createOpsListener } from './ingress/ops.ts';
import { Endpoints } from './ingress/target.ts';
import { WsIngress } from './ingress/ws.ts';
import type { Clock } from './lib/clock.ts';
import { opsDeps } from './operations.ts';
import { Inflight } from './policy/concurrency.ts';
import { serveChain, type ServedChain } from './serve-chain.ts';
import { RecentEvents } from './status/recent-events.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { combine } from './telemetry/observers.ts';

export interface AppDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly version: string;
  /** What is told to an operator; metrics and the status page are added here. */
  readonly log: Observer;
  /** Takes secrets out of a text. */
  readonly mask: (text: string) => string;
}

/** The whole gateway of one config. */
export interface App {
  /** WebSocket clients connected at this moment. */
  readonly connections: number;
  /** Starts both listeners. Rejects with a `ListenError` where an address cannot be had. */
  listen(): Promise<{ readonly rpc: Bound; readonly ops: Bound }>;
  /** Says "not ready" from now on, and goes on serving. */
  drain(): void;
  /** Takes no new connection, hands WebSocket clients over, and waits for calls under way: false if `ms` was too short. */
  finish(ms: number): Promise<boolean>;
  /** Ends everything at once. */
  close(): Promise<void>;
}

/** Builds every object of the gateway. Nothing is connected, and nothing listens, before `listen`. */
export const createApp = (config: Config, deps: AppDeps): App => {
  const { clock } = deps;
  const startedAt = clock.wall();
  const inflight = new Inflight();
  const recent = new RecentEvents(clock);
  const chains: ServedChain[] = [];
  let ws: WsIngress | undefined;
  let draining = false;

  const metrics = createMetrics({ version: deps.version }, () => ({
    chains: chains.map((chain) => chain.picture()),
    wsConnections: ws?.connections ?? 0,
    lastReloadSuccessful: true,
  }));
  const observer = combine([metrics.observer, recent, deps.log]);
  for (const chain of config.chains) chains.push(serveChain(chain, config, { ...deps, observer, inflight }));

  const endpoints = new Endpoints(
    chains.map(({ endpoint }) => endpoint),
    config.chains.find((chain) => chain.default)?.name,
  );
  const { server } = config;
  const { limits } = server;
  const http: HttpOptions = {
    host: server.host,
    hosts: server.hosts,
    cors: server.cors,
    trusts: trusts(server.trustedProxies),
    debug: isLoopback(server.host),
    tls: server.tls && { cert: readFileSync(server.tls.cert, 'utf8'), key: readFileSync(server.tls.key, 'utf8') },
    bodySize: limits.bodySize,
    connections: limits.connections,
    headerTimeout: limits.headerTimeout,
    requestTimeout: limits.requestTimeout,
    compression: server.compression,
  };
  const answering = { limits: { depth: limits.jsonDepth, batchItems: limits.batchItems }, clock, observer, endpoints };
  const rpc = createHttp(http, {
    ...answering,
    budget: new ByteBudget(limits.inflightSize),
    ready: () => !draining && chains.every((chain) => chain.ready().ready),
    page: (endpoint, url) => landingPage({ chain: endpoint.name, chainId: endpoint.chainId(), url }),
  });
  const sockets = new WsIngress(
    {
      ...http,
      connection: {
        queue: limits.wsQueue,
        subscriptionLimit: limits.subscriptionsPerConnection,
        pingInterval: PING_INTERVAL,
      },
    },
    answering,
  );
  ws = sockets;
  sockets.attach(rpc.server);
  const ops = createOpsListener(
    { host: config.ops.host, port: config.ops.port, hosts: server.hosts, token: config.ops.token },
    opsDeps({
      chains,
      endpoints,
      metrics,
      recent,
      observer,
      version: deps.version,
      startedAt,
      clock,
      mask: deps.mask,
      draining: () => draining,
    }),
  );

  const end = async (): Promise<void> => {
    await Promise.all([ops.close(), ...chains.map((chain) => chain.close())]);
  };
  return {
    get connections() {
      return sockets.connections;
    },
    listen: async () => {
      await bind({ host: server.host, port: server.port, listener: 'rpc' }, (at) => rpc.listen(at));
      const bound = rpc.server.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : server.port;
      for (const chain of chains) chain.start();
      return { rpc: { host: server.host, port }, ops: await ops.listen() };
    },
    drain: () => {
      draining = true;
    },
    finish: async (ms) => {
      draining = true;
      sockets.close();
      let late = false;
      const timer = clock.after(ms, () => {
        late = true;
        rpc.server.closeAllConnections();
      });
      await rpc.close();
      timer.cancel();
      await end();
      return !late;
    },
    close: async () => {
      sockets.close();
      const closed = rpc.close();
      rpc.server.closeAllConnections();
      await Promise.all([closed, end()]);
    },
  };
};

/** Ms between pings to a WebSocket client. */
const PING_INTERVAL = 15_000;
