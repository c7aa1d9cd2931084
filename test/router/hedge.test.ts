import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { methodSpec } from '../../src/ethereum/methods.ts';
import { Hedging } from '../../src/router/hedge.ts';
import { delay, hang, rateLimited } from '../support/fake-node.ts';
import { counts, metric, type Pool, startPool } from './pool.ts';

const options = { quantile: 0.95, min: 50, max: 2000, budget: 0.05 };
const call = methodSpec('eth_call');

describe('Hedging', () => {
  it('waits for the quantile of the method’s own latencies, or of all as long as it knows few, within its bounds', () => {
    const hedging = new Hedging(options);
    expect(hedging.delay(call)).toBe(2000);
    for (let n = 1; n <= 100; n += 1) hedging.answered(call, n * 10);
    expect(hedging.delay(call)).toBeGreaterThanOrEqual(900);
    expect(hedging.delay(call)).toBeLessThanOrEqual(970);
    for (let n = 0; n < 9; n += 1) hedging.answered(methodSpec('eth_getBalance'), 1);
    expect(hedging.delay(methodSpec('eth_getBalance'))).toBeGreaterThanOrEqual(900);
    hedging.answered(methodSpec('eth_getBalance'), 1);
    expect(hedging.delay(methodSpec('eth_getBalance'))).toBe(50);
    for (let n = 0; n < 200; n += 1) hedging.answered(call, 1);
    expect(hedging.delay(call)).toBe(50);
  });

  it.each(['eth_sendRawTransaction', 'eth_newFilter', 'eth_uninstallFilter', 'debug_traceTransaction', 'trace_filter'])(
    'never has %s run twice',
    (method) => {
      expect(new Hedging(options).delay(methodSpec(method))).toBeUndefined();
    },
  );

  it('keeps one entry for all methods that are invented', () => {
    const hedging = new Hedging(options);
    for (let n = 0; n < 100; n += 1) hedging.answered(methodSpec(`foo_${n}`), 300);
    expect(hedging.delay({ ...call, name: 'foo_other', known: false })).toBe(300);
  });

  it('runs no more often than its share of the calls, and the few that are saved up', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 3000 }), (events) => {
        const hedging = new Hedging(options);
        let calls = 0;
        let hedges = 0;
        for (const isCall of events) {
          if (isCall) {
            calls += 1;
            hedging.called();
          } else if (hedging.take()) hedges += 1;
          expect(hedges).toBeLessThanOrEqual(20 + calls * 0.05);
        }
      }),
    );
    const off = new Hedging({ ...options, budget: 0 });
    for (let n = 0; n < 100; n += 1) off.called();
    expect(off.take()).toBe(false);
  });
});

const eager = { hedge: { min: '10ms', max: '20ms' } };
/** The first node is asked first. */
const preferred = [{ config: { weight: 1000 } }, { config: { weight: 0.001 } }];
const hedges = (pool: Pool, result: 'won' | 'lost'): Promise<number> =>
  metric(pool, `headgate_hedges_total{chain="mainnet",result="${result}"}`);

