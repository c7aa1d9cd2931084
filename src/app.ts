import type { Config } from './config/schema.ts';
import type { Observer } from './core/observer.ts';
import type { Bound } from './ingress/listen.ts';
import { createOpsListener } from './ingress/ops.ts';
import { Endpoints } from './ingress/target.ts';
import { createKeeping, type Keeping } from './keeping.ts';
import type { Clock } from './lib/clock.ts';
import { opsDeps } from './operations.ts';
import { Inflight } from './policy/concurrency.ts';
import { ClientTokens } from './policy/rate-limit.ts';
import { createRpcListener, type RpcListener } from './rpc-listener.ts';
import { serveChain, type ServedChain } from './serve-chain.ts';
import { RecentEvents } from './status/recent-events.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { combine } from './telemetry/observers.ts';
import type { Picture } from './telemetry/picture.ts';

export interface AppDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly version: string;
  /** What is told to an operator; metrics and the status page are added here. */
  readonly log: Observer;
  /** Takes secrets and what they hide in out of a text of the gateway's own. */
  readonly mask: (text: string) => string;
  /** Takes secrets, and nothing else, out of what a client is told. */
  readonly hide: (text: string) => string;
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
  const { clock, version, mask, hide } = deps;
  let draining = false;
  const recent = new RecentEvents(clock);
  const keeping = createKeeping(config, deps);
  const chains: ServedChain[] = [];
  const metrics = createMetrics({ version }, () => pictureOf(chains, rpc, keeping));
  const observer = combine([metrics.observer, recent, keeping.observer, deps.log]);
  const tokens = new ClientTokens(config.server.limits, clock);
  const shared = { ...deps, observer, inflight: new Inflight(), tokens, keeping };
  for (const chain of config.chains) chains.push(serveChain(chain, config, shared));
  const endpoints = new Endpoints(
    chains.map(({ endpoint }) => endpoint),
    config.chains.find((chain) => chain.default)?.name,
  );
  const ready = (): boolean => !draining && chains.every((chain) => chain.ready().ready);
  const rpc = createRpcListener(config, { clock, observer, endpoints, hide, ready, draining: () => draining });
  const ops = createOpsListener(
    { ...config.ops, hosts: config.server.hosts, token: config.ops.token },
    opsDeps({
      chains,
      endpoints,
      metrics,
      recent,
      observer,
      version,
      clock,
      mask,
      startedAt: clock.wall(),
      keeping,
      draining: () => draining,
    }),
  );

  const finish = async (ms: number): Promise<boolean> => {
    draining = true;
    const inTime = await rpc.finish(ms);
    await Promise.all([ops.close(), ...chains.map((chain) => chain.close())]);
    keeping.close();
    return inTime;
  };
  return {
    get connections() {
      return rpc.connections;
    },
    listen: async () => {
      const bound = await rpc.listen();
      keeping.start();
      for (const chain of chains) chain.start();
      return { rpc: bound, ops: await ops.listen() };
    },
    drain: () => {
      draining = true;
    },
    finish,
    close: async () => {
      await finish(0);
    },
  };
};

const pictureOf = (chains: readonly ServedChain[], rpc: RpcListener, { store }: Keeping): Picture => ({
  chains: chains.map((chain) => chain.picture()),
  wsConnections: rpc.connections,
  cacheBytes: store.bytes,
  lastReloadSuccessful: true,
});
