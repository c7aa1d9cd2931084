import { describe, expect, it } from 'vitest';
import { rpcError } from '../support/fake-node.ts';
import { type Pool, startPool, statesOf, until } from './pool.ts';

/** Two nodes, of which `b` is down and `a` answers every call with an error that says nothing about the call. */
const halfAPool = async (timeout: string): Promise<Pool> => {
  const pool = await startPool([{}, {}], { health: { interval: '50ms' }, routing: { timeout } });
  const [a, b] = pool.nodes;
  await b?.stop();
  await until(async () => (await statesOf(pool.gateway))[1] === 'down');
  a?.on('eth_call', () => rpcError(-32603, 'Internal error'));
  return pool;
};

describe('a failure that only one node speaks of', () => {
  it('is held back until another one, which was down, can be asked too', async () => {
    await using pool = await halfAPool('60s');
    const [a, b] = pool.nodes;
    b?.on('eth_call', () => '0x2a');
    const asked = pool.call('eth_call', [{}]);
    await until(() => (a?.count('eth_call') ?? 0) > 0);
    await b?.restart();
    expect((await asked).json.result).toBe('0x2a');
  });

  it('is the answer, in the node’s own words, where the other one does not come back', async () => {
    await using pool = await halfAPool('3s');
    expect((await pool.call('eth_call', [{}])).json.error).toEqual({ code: -32603, message: 'Internal error' });
  });
});
