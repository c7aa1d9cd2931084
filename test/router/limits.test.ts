import { describe, expect, it } from 'vitest';
import { rateLimited } from '../support/fake-node.ts';
import { counts, startPool } from './pool.ts';

describe('a node that asks to be called less', () => {
  it('is left alone as long as its Retry-After says, while another can answer', async () => {
    await using pool = await startPool([{ config: { weight: 1000 } }, { config: { weight: 0.001 } }]);
    const [a, b] = pool.nodes;
    a?.on('eth_call', () => rateLimited('60'));
    b?.on('eth_call', () => '0x1');
    for (let n = 0; n < 20; n += 1) expect((await pool.call('eth_call', [{}])).json.result).toBe('0x1');
    expect(counts(pool, 'eth_call')).toEqual([1, 20]);
  });

  it('is asked at once when nobody else can answer', async () => {
    await using pool = await startPool([{}], { routing: { timeout: '2s' } });
    const [a] = pool.nodes;
    a?.on('eth_gasPrice', () => rateLimited('60')).on('eth_call', () => '0x1');
    expect((await pool.call('eth_gasPrice')).status).toBeGreaterThanOrEqual(503);
    expect((await pool.call('eth_call', [{}])).json.result).toBe('0x1');
  });

  it('is not asked before its time where there is nobody else, and there is time to wait', async () => {
    await using pool = await startPool([{}]);
    const [a] = pool.nodes;
    let welcomeAt = Number.NEGATIVE_INFINITY;
    a?.on('eth_call', () => {
      if (welcomeAt === Number.NEGATIVE_INFINITY) welcomeAt = performance.now() + 900;
      return performance.now() < welcomeAt ? rateLimited('1') : '0x1';
    });
    expect((await pool.call('eth_call', [{}])).json.result).toBe('0x1');
    expect(counts(pool, 'eth_call')).toEqual([2]);
  });

  it.each([
    ['eth_call', [{}], {}],
    ['eth_call', [{}], { quorum: [{ methods: ['eth_call'], agree: 2, of: 3 }] }],
    ['eth_sendRawTransaction', ['0x00'], {}],
  ])('is waited for where all say so, with %s %j %j', async (method, params, chain) => {
    const routing = { timeout: '8s' };
    await using pool = await startPool([{}, {}, {}], { routing, ...chain });
    const result = `0x${'ab'.repeat(32)}`;
    const refused: number[] = [];
    for (const node of pool.nodes) {
      node.on(method, () => {
        const early = performance.now() < (refused[0] ?? Number.POSITIVE_INFINITY) + 1_900;
        if (early) refused.push(performance.now());
        return early ? rateLimited('2') : result;
      });
    }
    expect((await pool.call(method, params)).json.result).toBe(result);
    expect(refused.length).toBe(3);
  });

  it('is asked at once and at last where it wants to be left alone for longer than the call has time', async () => {
    await using pool = await startPool([{}, {}], { routing: { timeout: '3s' } });
    for (const node of pool.nodes) node.on('eth_call', () => rateLimited('30'));
    const { json, status, headers } = await pool.call('eth_call', [{}]);
    expect(status).toBe(503);
    expect(json.error.data.reason).toBe('upstreams_failed');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(25);
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(30);
    expect(counts(pool, 'eth_call')).toEqual([2, 2]);
  });

  it('does not hold back the null that another one gave', async () => {
    await using pool = await startPool([{}, {}]);
    const [a, b] = pool.nodes;
    a?.on('eth_getTransactionByHash', () => rateLimited('30'));
    b?.on('eth_getTransactionByHash', () => null);
    expect((await pool.call('eth_getTransactionByHash', [`0x${'12'.repeat(32)}`])).json.result).toBeNull();
    expect(a?.count('eth_getTransactionByHash')).toBe(1);
  });

  it('is given no more than its budget, and the rest goes to a higher tier', async () => {
    await using pool = await startPool([{ config: { budget: { requestsPerSecond: 5 } } }, { config: { tier: 1 } }]);
    for (const node of pool.nodes) node.on('eth_call', () => '0x1');
    const replies = await Promise.all(
      Array.from({ length: 100 }, (_, n) => pool.call('eth_call', [{ data: `0x${n}` }])),
    );
    expect(replies.every(({ json }) => json.result === '0x1')).toBe(true);
    const [own = 0, paid = 0] = counts(pool, 'eth_call');
    expect(own).toBeGreaterThan(0);
    expect(paid).toBeGreaterThan(0);
  });
});
