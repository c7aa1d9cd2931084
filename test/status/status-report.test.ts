import { expect, test } from 'vitest';
import { RecentEvents } from '../../src/status/recent-events.ts';
import { type ChainSource, type Moment, statusReport } from '../../src/status/status-report.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { answered } from '../telemetry/events.ts';
import { aChainView, aNodeView, anUpstream } from './views.ts';

const reporting = (chain: Partial<ChainSource>, changes: Partial<Moment> = {}) =>
  statusReport({
    version: '1.2.3',
    startedAt: 1_700_000_000_000,
    now: 1_700_000_090_000,
    mask: (text) => text,
    chains: [{ name: 'mainnet', id: 1n, view: aChainView([]), headAgeSeconds: undefined, ...chain }],
    recent: new RecentEvents(new FakeClock()),
    cache: { size: 7, bytes: 9000 },
    ...changes,
  });

test('has the shape that the contract names', () => {
  const recent = new RecentEvents(new FakeClock());
  recent.attemptEnded('mainnet', 'geth-1', 'eth_call', answered(1));
  recent.probed('mainnet', 'geth-1', 3);
  const node = aNodeView(anUpstream('geth-1', { latencyMs: 4.234, inflight: 3, errorRate: 0.12345 }), {
    score: 0.98765,
    lag: 2,
    head: 98,
  });
  const head = {
    latest: { number: 100, hash: '0xaa' },
    safe: { number: 90, hash: '0xbb' },
    finalized: { number: 80, hash: '0xcc' },
  };
  expect(reporting({ view: aChainView([node], head), headAgeSeconds: 3.14159 }, { recent })).toEqual({
    version: '1.2.3',
    time: '2023-11-14T22:14:50.000Z',
    uptimeSeconds: 90,
    cache: { answers: 7, bytes: 9000 },
    chains: [
      {
        name: 'mainnet',
        id: 1,
        head: { number: 100, hash: '0xaa', ageSeconds: 3.1 },
        safe: 90,
        finalized: 80,
        upstreams: [
          {
            name: 'geth-1',
            tier: 0,
            weight: 1,
            state: 'healthy',
            reason: 'at the published head',
            score: 0.988,
            head: 98,
            lag: 2,
            latencyMs: 4.2,
            errorRate: 0.123,
            inflight: 3,
            peers: 8,
            client: 'Geth/v1.16.2',
            attempts: 1,
            probes: 3,
            units: 5,
          },
        ],
        traffic: { calls: 0, saved: 0, savedBy: { hit: 0, coalesced: 0, local: 0 }, unitsSaved: 0, failed: 0 },
        recentBlocks: [],
        events: [],
        slowCalls: [],
        unknownErrors: [],
      },
    ],
  });
});

test('says null for what is not known, and leaves no key out', () => {
  const node = aNodeView(anUpstream('geth-1'), { head: undefined, lag: undefined, peers: undefined, client: '' });
  const { chains } = JSON.parse(JSON.stringify(reporting({ id: undefined, view: aChainView([node]) })));
  expect(chains[0]).toMatchObject({ id: null, head: null, safe: null, finalized: null });
  expect(chains[0].upstreams[0]).toMatchObject({ head: null, lag: null, latencyMs: null, peers: null });
});

test('tells a chain id that is too large for a number as text', () => {
  expect(reporting({ id: 2n ** 64n }).chains[0]?.id).toBe('18446744073709551616');
});

test('lists events, blocks and calls newest first', () => {
  const recent = new RecentEvents(new FakeClock());
  for (const number of [1, 2, 3]) recent.headMoved('mainnet', number, '0xaa', 0, 1);
  recent.stateChanged('mainnet', 'geth-1', 'unknown', 'healthy', 'first');
  recent.stateChanged('mainnet', 'geth-1', 'healthy', 'down', 'second');
  const [chain] = reporting({}, { recent }).chains;
  expect(chain?.recentBlocks.map(({ number }) => number)).toEqual([3, 2, 1]);
  expect(chain?.events.map(({ text }) => text)).toEqual(['second', 'first']);
});

test("masks whatever a node's words have brought in", () => {
  const recent = new RecentEvents(new FakeClock());
  recent.stateChanged('mainnet', 'geth-1', 'healthy', 'down', 'no route with KEY');
  const node = aNodeView(anUpstream('geth-1'), { reason: 'refused KEY', client: 'Geth/KEY' });
  const mask = (text: string) => text.replaceAll('KEY', '***');
  expect(JSON.stringify(reporting({ view: aChainView([node]) }, { recent, mask }))).not.toContain('KEY');
});

test('bounds what a node calls itself', () => {
  const node = aNodeView(anUpstream('geth-1'), { client: 'x'.repeat(10_000) });
  expect(reporting({ view: aChainView([node]) }).chains[0]?.upstreams[0]?.client.length).toBeLessThan(200);
});
