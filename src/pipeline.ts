import { localAnswers } from './chain/local.ts';
import { countSends } from './chain/pending-nonce.ts';
import { pinBlocks } from './chain/pin.ts';
import type { RecentSends } from './chain/sends.ts';
import { splitLogs, type SplitLogsOptions } from './chain/split-logs.ts';
import { visibleBlocks } from './chain/visible.ts';
import type { BlockLogsSource } from './core/block-logs-source.ts';
import type { Handle, Layer } from './core/layer.ts';
import type { ChainFeed } from './head/chain-view.ts';
import type { Clock } from './lib/clock.ts';
import { access, type AccessOptions } from './policy/access.ts';
import { concurrency, type ConcurrencyOptions, type Inflight } from './policy/concurrency.ts';
import { costlyCalls, type CostlyOptions } from './policy/costly.ts';
import { ClientTokens, rateLimit } from './policy/rate-limit.ts';
import { unheardLayer } from './subscription/subscription-layer.ts';

export interface PipelineOptions {
  readonly access: AccessOptions;
  readonly concurrency: ConcurrencyOptions;
  readonly costly: CostlyOptions;
  readonly logs: SplitLogsOptions;
}

export interface PipelineDeps {
  readonly chain: ChainFeed;
  readonly chainId: () => bigint | undefined;
  readonly clock: Clock;
  /** Calls under way over all chains. */
  readonly inflight: Inflight;
  /** What clients have left, over all chains. */
  readonly tokens: ClientTokens;
  /** Subscriptions and filters. */
  readonly events: Layer;
  readonly sends: RecentSends;
  /** Verified logs of recent blocks; undefined where every log is to be a node's word. */
  readonly recentLogs: BlockLogsSource | undefined;
  /** Answers that are kept or shared. */
  readonly cache: Layer;
  /** The end of the spine. */
  readonly route: Handle;
}

/** The walk of a call through one chain, top to bottom, with why each layer stands where it stands. */
export const pipeline = (options: PipelineOptions, deps: PipelineDeps): Handle => {
  const layers: readonly Layer[] = [
    // First, so that what is forbidden costs nothing, not even the client's own tokens.
    access(options.access),
    // Before the limit on what is under way, so that one greedy client is told so before all are told to wait.
    rateLimit(deps.tokens),
    // Before anything that may wait: a call that is let in holds its place until it is answered.
    concurrency(options.concurrency, deps.inflight),
    // Before pinning: most of these need no block.
    localAnswers({ chain: deps.chain, chainId: deps.chainId }),
    // Before pinning too: what a client listens to is kept here, and no node knows of it.
    deps.events,
    // Outside of all that may join calls: one that began before the send does not know of it.
    countSends(deps.sends),
    // Outside of pinning, which has chosen the head that the answer must not be ahead of.
    visibleBlocks(deps.chain, deps.clock),
    // From here on a call reads at one block, and no node's idea of `latest` matters.
    pinBlocks(deps.chain),
    // Behind the pin, which says how wide a range is, and behind events, so that what they ask counts too; before the split,
    // whose parts count as the one call that they are.
    costlyCalls(options.costly, deps.inflight),
    // Before the cache, so that wide ranges that overlap share their parts.
    splitLogs(options.logs, { chain: deps.chain, clock: deps.clock, recent: deps.recentLogs }),
    // Last before the router, which it spares; behind pinning, since what is kept is kept by its block.
    deps.cache,
  ];
  return layers.reduceRight((next, layer) => layer(next), deps.route);
};

/**
 * The walk of a call that only asks which nodes it would come to: it opens nothing, spends nobody's tokens, and is told
 * nothing that the gateway could tell only because nodes have told it.
 */
export const placing = (options: PipelineOptions, deps: PipelineDeps): Handle => {
  const tokens = new ClientTokens({ requestsPerSecond: null }, deps.clock);
  return pipeline(options, { ...deps, tokens, events: unheardLayer, recentLogs: undefined });
};
