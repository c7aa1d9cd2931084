import { describe, expect, it } from 'vitest';
import { reset, rpcError } from '../support/fake-node.ts';
import { counts, metric, type Pool, startPool } from './pool.ts';

const TRACE = 'debug_traceTransaction';
const total = (pool: Pool, method: string): number => counts(pool, method).reduce((sum, count) => sum + count);
/** `debug_*` is denied by default. */
const open = { methods: { deny: [] } };

describe('the retry budget', () => {
  it('keeps further attempts to a share of the calls when every node fails, while calls wait for their turn', async () => {
    await using pool = await startPool([{}, {}, {}], {
      routing: { timeout: '6s', attemptTimeout: '4s', hedge: { budget: 0 } },
    });
    for (const node of pool.nodes) node.on('eth_call', () => rpcError(-32000, 'header not found'));
    const calls = 600;
    await Promise.all(Array.from({ length: calls }, (_, n) => pool.call('eth_call', [{ data: `0x${n}` }])));
    // Each node once, and what the budget has for those that are asked again; round after round would be some ten thousand.
    expect(total(pool, 'eth_call')).toBeLessThanOrEqual(calls * (3 + 0.5) + 200);
    expect(total(pool, 'eth_call')).toBeGreaterThan(calls);
  });

  it('is not touched by nodes that only say that they cannot: all calls are answered by one that can', async () => {
    await using pool = await startPool([{}, {}, {}, {}, {}, {}]);
    for (const node of pool.nodes.slice(1)) {
      let asked = 0;
      node.on('eth_call', () => {
        asked += 1;
        return asked % 4 === 0 ? '0x1' : rpcError(-32603, 'Internal error');
      });
    }
    pool.nodes[0]?.on('eth_call', () => '0x1');
    const calls = 600;
    const replies = await Promise.all(
      Array.from({ length: calls }, (_, n) => pool.call('eth_call', [{ data: `0x${n}` }])),
    );
    expect(replies.filter(({ json }) => json.result !== '0x1')).toEqual([]);
    expect(total(pool, 'eth_call')).toBeGreaterThan(calls * 1.5 + 200);
    // None had to wait for its turn.
    expect(await metric(pool, 'headgate_retries_total{chain="mainnet",reason="exhausted"}')).toBe(0);
  });

  it('has enough for a single bad node', async () => {
    await using pool = await startPool([{}, {}, {}]);
    const [a, b, c] = pool.nodes;
    a?.on('eth_call', () => rpcError(-32000, 'header not found'));
    for (const node of [b, c]) node?.on('eth_call', () => '0x1');
    const replies = await Promise.all(
      Array.from({ length: 600 }, (_, n) => pool.call('eth_call', [{ data: `0x${n}` }])),
    );
    expect(replies.filter(({ json }) => json.result !== '0x1')).toEqual([]);
  });
});

describe('a call that takes nodes down', () => {
  const hash = (byte: string) => `0x${byte.repeat(32)}`;

  it('is tried once more at most, and its like is held back, while others of its kind pass', async () => {
    await using pool = await startPool([{}, {}, {}, {}], { routing: { timeout: '4s' } }, open);
    for (const node of pool.nodes) {
      node.on(TRACE, ([which]) => (which === hash('de') ? reset() : { gas: 1 }));
    }
    const { json } = await pool.call(TRACE, [hash('de')]);
    expect(json.error.data.reason).toBe('upstreams_failed');
    expect(total(pool, TRACE)).toBe(2);
    const again = await pool.call(TRACE, [hash('de')]);
    expect(again.json.error).toMatchObject({ code: -32005, data: { reason: 'overloaded' } });
    expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(total(pool, TRACE)).toBe(2);
    expect((await pool.call(TRACE, [hash('aa')])).json.result).toEqual({ gas: 1 });
  });

  it('is not taken for one where no connection could be made at all', async () => {
    await using pool = await startPool([{}, {}, {}], {}, open);
    const [a, b, c] = pool.nodes;
    c?.on(TRACE, () => ({ gas: 1 }));
    await Promise.all([a?.stop(), b?.stop()]);
    expect((await pool.call(TRACE, [hash('ab')])).json.result).toEqual({ gas: 1 });
  });

  it('is forgiven where another node answers it', async () => {
    await using pool = await startPool([{}, {}], { routing: { timeout: '4s' } }, open);
    let asked = 0;
    for (const node of pool.nodes) {
      node.on(TRACE, () => {
        asked += 1;
        return asked === 1 ? reset() : { gas: 1 };
      });
    }
    for (let n = 0; n < 3; n += 1) expect((await pool.call(TRACE, [hash('ac')])).json.result).toEqual({ gas: 1 });
    expect(asked).toBe(4);
  });

  it('is only held against costly calls: a cheap one goes on to every node', async () => {
    await using pool = await startPool([{}, {}, {}, {}]);
    let asked = 0;
    for (const node of pool.nodes) {
      node.on('eth_call', () => {
        asked += 1;
        return asked <= 3 ? reset() : '0x1';
      });
    }
    expect((await pool.call('eth_call', [{}])).json.result).toBe('0x1');
    expect(asked).toBe(4);
  });
});
