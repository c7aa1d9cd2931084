import { RecentSends } from './chain/sends.ts';
import type { ChainConfig, Config, UpstreamConfig } from './config/schema.ts';
import type { Endpoint } from './core/endpoint.ts';
import type { Observer } from './core/observer.ts';
import { explaining } from './explain-call.ts';
import { ChainHead, type ChainHeadOptions } from './head/chain-head.ts';
import type { NodeState, NodeView } from './head/chain-view.ts';
import type { RawJson } from './jsonrpc/message.ts';
import type { Keeping } from './keeping.ts';
import type { Clock } from './lib/clock.ts';
import { globs } from './lib/glob.ts';
import { pipeline, placing } from './pipeline.ts';
import type { Inflight } from './policy/concurrency.ts';
import type { ClientTokens } from './policy/rate-limit.ts';
import { joinReplicas } from './replicas.ts';
import { serveCache } from './serve-cache.ts';
import { serveEvents } from './serve-events.ts';
import type { Explanation } from './router/explain.ts';
import { Router } from './router/router.ts';
import type { ChainSource } from './status/status-report.ts';
import type { ChainPicture } from './telemetry/picture.ts';
import { identify } from './upstream/identify.ts';
import { createUpstream, type UpstreamReport } from './upstream/node-upstream.ts';
import type { Upstream } from './upstream/upstream.ts';
import { upstreamDefaults } from './upstream/upstream-options.ts';

export interface ServeChainDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly observer: Observer;
  /** Calls under way over all chains. */
  readonly inflight: Inflight;
  /** What clients have left, over all chains. */
  readonly tokens: ClientTokens;
  /** Answers of all chains. */
  readonly keeping: Keeping;
}

/** One chain with everything that belongs to it. */
export interface ServedChain {
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly head: ChainHead;
  /** Says who would serve a call, without asking anybody. */
  explain(method: string, params: RawJson): Promise<Explanation>;
  ready(): { readonly ready: boolean; readonly reason: string };
  /** What the status page shows. */
  standing(): ChainSource;
  /** What a scrape reads. */
  picture(): ChainPicture;
  start(): void;
  close(): Promise<void>;
}

/** Builds one chain, from its nodes' connections up to the handle that calls come in by. */
export const serveChain = (chain: ChainConfig, config: Config, deps: ServeChainDeps): ServedChain => {
  const { clock, observer } = deps;
  const head = new ChainHead(headOptions(chain), { ...deps, identify });
  const upstreams = chain.upstreams.map((upstream) => connect(upstream, chain, config, deps));
  const sends = new RecentSends(SENDS, clock);
  const told = joinReplicas(head, sends, deps.keeping.replicas);
  const { limits } = config.server;
  const routing = { ...chain.routing, quorum: chain.quorum ?? [], mostBytes: limits.responseSize };
  const choosing = { offers: offers(chain.upstreams), lookAt: (upstream: string) => head.lookAt(upstream) };
  const router = new Router(routing, { ...deps, ...choosing, chain: head, sends: told });
  const logs = { ...chain.logs, mostBytes: limits.responseSize };
  const costly = { costly: limits.costly, split: chain.logs.split };
  const policy = { access: config.methods, concurrency: limits, costly, logs };
  const events = serveEvents(chain, { ...deps, ...policy, head, upstreams, route: router.handle });
  const walk = {
    chain: head,
    chainId: () => head.chainId,
    clock,
    inflight: deps.inflight,
    tokens: deps.tokens,
    sends,
    events: events.layer,
    recentLogs: events.logs,
    cache: serveCache({ chain: chain.name, quorum: routing.quorum }, head, deps.keeping, clock),
  };
  const handle = pipeline(policy, { ...walk, route: router.handle });
  const headAge = ageOf(head, clock);
  return {
    name: chain.name,
    endpoint: {
      name: chain.name,
      chainId: () => head.chainId,
      handle,
      head: () => head.view.head,
      timeoutMs: chain.routing.timeout,
    },
    head,
    explain: explaining(chain.name, (route) => placing(policy, { ...walk, route }), router, clock),
    ready: () => readiness(head.view.nodes),
    standing: () => ({ name: chain.name, id: head.chainId, view: head.view, headAgeSeconds: headAge() }),
    picture: () => ({
      name: chain.name,
      head: head.view.head && { number: head.view.head.latest.number, ageSeconds: headAge() ?? 0 },
      nodes: head.view.nodes,
      subscriptions: events.counts(),
    }),
    start: () => {
      for (const [index, upstream] of upstreams.entries()) {
        head.add(upstream, chain.upstreams[index]?.drained ?? false);
      }
      const count = upstreams.length === 1 ? '1 upstream' : `${upstreams.length} upstreams`;
      observer.noted('info', `${chain.name} is served by ${count}`, { chain: chain.name });
    },
    close: async () => {
      events.close();
      head.close();
      await Promise.all(upstreams.map((upstream) => upstream.close()));
    },
  };
};

