import type { ChainView, NodeView } from '../../src/head/chain-view.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';

const forbidden = (): never => {
  throw new Error('a report asks nobody');
};

export const anUpstream = (name: string, stats: Partial<Upstream['stats']> = {}): Upstream => ({
  name,
  tier: 0,
  weight: 1,
  send: true,
  stats: {
    inflight: 0,
    latencyMs: undefined,
    errorRate: 0,
    breaker: 'closed',
    turnsAway: false,
    limitedUntil: 0,
    callsPerSecond: 0,
    ...stats,
  },
  pushes: false,
  call: forbidden,
  probe: forbidden,
  disproved: forbidden,
  overtaken: forbidden,
  subscribe: forbidden,
  onLost: forbidden,
  onOpen: forbidden,
  onBreaker: forbidden,
  close: forbidden,
});

export const aNodeView = (upstream: Upstream, changes: Partial<NodeView> = {}): NodeView => ({
  upstream,
  reachable: true,
  state: 'healthy',
  reason: 'at the published head',
  score: 1,
  head: 100,
  lag: 0,
  peers: 8,
  client: 'Geth/v1.16.2',
  kind: 'geth',
  ...changes,
});

export const aChainView = (nodes: readonly NodeView[], head?: ChainView['head']): ChainView => ({
  head,
  nodes,
  holds: forbidden,
  canonical: forbidden,
  hashAt: forbidden,
  numberOf: forbidden,
});