describe('a slow node', () => {
  it('gets company: the other’s answer is given at once, and the slow attempt is given up', async () => {
    await using pool = await startPool(preferred, { routing: eager });
    const [a, b] = pool.nodes;
    a?.on('eth_call', () => hang());
    b?.on('eth_call', () => '0xb');
    const { json, headers } = await pool.call('eth_call', [{}]);
    expect(json.result).toBe('0xb');
    expect(headers.get('x-headgate-upstream')).toBe('b');
    expect(headers.get('x-headgate-attempts')).toBe('2');
    expect(await hedges(pool, 'won')).toBe(1);
    const ended =
      'headgate_upstream_requests_total{chain="mainnet",upstream="a",method="eth_call",outcome="cancelled"}';
    expect(await metric(pool, ended)).toBe(1);
  });

  it('that hangs while others answer in its stead is soon avoided, and does not use up the hedges', async () => {
    const hedge = { min: '50ms', max: '100ms' };
    await using pool = await startPool([{}, {}], { routing: { hedge }, health: { interval: '200ms' } });
    const [a, b] = pool.nodes;
    a?.on('eth_call', () => hang());
    b?.on('eth_call', () => '0xb');
    const calls = 150;
    for (let n = 0; n < calls; n += 1) {
      expect((await pool.call('eth_call', [{ data: `0x${n}` }])).json.result).toBe('0xb');
    }
    // Asked as before it would get half of them, and hedges be left for 27.
    expect(a?.count('eth_call')).toBeLessThanOrEqual(27);
    const ended = 'headgate_upstream_requests_total{chain="mainnet",upstream="a",method="eth_call"';
    expect(await metric(pool, `${ended},outcome="timeout"}`)).toBe(0);
  });

  it('may still be the first to answer', async () => {
    await using pool = await startPool(preferred, { routing: eager });
    const [a, b] = pool.nodes;
    a?.on('eth_call', () => delay(150, '0xa'));
    b?.on('eth_call', () => hang());
    const { json, headers } = await pool.call('eth_call', [{}]);
    expect(json.result).toBe('0xa');
    expect(headers.get('x-headgate-attempts')).toBe('2');
    expect(await hedges(pool, 'lost')).toBe(1);
  });

  it('gets company for no more than a twentieth of the calls, besides the first few', async () => {
    await using pool = await startPool([{}, {}], { routing: eager });
    for (const node of pool.nodes) node.on('eth_call', () => delay(100, '0x1'));
    const calls = 300;
    await Promise.all(Array.from({ length: calls }, (_, n) => pool.call('eth_call', [{ data: `0x${n}` }])));
    const asked = counts(pool, 'eth_call').reduce((sum, count) => sum + count);
    expect(asked).toBeGreaterThan(calls + 10);
    expect(asked).toBeLessThanOrEqual(calls + 20 + calls * 0.05);
  });

  it.each([
    ['eth_sendRawTransaction', ['0x00'], `0x${'ab'.repeat(32)}`],
    ['debug_traceTransaction', [`0x${'12'.repeat(32)}`], { gas: 1 }],
  ])('gets none with %s', async (method, params, result) => {
    const open = { methods: { deny: [] } };
    await using pool = await startPool([{}, {}], { routing: { ...eager, broadcast: 1 } }, open);
    for (const node of pool.nodes) node.on(method, () => delay(150, result));
    expect((await pool.call(method, params)).json.result).toEqual(result);
    expect(counts(pool, method).reduce((sum, count) => sum + count)).toBe(1);
  });

  it('gets none from a higher tier: it can answer itself', async () => {
    await using pool = await startPool([{}, { config: { tier: 1 } }], { routing: eager });
    for (const node of pool.nodes) node.on('eth_call', () => delay(150, '0x1'));
    for (let n = 0; n < 3; n += 1) expect((await pool.call('eth_call', [{}])).json.result).toBe('0x1');
    expect(counts(pool, 'eth_call')).toEqual([3, 0]);
  });

  it('gets none from a node that asked to be left alone', async () => {
    await using pool = await startPool(preferred, { routing: { ...eager, timeout: '2s', attemptTimeout: '2s' } });
    const [a, b] = pool.nodes;
    a?.on('eth_call', () => delay(150, '0xa'));
    b?.on('eth_gasPrice', () => rateLimited('60'));
    await pool.call('eth_gasPrice', [], { 'x-headgate-upstream': 'b' });
    expect((await pool.call('eth_call', [{}])).json.result).toBe('0xa');
    expect(counts(pool, 'eth_call')).toEqual([1, 0]);
  });

  it('gets company where one attempt is all that a call has: a hedge is no retry', async () => {
    await using pool = await startPool(preferred, { routing: { ...eager, attempts: 1 } });
    const [a, b] = pool.nodes;
    a?.on('eth_call', () => hang());
    b?.on('eth_call', () => '0xb');
    expect((await pool.call('eth_call', [{}])).json.result).toBe('0xb');
  });
});
