import { randomBytes } from 'node:crypto';
import type { ChainConfig } from './config/schema.ts';
import type { Handle, Layer } from './core/layer.ts';
import type { ChainHead } from './head/chain-head.ts';
import { readHeader } from './head/header.ts';
import type { Clock } from './lib/clock.ts';
import { asking } from './subscription/ask.ts';
import { Hub } from './subscription/hub.ts';
import { hubDefaults } from './subscription/hub-options.ts';
import { subscriptionLayer } from './subscription/layer.ts';
import { Subscriptions } from './subscription/subscriptions.ts';

export interface ServeEventsDeps {
  readonly clock: Clock;
  readonly random: () => number;
}

/** What clients of one chain listen to. */
export interface ServedEvents {
  readonly layer: Layer;
  /** Open subscriptions by type. */
  counts(): ReadonlyMap<string, number>;
  close(): void;
}

/** Builds what belongs to a chain's subscriptions; `route` asks its nodes. */
export const serveEvents = (
  chain: ChainConfig,
  head: ChainHead,
  route: Handle,
  { clock, random }: ServeEventsDeps,
): ServedEvents => {
  const ask = asking({ chain: chain.name, timeoutMs: chain.routing.timeout }, route, clock);
  const chainId = (): bigint | undefined => head.chainId;
  const { window, replay } = chain.subscriptions;
  const hub = new Hub({ ...hubDefaults, window, replay }, { chain: head, chainId, ask, readHeader, clock, random });
  const subscriptions = new Subscriptions({ hub, chainId, randomBytes });
  return {
    layer: subscriptionLayer(subscriptions),
    counts: () => subscriptions.counts,
    close: () => hub.close(),
  };
};
