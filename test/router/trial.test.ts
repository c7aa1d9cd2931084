import { describe, expect, it } from 'vitest';
import { rpcError } from '../support/fake-node.ts';
import { type Pool, startPool, statesOf, until } from './pool.ts';

/** A pool whose nodes have failed until nobody calls them, and then answer probes again. */
const wornOut = async (nodes: number): Promise<Pool> => {
  const pool = await startPool(
    Array.from({ length: nodes }, () => ({})),
    { health: { interval: '50ms' }, routing: { timeout: '30s', attempts: 1 } },
  );
  for (const node of pool.nodes) node.on('eth_call', () => rpcError(-32000, 'server is busy'));
  while ((await statesOf(pool.gateway)).includes('healthy')) await pool.call('eth_call', [{}]);
  await until(async () => (await statesOf(pool.gateway)).every((state) => state === 'healthy'));
  return pool;
};

describe('a node that is just being tried', () => {
  it.each([1, 2])('has other calls wait for it where it is one of %i that could answer', async (nodes) => {
    await using pool = await wornOut(nodes);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    for (const node of pool.nodes) node.on('eth_call', () => released.then(() => '0x1'));
    const asked = (): number => pool.nodes.reduce((sum, node) => sum + node.count('eth_call'), 0);
    const before = asked();
    const trials = pool.nodes.map(() => pool.call('eth_call', [{ data: '0xaa' }]));
    await until(() => asked() === before + nodes);
    let over = 0;
    const others = Array.from({ length: 6 }, async (_, n) => {
      const { json } = await pool.call('eth_call', [{ data: `0xbb${n}` }]);
      over += 1;
      return json.result ?? json.error.message;
    });
    // Whatever comes later has been dealt with by then.
    for (let n = 0; n < 20; n += 1) await pool.call('eth_getTransactionCount', []);
    expect(over).toBe(0);
    release();
    expect(await Promise.all(others)).toEqual(Array.from({ length: 6 }, () => '0x1'));
    await Promise.all(trials);
  });
});
