import { execFileSync, spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { refuse } from '../../src/core/reply.ts';
import type { NodeState } from '../../src/head/chain-view.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import type { Picture } from '../../src/telemetry/picture.ts';
import { UPSTREAM_STATES } from '../../src/telemetry/upstream-families.ts';
import { aCall, aNode, answered, aPicture, aReply, failed } from './events.ts';

/** The contract's metrics that have a source here, and those beyond it, with their labels. */
const CONTRACT = [
  'headgate_build_info{version}',
  'headgate_requests_total{chain,method,transport,outcome}',
  'headgate_request_duration_seconds{chain,method}',
  'headgate_upstream_requests_total{chain,upstream,method,outcome}',
  'headgate_upstream_duration_seconds{chain,upstream}',
  'headgate_upstream_up{chain,upstream}',
  'headgate_upstream_score{chain,upstream}',
  'headgate_upstream_head{chain,upstream}',
  'headgate_upstream_lag_blocks{chain,upstream}',
  'headgate_upstream_peers{chain,upstream}',
  'headgate_upstream_state{chain,upstream,state}',
  'headgate_upstream_inflight{chain,upstream}',
  'headgate_upstream_info{chain,upstream,client,version}',
  'headgate_head{chain}',
  'headgate_head_age_seconds{chain}',
  'headgate_head_delay_seconds{chain}',
  'headgate_head_rewinds_total{chain}',
  'headgate_reorgs_total{chain}',
  'headgate_reorg_depth{chain}',
  'headgate_retries_total{chain,reason}',
  'headgate_hedges_total{chain,result}',
  'headgate_cache_requests_total{chain,method,result}',
  'headgate_cache_bytes{}',
  'headgate_coalesced_total{chain,method}',
  'headgate_upstream_calls_saved_total{chain,method}',
  'headgate_upstream_units_total{chain,upstream}',
  'headgate_upstream_units_saved_total{chain,kind}',
  'headgate_ws_connections{}',
  'headgate_subscriptions{chain,type}',
  'headgate_subscription_events_total{chain,type}',
  'headgate_subscription_replayed_total{chain,type}',
  'headgate_subscription_duplicates_dropped_total{chain,type}',
  'headgate_subscription_recoveries_total{chain,reason}',
  'headgate_rate_limited_total{key}',
  'headgate_rejected_total{reason}',
  'headgate_probes_total{chain,upstream}',
  'headgate_config_last_reload_successful{}',
  'headgate_event_loop_utilization_ratio{}',
  'headgate_quorum_dissents_total{chain,upstream,method}',
  'headgate_unknown_errors_total{chain,upstream}',
  'headgate_upstream_strays_total{chain,upstream,kind}',
];

/** Metrics to which everything has happened once. */
const busy = (picture: Picture = aPicture()) => {
  const full: Picture = {
    ...picture,
    cacheBytes: 1024,
    chains: picture.chains.map((chain) => ({ ...chain, subscriptions: new Map([['logs', 2]]) })),
  };
  const metrics = createMetrics({ version: '1.2.3' }, () => full);
  const { observer } = metrics;
  observer.callEnded(aCall(), aReply(), 12);
  observer.callEnded(aCall(), aReply({ source: 'hit', attempts: 0 }), 0.1);
  observer.callEnded(aCall(), aReply({ source: 'coalesced' }), 8);
  observer.callEnded(aCall(), refuse('rate_limited', 'slow down'), 0.1);
  observer.rejected('parse_error');
  observer.attemptEnded('mainnet', 'geth-1', 'eth_call', answered(11));
  observer.attemptEnded('mainnet', 'geth-1', 'eth_call', failed('timeout'));
  observer.probed('mainnet', 'geth-1', 3);
  observer.retried('mainnet', 'timeout');
  observer.hedged('mainnet', 'won');
  observer.dissented('mainnet', 'geth-1', 'eth_call');
  observer.strayed('mainnet', 'geth-1', 'late_answer');
  for (const what of ['event', 'replayed', 'duplicate'] as const) observer.streamed('mainnet', 'logs', what);
  observer.recovered('mainnet', 'history');
  observer.headMoved('mainnet', 100, '0xaa', 0, 40);
  observer.headMoved('mainnet', 101, '0xbb', 2, 40);
  observer.headRewound('mainnet', 101, 100);
  return metrics;
};

const line = async (metrics: ReturnType<typeof busy>, start: string): Promise<string[]> =>
  (await metrics.render()).body.split('\n').filter((text) => text.startsWith(start));

test.each(CONTRACT)('shows %s', async (wanted) => {
  const [, name = '', labels = ''] = /^(\w+)\{(.*)\}$/.exec(wanted) ?? [];
  const family = busy()
    .families()
    .find((one) => one.name === name);
  const shown = Object.keys(family?.samples[0]?.labels ?? { nothing: 1 }).filter((label) => label !== 'le');
  expect(shown.toSorted()).toEqual(labels.split(',').filter(Boolean).toSorted());
});

const promtool = spawnSync('promtool', ['--version']).status === 0;

test.runIf(promtool)('passes `promtool check metrics`', async () => {
  const { body } = await busy().render();
  expect(execFileSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8', stdio: 'pipe' })).toBe('');
});

test('is the Prometheus text format: help and type before the samples, counters end in _total, each series once', async () => {
  const { contentType, body } = await busy().render();
  expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  const series = new Set<string>();
  let [name, type] = ['', ''];
  for (const text of body.split('\n').filter(Boolean)) {
    const [, kind, of = '', rest = ''] = /^# (HELP|TYPE) (\w+) (.+)$/.exec(text) ?? [];
    if (kind === 'HELP') name = of;
    else if (kind === 'TYPE') [type] = [rest, expect(of).toBe(name)];
    else {
      const [, key = '', metric = '', value = ''] = /^((\w+)(?:\{.+\})?) (\S+)$/.exec(text) ?? [];
      expect(metric.replace(type === 'histogram' ? /_(?:bucket|sum|count)$/ : '', '')).toBe(name);
      expect(metric.endsWith('_total')).toBe(type === 'counter');
      expect(Number(value)).not.toBeNaN();
      expect(series.has(key)).toBe(false);
      series.add(key);
    }
  }
  expect(series.size).toBeGreaterThan(80);
});

test('counts calls by method, transport and outcome', async () => {
  const metrics = busy();
  metrics.observer.callEnded(aCall('eth_call', { transport: 'ws' }), aReply(), 1);
  expect(await line(metrics, 'headgate_requests_total')).toEqual([
    'headgate_requests_total{chain="mainnet",method="eth_call",transport="http",outcome="ok"} 3',
    'headgate_requests_total{chain="mainnet",method="eth_call",transport="http",outcome="rate_limited"} 1',
    'headgate_requests_total{chain="mainnet",method="eth_call",transport="ws",outcome="ok"} 1',
  ]);
});

test("tells a node's own error from one of the gateway's", async () => {
  const metrics = createMetrics({ version: '1' }, aPicture);
  const reply = {
    ok: false,
    error: { code: 3, message: 'reverted' },
    raw: Buffer.from('{}'),
    reason: undefined,
  } as const;
  metrics.observer.callEnded(aCall(), { ...reply, retryAfter: undefined, info: aReply().info }, 1);
  expect(await line(metrics, 'headgate_requests_total')).toEqual([expect.stringContaining('outcome="error"} 1')]);
});

test('gives invented method names one series together', async () => {
  const metrics = createMetrics({ version: '1' }, aPicture);
  for (let index = 0; index < 1000; index += 1) metrics.observer.callEnded(aCall(`evil_${index}`), aReply(), 1);
  expect(await line(metrics, 'headgate_requests_total')).toEqual([expect.stringContaining('method="other"')]);
  expect((await metrics.render()).body).not.toContain('evil');
});

test('counts as saved what no node was asked for, and not what was refused', async () => {
  const metrics = createMetrics({ version: '1' }, aPicture);
  for (const source of ['hit', 'coalesced', 'local', 'miss', 'bypass'] as const) {
    metrics.observer.callEnded(aCall(), aReply({ source }), 1);
  }
  metrics.observer.callEnded(aCall(), refuse('method_denied', 'no'), 1);
  expect(await line(metrics, 'headgate_upstream_calls_saved_total')).toEqual([expect.stringMatching(/ 3$/)]);
});

test('weighs what was spared and what was asked by the units of each method', async () => {
  const metrics = createMetrics({ version: '1' }, aPicture);
  metrics.observer.callEnded(aCall('eth_getLogs'), aReply({ source: 'hit' }), 1);
  metrics.observer.callEnded(aCall('eth_getBalance'), aReply({ source: 'hit' }), 1);
  metrics.observer.callEnded(aCall('eth_call'), aReply({ source: 'coalesced' }), 1);
  metrics.observer.callEnded(aCall('eth_getLogs'), refuse('timeout', 'late'), 1);
  metrics.observer.callEnded(aCall('eth_getLogs'), aReply(), 1);
  expect(await line(metrics, 'headgate_upstream_units_saved_total')).toEqual([
    'headgate_upstream_units_saved_total{chain="mainnet",kind="hit"} 6',
    'headgate_upstream_units_saved_total{chain="mainnet",kind="coalesced"} 2',
    'headgate_upstream_units_saved_total{chain="mainnet",kind="local"} 0',
  ]);
  metrics.observer.attemptEnded('mainnet', 'geth-1', 'eth_getLogs', answered(1));
  metrics.observer.attemptEnded('mainnet', 'geth-1', 'other', failed('timeout'));
  metrics.observer.probed('mainnet', 'geth-1', 3);
  expect(await line(metrics, 'headgate_upstream_units_total')).toEqual([
    'headgate_upstream_units_total{chain="mainnet",upstream="geth-1"} 9',
  ]);
  expect(await line(metrics, 'headgate_probes_total')).toEqual([
    'headgate_probes_total{chain="mainnet",upstream="geth-1"} 3',
  ]);
});

test('sorts durations into buckets in seconds, each holding those below it', async () => {
  const metrics = createMetrics({ version: '1' }, aPicture);
  for (const ms of [1, 6, 40, 99_000]) metrics.observer.callEnded(aCall(), aReply(), ms);
  const buckets = await line(metrics, 'headgate_request_duration_seconds_bucket');
  const at = (le: string) => buckets.find((text) => text.includes(`le="${le}"`))?.split(' ')[1];
  expect([at('0.001'), at('0.0025'), at('0.01'), at('0.05'), at('10'), at('+Inf')]).toEqual([
    '1',
    '1',
    '2',
    '3',
    '3',
    '4',
  ]);
  expect(await line(metrics, 'headgate_request_duration_seconds_count')).toEqual([expect.stringMatching(/ 4$/)]);
  expect(await line(metrics, 'headgate_request_duration_seconds_sum')).toEqual([expect.stringMatching(/ 99\.047$/)]);
});

/** `never` unless a state of a node has no series. */
type Unshown = Exclude<NodeState, (typeof UPSTREAM_STATES)[number]>;

test('shows 1 for the state an upstream is in and 0 for every other one', async () => {
  expect<[Unshown] extends [never] ? true : false>(true).toBe(true);
  for (const state of UPSTREAM_STATES) {
    const metrics = createMetrics({ version: '1' }, () => aPicture([aNode('geth-1', { state })]));
    const lines = await line(metrics, 'headgate_upstream_state');
    expect(lines).toHaveLength(11);
    expect(lines.filter((text) => text.endsWith(' 1'))).toEqual([expect.stringContaining(`state="${state}"`)]);
  }
});

test('calls an upstream up while it is heard from', async () => {
  const nodes = (['healthy', 'lagging', 'forked', 'down', 'unknown'] as const).map((state) => aNode(state, { state }));
  const lines = await line(
    createMetrics({ version: '1' }, () => aPicture(nodes)),
    'headgate_upstream_up',
  );
  expect(lines.map((text) => text.at(-1))).toEqual(['1', '1', '1', '0', '0']);
});

test('leaves out what a node does not tell', async () => {
  const silent = aNode('geth-1', { head: undefined, lag: undefined, peers: undefined, client: '' });
  const { body } = await createMetrics({ version: '1' }, () => aPicture([silent])).render();
  expect(body).not.toMatch(/^headgate_upstream_(?:head|lag_blocks|peers|info)\{/m);
});

test('bounds and names what a node says of itself', async () => {
  const client = `Geth/v${'9.'.repeat(200)}9/"}\nheadgate_head 7`;
  const lines = await line(
    createMetrics({ version: '1' }, () => aPicture([aNode('geth-1', { client })])),
    'headgate_upstream_info',
  );
  expect(lines).toEqual([expect.stringMatching(/client="geth",version="[9.]{32}"\} 1$/)]);
});

test('escapes names so that no label ends early', async () => {
  const metrics = createMetrics({ version: '1' }, () => aPicture([aNode('a"} 1\n\\b')]));
  expect(await line(metrics, 'headgate_upstream_up')).toEqual([
    String.raw`headgate_upstream_up{chain="mainnet",upstream="a\"} 1\n\\b"} 1`,
  ]);
});

test('drops the series of upstreams and chains that are gone', async () => {
  let picture = aPicture([aNode('geth-1'), aNode('geth-2')]);
  const metrics = createMetrics({ version: '1' }, () => picture);
  for (const upstream of ['geth-1', 'geth-2'])
    metrics.observer.attemptEnded('mainnet', upstream, 'eth_call', answered(1));
  expect((await metrics.render()).body).toContain('upstream="geth-2"');
  picture = aPicture([aNode('geth-1')]);
  const { body } = await metrics.render();
  expect(body).toContain('upstream="geth-1"');
  expect(body).not.toContain('geth-2');
  picture = { chains: [], wsConnections: 0 };
  expect((await metrics.render()).body).not.toContain('mainnet');
});

test('forgets upstreams that came and went although nobody scrapes', () => {
  let looks = 0;
  const metrics = createMetrics({ version: '1' }, () => {
    looks += 1;
    return aPicture();
  });
  for (let index = 0; index < 2000; index += 1) metrics.observer.probed('mainnet', `10.0.0.${index}`, 1);
  expect(looks).toBeGreaterThanOrEqual(3);
  expect(looks).toBeLessThan(20);
});

test('gathers no more reasons than it has room for', async () => {
  const metrics = createMetrics({ version: '1' }, aPicture);
  for (let index = 0; index < 1000; index += 1) metrics.observer.rejected(`reason_${index}`);
  const lines = await line(metrics, 'headgate_rejected_total');
  expect(lines.length).toBeLessThanOrEqual(65);
  expect(lines).toContain('headgate_rejected_total{reason="other"} 936');
});

test('counts a plain step of the head as no reorganisation', async () => {
  const metrics = busy();
  expect(await line(metrics, 'headgate_reorgs_total')).toEqual(['headgate_reorgs_total{chain="mainnet"} 1']);
  expect(await line(metrics, 'headgate_reorg_depth_sum')).toEqual(['headgate_reorg_depth_sum{chain="mainnet"} 2']);
  expect(await line(metrics, 'headgate_head_delay_seconds_count')).toEqual([
    'headgate_head_delay_seconds_count{chain="mainnet"} 2',
  ]);
});

test('says whether the last reload was taken over', async () => {
  const of = (lastReloadSuccessful?: boolean) =>
    line(
      createMetrics({ version: '1' }, () => aPicture([], { lastReloadSuccessful })),
      'headgate_config_last',
    );
  expect(await of()).toEqual(['headgate_config_last_reload_successful 1']);
  expect(await of(false)).toEqual(['headgate_config_last_reload_successful 0']);
});

test('shows the share of time since the scrape before in which the event loop was busy', async () => {
  const metrics = createMetrics({ version: '1' }, aPicture);
  const read = async () => Number((await line(metrics, 'headgate_event_loop'))[0]?.split(' ')[1]);
  const values = [await read(), await read()];
  await new Promise((resolve) => setImmediate(resolve));
  values.push(await read());
  for (const value of values) expect(value).toSatisfy((ratio: number) => ratio >= 0 && ratio <= 1);
});

test('counts the errors of each upstream whose words nobody knows', async () => {
  const metrics = busy();
  const unknown = failed('unclassified', 'gremlins', { unknownWording: true });
  metrics.observer.attemptEnded('mainnet', 'geth-1', 'eth_call', unknown);
  metrics.observer.attemptEnded('mainnet', 'geth-1', 'eth_call', failed('unclassified', 'txpool is full'));
  expect(await line(metrics, 'headgate_unknown_errors_total')).toEqual([
    'headgate_unknown_errors_total{chain="mainnet",upstream="geth-1"} 1',
  ]);
});
