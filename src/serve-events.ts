import { randomBytes } from 'node:crypto';
import type { ChainConfig } from './config/schema.ts';
import type { BlockLogsSource } from './core/block-logs-source.ts';
import type { Handle, Layer } from './core/layer.ts';
import type { Observer } from './core/observer.ts';
import { localReply } from './core/reply.ts';
import type { ChainHead } from './head/chain-head.ts';
import { readHeader } from './head/header.ts';
import { tellFault } from './ingress/fault.ts';
import type { Clock } from './lib/clock.ts';
import { access, type AccessOptions } from './policy/access.ts';
import type { Inflight } from './policy/concurrency.ts';
import { costlyCalls, type CostlyOptions } from './policy/costly.ts';
import { pendingSource } from './serve-pending.ts';
import { asking } from './subscription/ask.ts';
import { Filters } from './subscription/filters.ts';
import { Hub } from './subscription/hub.ts';
import { hubDefaults } from './subscription/hub-options.ts';
import { subscriptionLayer } from './subscription/subscription-layer.ts';
import { ParitySubscriptions } from './subscription/parity-subscriptions.ts';
import { PendingTransactions } from './subscription/pending-transactions.ts';
import { Registry } from './subscription/registry.ts';
import { ByteBudget } from './lib/byte-budget.ts';
import { reportTo } from './subscription/report.ts';
import { Subscriptions } from './subscription/subscriptions.ts';
import { VerifiedLogs } from './subscription/verified-logs.ts';
import { syncing } from './subscription/syncing.ts';
import type { Upstream } from './upstream/upstream.ts';

export interface ServeEventsDeps {
  readonly head: ChainHead;
  readonly upstreams: readonly Upstream[];
  /** Asks the chain's nodes. */
  readonly route: Handle;
  readonly access: AccessOptions;
  readonly costly: CostlyOptions;
  /** Calls under way over all chains. */
  readonly inflight: Inflight;
  readonly observer: Observer;
  readonly clock: Clock;
  readonly random: () => number;
}

/** What clients of one chain listen to. */
export interface ServedEvents {
  readonly layer: Layer;
  /** Verified logs of recent blocks. */
  readonly logs: BlockLogsSource;
  /** Open subscriptions by type. */
  counts(): ReadonlyMap<string, number>;
  close(): void;
}

/** Pending transactions are announced again and again while they spread. */
const SEEN = { most: 500_000, ttlMs: 600_000 };
/** Bytes of params that a chain's clients may have kept at once. In memory they take about three times as much. */
const KEPT_BYTES = 128 * 1024 * 1024;
/** Bytes of results that are kept for those who listen to repeated calls. */
const RESULT_BYTES = 64 * 1024 * 1024;
const FILTERS = { most: 10_000, batch: 10_000 };
/** Different calls that `parity_subscribe` repeats at each head. */
const TOPICS = { topics: 1000, retry: { initial: 500, max: 30_000 } };

/** Builds what belongs to a chain's subscriptions, filters and event streams. */
export const serveEvents = (chain: ChainConfig, deps: ServeEventsDeps): ServedEvents => {
  const { head, clock } = deps;
  const { window, replay, filterTimeout } = chain.subscriptions;
  const timeoutMs = chain.routing.timeout;
  const chainId = (): bigint | undefined => head.chainId;
  const ask = asking({ chain: chain.name, timeoutMs }, deps.route, clock);
  const report = reportTo(deps.observer, chain.name);
  const shared = { ...deps, chain: head, chainId, ask, readHeader, report };
  const hub = new Hub({ ...hubDefaults, window, replay }, shared);
  const budget = new ByteBudget(KEPT_BYTES);
  const registry = new Registry(randomBytes, budget);
  const source = pendingSource(head, deps.upstreams, deps);
  const pending = new PendingTransactions(SEEN, {
    source,
    ask,
    clock,
    duplicate: () => report.streamed('newPendingTransactions', 'duplicate'),
  });
  const allowed: Handle = async (call) => localReply(call.params);
  const offered = access(deps.access);
  // The logs of a filter come through the chain's own walk, which holds them to the limit once.
  const filters = new Filters(
    { ...FILTERS, timeoutMs: filterTimeout },
    { hub, registry, budget, pending, screen: offered(allowed), clock, report },
  );
  const screen = offered(costlyCalls(deps.costly, deps.inflight)(allowed));
  const faulted = (error: unknown): void =>
    tellFault(deps.observer, error, { chain: chain.name, method: 'parity_subscribe' });
  const repeating = { registry, screen, faulted, results: new ByteBudget(RESULT_BYTES) };
  const parity = new ParitySubscriptions({ ...TOPICS, timeoutMs }, { ...shared, ...repeating });
  const subscriptions = new Subscriptions({ ...shared, hub, registry, pending, syncing: syncing(head, clock) });
  return {
    layer: subscriptionLayer({ registry, subscriptions, parity, filters }),
    logs: new VerifiedLogs(hub.logs, head),
    counts: () => registry.counts,
    close: () => {
      filters.close();
      pending.close();
      parity.close();
      hub.close();
    },
  };
};