/** Seconds since the head moved; undefined before it has. */
const ageOf = (head: ChainHead, clock: Clock): (() => number | undefined) => {
  let seenAt: number | undefined;
  head.onMove(() => {
    seenAt = clock.now();
  });
  return () => (seenAt === undefined ? undefined : (clock.now() - seenAt) / 1000);
};

/** What of the transactions sent here is remembered; two minutes are ten blocks of a slow chain. */
const SENDS = { capacity: 10_000, memory: 120_000 };

const headOptions = (chain: ChainConfig): ChainHeadOptions => ({
  chain: chain.name,
  chainId: chain.id,
  blockTimeMs: chain.blockTime,
  mode: chain.routing.head,
  // The file is refused where it says more; the default gives way to a narrow window.
  finality: Math.min(chain.finality, chain.subscriptions.window - 1),
  window: chain.subscriptions.window,
  intervalMs: chain.health.interval,
  timeoutMs: chain.routing.attemptTimeout,
  missed: chain.health.missed,
  maxLag: chain.health.maxLag,
  minPeers: chain.health.minPeers,
  stall: chain.health.stall,
});

const connect = (upstream: UpstreamConfig, chain: ChainConfig, config: Config, deps: ServeChainDeps): Upstream =>
  createUpstream(
    {
      ...upstreamDefaults,
      name: upstream.name,
      url: upstream.url ?? '',
      ws: upstream.ws,
      calls: upstream.calls,
      headers: upstream.headers ?? {},
      tier: upstream.tier,
      weight: upstream.weight,
      send: upstream.send,
      requestsPerSecond: upstream.budget?.requestsPerSecond,
      responseSize: config.server.limits.responseSize,
    },
    {
      ...deps,
      report: (report) => tell(report, chain.name, upstream.name, deps.observer),
      asked: (items) => deps.observer.probed(chain.name, upstream.name, items),
    },
  );

const tell = (report: UpstreamReport, chain: string, upstream: string, observer: Observer): void => {
  const fields = { chain, upstream };
  switch (report.kind) {
    case 'socket_opened':
      return observer.noted('debug', `${upstream}: its socket is open`, fields);
    case 'socket_lost':
      return observer.noted('info', `${upstream}: its socket was lost: ${report.why}`, fields);
    case 'socket_failed':
      return observer.noted('debug', `${upstream}: no socket: ${report.why}`, { ...fields, retryMs: report.retryMs });
    case 'stray':
      return observer.strayed(chain, upstream, report.what);
    default:
      return report satisfies never;
  }
};

/** Whether the config lets a method be asked of an upstream. */
const offers = (upstreams: readonly UpstreamConfig[]): ((upstream: string, method: string) => boolean) => {
  const rules = new Map(
    upstreams.map(({ name, methods }) => [name, { allowed: globs(methods.allow), denied: globs(methods.deny) }]),
  );
  return (upstream, method) => {
    const rule = rules.get(upstream);
    return rule === undefined || rule.allowed(method) || !rule.denied(method);
  };
};

/** Ready means that a call would find a node now. */
const readiness = (nodes: readonly NodeView[]): { ready: boolean; reason: string } => {
  const serving = nodes.filter(({ state }) => SERVING.has(state)).length;
  if (serving > 0) return { ready: true, reason: `${serving} of ${nodes.length} upstreams can serve` };
  const why = nodes.map(({ upstream, state, reason }) => `${upstream.name} is ${state}: ${reason}`).join('; ');
  return { ready: false, reason: why || 'it has no upstream' };
};

const SERVING: ReadonlySet<NodeState> = new Set(['healthy', 'lagging', 'stalled', 'syncing', 'isolated', 'limited']);
