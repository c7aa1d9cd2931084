import { SPARING } from '../core/reply.ts';
import type { MethodCounts } from './counts.ts';
import { counter, type Family, histogram, type Labels, type Sample } from './exposition.ts';
import type { Gathering } from './gathering.ts';
import type { Tally } from './tally.ts';

type Transport = keyof MethodCounts['outcomes'];

const TRANSPORTS: readonly Transport[] = ['http', 'ws', 'internal'];

interface Counted {
  readonly labels: Labels;
  readonly counts: MethodCounts;
}

/** The metrics of clients' calls. */
export const callFamilies = (gathering: Gathering): Family[] => {
  const methods = [...gathering.chains].flatMap(([chain, counts]) =>
    [...counts.methods].map(([method, ofMethod]) => ({ labels: { chain, method }, counts: ofMethod })),
  );
  return [
    ...endFamilies(methods),
    ...savingFamilies(methods),
    unitsSaved(gathering),
    ...effortFamilies(gathering),
    ...refusalFamilies(gathering),
  ];
};

const endFamilies = (methods: readonly Counted[]): Family[] => [
  counter(
    'headgate_requests_total',
    "Clients' calls by how they ended: ok, error (a node's own error), or the gateway's reason word",
    methods.flatMap(({ labels, counts }) =>
      TRANSPORTS.flatMap((transport) => tallied(counts.outcomes[transport], { ...labels, transport }, 'outcome')),
    ),
  ),
  histogram(
    'headgate_request_duration_seconds',
    "Time from a client's call to its answer",
    methods.map(({ labels, counts }) => ({ labels, reading: counts.duration.read() })),
  ),
];

const savingFamilies = (methods: readonly Counted[]): Family[] => {
  const of = (read: (counts: MethodCounts) => number, more: Labels = {}): Sample[] =>
    methods
      .map(({ labels, counts }) => ({ labels: { ...labels, ...more }, value: read(counts) }))
      .filter(({ value }) => value > 0);
  return [
    counter(
      'headgate_cache_requests_total',
      "Clients' calls by what the cache did: hit, miss, coalesced (joined an identical call), bypass (not cacheable)",
      (['hit', 'miss', 'coalesced', 'bypass'] as const).flatMap((result) =>
        of(({ sources }) => sources[result], { result }),
      ),
    ),
    counter(
      'headgate_coalesced_total',
      'Calls that joined an identical one under way',
      of(({ sources }) => sources.coalesced),
    ),
    counter(
      'headgate_upstream_calls_saved_total',
      'Calls answered without asking a node',
      of(({ saved }) => saved),
    ),
  ];
};

/** Of a chain as a whole, since the units already weigh the methods. */
const unitsSaved = ({ chains }: Gathering): Family =>
  counter(
    'headgate_upstream_units_saved_total',
    'What the calls answered without asking a node would have cost, in units of a plain read, by how they were spared',
    [...chains].flatMap(([chain, { methods }]) =>
      SPARING.map((kind) => ({
        labels: { chain, kind },
        value: [...methods.values()].reduce((sum, counts) => sum + counts.unitsSaved[kind], 0),
      })),
    ),
  );

const effortFamilies = ({ chains }: Gathering): Family[] => [
  counter(
    'headgate_retries_total',
    'Further attempts, by the failure class of the one before',
    [...chains].flatMap(([chain, { retries }]) => tallied(retries, { chain }, 'reason')),
  ),
  counter(
    'headgate_hedges_total',
    'Second attempts beside a slow one, by whether they answered first: won, lost',
    [...chains].flatMap(([chain, { hedges }]) => tallied(hedges, { chain }, 'result')),
  ),
];

const refusalFamilies = ({ rejections, rateLimited }: Gathering): Family[] => [
  counter('headgate_rejected_total', 'Requests that never became a call, by reason', tallied(rejections, {}, 'reason')),
  counter(
    'headgate_rate_limited_total',
    'Calls refused because a client had spent its tokens, by the name of its key',
    tallied(rateLimited, {}, 'key'),
  ),
];

/** One sample per word of a tally. */
export const tallied = (tally: Tally, labels: Labels, word: string): Sample[] =>
  [...tally].map(([key, value]) => ({ labels: { ...labels, [word]: key }, value }));
