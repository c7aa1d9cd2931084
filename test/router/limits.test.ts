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

  it('is asked when nobody else can answer', async () => {
    await using pool = await startPool([{}]);
    pool.nodes[0]?.once('eth_call', () => rateLimited('60'));
    pool.nodes[0]?.on('eth_call', () => '0x1');
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

  it('is given no more than its budget, and the rest goes to a higher tier', async () => {
    await using pool = await startPool([{ config: { budget: { requestsPerSecond: 50 } } }, { config: { tier: 1 } }]);
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
