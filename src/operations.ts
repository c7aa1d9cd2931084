import type { Observer } from './core/observer.ts';
import { tellFault } from './ingress/fault.ts';
import type { OpsDeps, Readiness } from './ingress/ops.ts';
import type { Endpoints } from './ingress/target.ts';
import type { Keeping } from './keeping.ts';
import type { Clock } from './lib/clock.ts';
import type { Explanation } from './router/explain.ts';
import type { ServedChain } from './serve-chain.ts';
import { statusPage } from './status/page.ts';
import type { RecentEvents } from './status/recent-events.ts';
import { statusReport } from './status/status-report.ts';
import type { Metrics } from './telemetry/metrics.ts';

export interface OperationsContext {
  readonly chains: readonly ServedChain[];
  readonly endpoints: Endpoints;
  readonly metrics: Metrics;
  readonly recent: RecentEvents;
  readonly observer: Observer;
  readonly version: string;
  /** Ms since the Unix epoch. */
  readonly startedAt: number;
  readonly clock: Clock;
  /** Takes secrets out of a text. */
  readonly mask: (text: string) => string;
  readonly draining: () => boolean;
  /** Answers of all chains. */
  readonly keeping: Keeping;
}

/** What the ops listener shows and does, in terms of the chains. */
export const opsDeps = (context: OperationsContext): OpsDeps => {
  const { chains, metrics, observer } = context;
  const find = (name: string | undefined): ServedChain | undefined => {
    const endpoint = context.endpoints.find(name);
    return chains.find((chain) => chain.endpoint === endpoint);
  };
  return {
    clock: context.clock,
    metrics: () => metrics.render(),
    ready: (name) => readiness(context, name === undefined ? chains : [find(name)]),
    status: () => {
      const { version, startedAt, clock, mask, recent } = context;
      return statusReport({
        version,
        startedAt,
        now: clock.wall(),
        mask,
        recent,
        chains: chains.map((chain) => chain.standing()),
        cache: context.keeping.store,
      });
    },
    page: statusPage,
    explain: ({ chain, method, params }) =>
      find(chain)
        ?.explain(method, Buffer.from(params))
        .then((explanation) => discreet(explanation, context.mask)),
    drain: (upstream) => chains.some(({ head }) => head.drain(upstream)),
    undrain: (upstream) => chains.some(({ head }) => head.undrain(upstream)),
    purge: () => context.keeping.purge(),
    reload: async () => ({
      ok: false,
      message: 'this version reads its config at the start: restart it to apply changes',
    }),
    failed: (error) => tellFault(observer, error, { listener: 'ops' }),
  };
};

const readiness = (
  { draining, mask }: OperationsContext,
  chains: readonly (ServedChain | undefined)[],
): Readiness | undefined => {
  const known = chains.filter((chain) => chain !== undefined);
  if (known.length < chains.length) return undefined;
  const each = known.map((chain) => {
    const { ready, reason } = chain.ready();
    return { name: chain.name, ready, reason: mask(reason) };
  });
  return { ready: !draining() && each.every(({ ready }) => ready), chains: each };
};

/** The explanation without the secrets that nodes repeat in what they say. */
const discreet = (explanation: Explanation, mask: (text: string) => string): Explanation => {
  const { answeredHere, excluded } = explanation;
  const shown =
    answeredHere !== undefined && 'error' in answeredHere
      ? { error: { ...answeredHere.error, message: mask(answeredHere.error.message) } }
      : answeredHere;
  return {
    ...explanation,
    answeredHere: shown,
    excluded: excluded.map(({ upstream, why }) => ({ upstream, why: mask(why) })),
  };
};
