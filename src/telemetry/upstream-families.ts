import { clientVersion } from '../ethereum/client-kind.ts';
import { tallied } from './call-families.ts';
import type { UpstreamCounts } from './counts.ts';
import { counter, type Family, gauge, histogram, type Labels, type Sample } from './exposition.ts';
import type { Gathering } from './gathering.ts';
import type { NodePicture, Picture } from './picture.ts';

/** Every state that the contract names; each has a series, so that a dashboard sees one end as well as begin. */
export const UPSTREAM_STATES = [
  'unknown',
  'healthy',
  'lagging',
  'stalled',
  'syncing',
  'isolated',
  'forked',
  'limited',
  'down',
  'wrong_chain',
  'drained',
] as const;

/** States in which nothing is heard from a node; in every other one it answers, if perhaps not what it should. */
const SILENT: ReadonlySet<string> = new Set(['unknown', 'down']);

/** Characters of a node's version in a label. */
const VERSION_LENGTH = 32;

interface Node {
  readonly labels: Labels;
  readonly node: NodePicture;
}

/** The metrics of upstreams: what was counted of them, and what they look like at this moment. */
export const upstreamFamilies = ({ chains }: Gathering, picture: Picture): Family[] => {
  const counted = [...chains].flatMap(([chain, { upstreams }]) =>
    [...upstreams].map(([upstream, counts]) => ({ labels: { chain, upstream }, counts })),
  );
  const nodes = picture.chains.flatMap(({ name: chain, nodes }) =>
    nodes.map((node) => ({ labels: { chain, upstream: node.upstream.name }, node })),
  );
  return [...countFamilies(counted), ...viewFamilies(nodes)];
};

const countFamilies = (counted: readonly { labels: Labels; counts: UpstreamCounts }[]): Family[] => [
  counter(
    'headgate_upstream_requests_total',
    "Attempts at an upstream by how they ended: answered, refused (the client's own error), cancelled, or the failure class",
    counted.flatMap(({ labels, counts }) =>
      [...counts.methods].flatMap(([method, tally]) => tallied(tally, { ...labels, method }, 'outcome')),
    ),
  ),
  histogram(
    'headgate_upstream_duration_seconds',
    'Time from an attempt at an upstream to its outcome',
    counted.map(({ labels, counts }) => ({ labels, reading: counts.duration.read() })),
  ),
  counter(
    'headgate_unknown_errors_total',
    'Errors of an upstream in words that headgate does not know; /status and the log have the words',
    counted.map(({ labels, counts }) => ({ labels, value: counts.unknownWordings })),
  ),
  counter(
    'headgate_quorum_dissents_total',
    'Answers of an upstream that differed from what a quorum agreed on',
    counted.flatMap(({ labels, counts }) => tallied(counts.dissents, labels, 'method')),
  ),
  counter(
    'headgate_upstream_strays_total',
    'What an upstream sent and nobody waited for: answers too late, doubled or to calls never made, pushes for unknown subscriptions',
    counted.flatMap(({ labels, counts }) => tallied(counts.strays, labels, 'kind')),
  ),
  counter(
    'headgate_upstream_units_total',
    'What attempts and probes have cost, in units of a plain read, by the table of methods',
    counted.map(({ labels, counts }) => ({ labels, value: counts.units })),
  ),
  counter(
    'headgate_probes_total',
    "The gateway's own questions to an upstream, counted by item",
    counted.map(({ labels, counts }) => ({ labels, value: counts.probes })),
  ),
];

const viewFamilies = (nodes: readonly Node[]): Family[] => {
  const of = (name: string, help: string, read: (node: NodePicture) => number | undefined): Family =>
    gauge(
      name,
      help,
      nodes.flatMap(({ labels, node }) => sampleOf(labels, read(node))),
    );
  return [
    of('headgate_upstream_up', '1 while the upstream is heard from', ({ state }) => (SILENT.has(state) ? 0 : 1)),
    of('headgate_upstream_score', 'Health of the upstream, 0 (useless) to 1 (perfect)', ({ score }) => score),
    of('headgate_upstream_head', "Height of the upstream's newest linked block", ({ head }) => head),
    of('headgate_upstream_lag_blocks', 'Blocks behind the published head', ({ lag }) => lag),
    of('headgate_upstream_peers', 'Peers that the upstream says it has', ({ peers }) => peers),
    of('headgate_upstream_inflight', 'Attempts under way at the upstream', ({ upstream }) => upstream.stats.inflight),
    gauge('headgate_upstream_state', '1 for the state that the upstream is in', nodes.flatMap(statesOf)),
    gauge('headgate_upstream_info', 'What the upstream says it is; always 1', nodes.flatMap(infoOf)),
  ];
};

const sampleOf = (labels: Labels, value: number | undefined): Sample[] =>
  value === undefined ? [] : [{ labels, value }];

const statesOf = ({ labels, node }: Node): Sample[] =>
  UPSTREAM_STATES.map((state) => ({ labels: { ...labels, state }, value: node.state === state ? 1 : 0 }));

const infoOf = ({ labels, node }: Node): Sample[] => {
  if (node.client === '') return [];
  const { kind, version } = clientVersion(node.client);
  return [{ labels: { ...labels, client: kind, version: version.slice(0, VERSION_LENGTH) }, value: 1 }];
};
