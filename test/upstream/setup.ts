import { afterEach } from 'vitest';
import type { Outcome } from '../../src/core/outcome.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { createUpstream, type UpstreamReport } from '../../src/upstream/node-upstream.ts';
import type { Upstream, UpstreamRequest } from '../../src/upstream/upstream.ts';
import { type UpstreamOptions, upstreamDefaults } from '../../src/upstream/upstream-options.ts';
import { type FakeNode, type FakeNodeOptions, startFakeNode } from '../support/fake-node.ts';

export type Way = 'http' | 'ws' | 'ipc';

const owned: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of owned.splice(0).reverse()) await one.close();
});

/** Has `one` closed after the test. */
export const own = <T extends { close(): unknown }>(one: T): T => {
  owned.push(one);
  return one;
};

export const fakeNode = async (options?: FakeNodeOptions): Promise<FakeNode> => own(await startFakeNode(options));

/** An upstream and everything that it told. */
export interface Watched {
  readonly upstream: Upstream;
  readonly reports: UpstreamReport[];
  readonly lost: string[];
  /** How often a socket became ready. */
  readonly opened: () => number;
  readonly strays: () => string[];
}

export const watch = (url: string, options: Partial<UpstreamOptions> = {}, clock: Clock = systemClock): Watched => {
  const reports: UpstreamReport[] = [];
  const lost: string[] = [];
  let opened = 0;
  const upstream = own(
    createUpstream(
      { ...upstreamDefaults, backoff: { initial: 10, max: 50 }, name: 'node', url, ...options },
      { clock, random: Math.random, report: (report) => reports.push(report) },
    ),
  );
  upstream.onLost((why) => lost.push(why));
  upstream.onOpen(() => {
    opened += 1;
  });
  const strays = (): string[] => reports.flatMap((report) => (report.kind === 'stray' ? [report.what] : []));
  return { upstream, reports, lost, opened: () => opened, strays };
};

/** An upstream that reaches the node in exactly one way, ready to be called. */
export const reach = async (
  node: FakeNode,
  way: Way,
  options: Partial<UpstreamOptions> = {},
  clock: Clock = systemClock,
): Promise<Watched> => {
  const url = { http: node.url, ws: node.wsUrl, ipc: way === 'ipc' ? node.ipcUrl : '' }[way];
  const watched = watch(url, { calls: 'http', ...options }, clock);
  if (way !== 'http') await until(() => watched.upstream.pushes);
  return watched;
};

export const request = (method: string, params = '[]', heavy = false): UpstreamRequest => ({
  method,
  params: Buffer.from(params),
  heavy,
});

export const ask = (upstream: Upstream, method: string, timeoutMs = 10_000, params = '[]'): Promise<Outcome> =>
  upstream.call(request(method, params), timeoutMs).outcome;

/** Waits for a condition. The limit is for hopeless cases only. */
export const until = async (holds: () => boolean): Promise<void> => {
  const limit = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > limit) throw new Error('the condition did not come true');
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
};

/** An outcome in short: `answered "0x1"`, `refused execution reverted`, `failed timeout`, `cancelled`. */
export const gist = (outcome: Outcome | undefined): string => {
  switch (outcome?.kind) {
    case 'answered':
      return `answered ${outcome.result.toString()}`;
    case 'refused':
      return `refused ${outcome.error.message}`;
    case 'failed':
      return `failed ${outcome.failure}`;
    default:
      return String(outcome?.kind);
  }
};

export const messageOf = (outcome: Outcome): string => (outcome.kind === 'failed' ? outcome.message : '');
