import type { BlockId } from '../core/call.ts';
import type { ChainView, NodeView } from '../head/chain-view.ts';
import type { RecentBlock, RecentChain, RecentEvents, RemarkableCall, StatusEvent, Traffic } from './recent-events.ts';
import type { UnknownError } from './unknown-errors.ts';

/** What `GET /status` answers and the status page shows. Null stands where nothing is known. */
export interface StatusReport {
  readonly version: string;
  /** ISO time of this report, by which ages are told. */
  readonly time: string;
  readonly uptimeSeconds: number;
  /** Answers that are kept, of all chains, and the memory they take. */
  readonly cache: { readonly answers: number; readonly bytes: number };
  readonly chains: readonly ChainStatus[];
}

export interface ChainStatus {
  readonly name: string;
  /** A decimal text where it is too large for a number. */
  readonly id: number | string | null;
  readonly head: { readonly number: number; readonly hash: string; readonly ageSeconds: number } | null;
  readonly safe: number | null;
  readonly finalized: number | null;
  readonly upstreams: readonly UpstreamStatus[];
  readonly traffic: Traffic;
  /** Newest first, all four. */
  readonly recentBlocks: readonly RecentBlock[];
  readonly events: readonly StatusEvent[];
  readonly slowCalls: readonly RemarkableCall[];
  readonly unknownErrors: readonly UnknownError[];
}

export interface UpstreamStatus {
  readonly name: string;
  readonly tier: number;
  readonly weight: number;
  readonly state: string;
  readonly reason: string;
  readonly score: number;
  readonly head: number | null;
  readonly lag: number | null;
  readonly latencyMs: number | null;
  readonly errorRate: number;
  readonly inflight: number;
  readonly peers: number | null;
  readonly client: string;
  /** Attempts since the start. */
  readonly attempts: number;
  /** The gateway's own questions since the start. */
  readonly probes: number;
  /** What attempts and probes have cost since the start, in units of a plain read. */
  readonly units: number;
}

/** The gateway at one moment. Times are in ms since the Unix epoch. */
export interface Moment {
  readonly version: string;
  readonly startedAt: number;
  readonly now: number;
  /** Takes secrets out of what nodes have said. */
  readonly mask: (text: string) => string;
  readonly chains: readonly ChainSource[];
  readonly cache: { readonly size: number; readonly bytes: number };
  readonly recent: RecentEvents;
}

export interface ChainSource {
  readonly name: string;
  readonly id: bigint | undefined;
  readonly view: ChainView;
  /** Since the published head moved; undefined before the first block. */
  readonly headAgeSeconds: number | undefined;
}

/** Characters of a node's own name for itself. */
const CLIENT = 120;

/** Everything that is shown of the gateway, as plain data. */
export const statusReport = (moment: Moment): StatusReport => ({
  version: moment.version,
  time: new Date(moment.now).toISOString(),
  uptimeSeconds: rounded(Math.max(0, moment.now - moment.startedAt) / 1000, 10),
  cache: { answers: moment.cache.size, bytes: moment.cache.bytes },
  chains: moment.chains.map((chain) => chainStatus(chain, moment)),
});

const chainStatus = ({ name, id, view, headAgeSeconds = 0 }: ChainSource, moment: Moment): ChainStatus => {
  const { head } = view;
  const recent = moment.recent.of(name);
  return {
    name,
    id: id === undefined ? null : id <= Number.MAX_SAFE_INTEGER ? Number(id) : String(id),
    head: head === undefined ? null : { ...head.latest, ageSeconds: rounded(headAgeSeconds, 10) },
    safe: heightOf(head?.safe),
    finalized: heightOf(head?.finalized),
    upstreams: view.nodes.map((node) => upstreamStatus(node, recent, moment)),
    traffic: { ...recent.traffic, savedBy: { ...recent.traffic.savedBy } },
    recentBlocks: recent.blocks.items.toReversed(),
    events: recent.events.items.map((event) => ({ ...event, text: moment.mask(event.text) })).toReversed(),
    slowCalls: recent.calls.items.toReversed(),
    unknownErrors: recent.unknownErrors.items.map((error) => ({ ...error, text: moment.mask(error.text) })),
  };
};

const upstreamStatus = (node: NodeView, { effort }: RecentChain, { mask }: Moment): UpstreamStatus => {
  const { name, tier, weight, stats } = node.upstream;
  return {
    name,
    tier,
    weight,
    state: node.state,
    reason: mask(node.reason),
    score: rounded(node.score, 1000),
    head: node.head ?? null,
    lag: node.lag ?? null,
    latencyMs: stats.latencyMs === undefined ? null : rounded(stats.latencyMs, 10),
    errorRate: rounded(stats.errorRate, 1000),
    inflight: stats.inflight,
    peers: node.peers ?? null,
    client: mask(node.client).slice(0, CLIENT),
    attempts: effort.get(name)?.attempts ?? 0,
    probes: effort.get(name)?.probes ?? 0,
    units: effort.get(name)?.units ?? 0,
  };
};

const heightOf = (block: BlockId | undefined): number | null => block?.number ?? null;

const rounded = (value: number, steps: number): number => Math.round(value * steps) / steps;
