import type { ChainCounts, MethodCounts } from './counts.ts';
import { counter, type Family, histogram, type Labels, type Sample } from './exposition.ts';
import type { Gathering } from './gathering.ts';
import type { Tally } from './tally.ts';

type Transport = keyof MethodCounts['outcomes'];

const TRANSPORTS: readonly Transport[] = ['http', 'ws', 'internal'];

/** The metrics of clients' calls. */
export const callFamilies = ({ chains, rejections, rateLimited }: Gathering): Family[] => {
  const methods = [...chains].flatMap(([chain, { methods }]) =>
    [...methods].map(([method, counts]) => ({ labels: { chain, method }, counts })),
  );
  const of = (read: (counts: MethodCounts) => number): Sample[] =>
    methods.map(({ labels, counts }) => ({ labels, value: read(counts) })).filter(({ value }) => value > 0);
  return [
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
    counter(
      'headgate_cache_requests_total',
      "Clients' calls by what the cache did: hit, miss, coalesced (joined an identical call), bypass (not cacheable)",
      methods.flatMap(({ labels, counts }) =>
        (['hit', 'miss', 'coalesced', 'bypass'] as const)
          .map((result) => ({ labels: { ...labels, result }, value: counts.sources[result] }))
          .filter(({ value }) => value > 0),
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
    perChain(
      'headgate_retries_total',
      'Further attempts, by the failure class of the one before',
      chains,
      'reason',
      (c) => c.retries,
    ),
    perChain(
      'headgate_hedges_total',
      'Second attempts beside a slow one, by whether they answered first',
      chains,
      'result',
      (c) => c.hedges,
    ),
    counter(
      'headgate_rejected_total',
      'Requests that never became a call, by reason',
      tallied(rejections, {}, 'reason'),
    ),
    counter(
      'headgate_rate_limited_total',
      'Calls refused because a client spent its tokens, by key name',
      tallied(rateLimited, {}, 'key'),
    ),
  ];
};

/** One sample per word of a tally. */
export const tallied = (tally: Tally, labels: Labels, word: string): Sample[] =>
  [...tally].map(([key, value]) => ({ labels: { ...labels, [word]: key }, value }));

const perChain = (
  name: string,
  help: string,
  chains: ReadonlyMap<string, ChainCounts>,
  word: string,
  tally: (counts: ChainCounts) => Tally,
): Family =>
  counter(
    name,
    help,
    [...chains].flatMap(([chain, counts]) => tallied(tally(counts), { chain }, word)),
  );
