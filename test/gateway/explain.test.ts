import { describe, expect, it } from 'vitest';
import { hang, rpcError } from '../support/fake-node.ts';
import { type Pool, startPool, until } from '../router/pool.ts';

interface Explained {
  readonly block?: { readonly number: number; readonly hash: string };
  readonly answeredHere?: { readonly result?: unknown; readonly error?: { readonly message: string } };
  readonly candidates: readonly { place: number; upstream: string; tier: number; state: string; score: number }[];
  readonly excluded: readonly { upstream: string; why: string }[];
}

const explain = async ({ gateway }: Pool, method: string, params: unknown = []): Promise<Explained> => {
  const query = new URLSearchParams({ method, params: JSON.stringify(params) });
  return (await (await fetch(`${gateway.opsUrl}/explain?${query.toString()}`)).json()) as Explained;
};
const names = ({ candidates }: Explained): string[] => candidates.map(({ upstream }) => upstream);
const why = ({ excluded }: Explained, name: string): string | undefined =>
  excluded.find(({ upstream }) => upstream === name)?.why;

describe('/explain', () => {
  it('tells the place of each upstream that could serve a call, and why the others could not, and asks none of them', async () => {
    await using pool = await startPool([
      {},
      { config: { tier: 1 } },
      { config: { methods: { deny: ['eth_get*'] } } },
      { config: { send: 'only' } },
    ]);
    const told = await explain(pool, 'eth_getBalance', [`0x${'00'.repeat(20)}`, 'latest']);
    expect(told.candidates).toMatchObject([
      { place: 1, upstream: 'a', tier: 0, state: 'healthy' },
      { place: 2, upstream: 'b', tier: 1, state: 'healthy' },
    ]);
    expect(told.block?.number).toBe(100);
    expect(why(told, 'c')).toContain('by its config');
    expect(why(told, 'd')).toBe('takes transactions only');
    expect(pool.nodes.map((node) => node.count('eth_getBalance'))).toEqual([0, 0, 0, 0]);
  });

  it('tells who would get a transaction', async () => {
    await using pool = await startPool([{}, { config: { send: false } }]);
    const told = await explain(pool, 'eth_sendRawTransaction', ['0x00']);
    expect(names(told)).toEqual(['a']);
    expect(why(told, 'b')).toBe('takes no transactions');
  });

  it('tells of a node that is gone, in words, and of one that has not reached a block', async () => {
    await using pool = await startPool([{}, { node: { head: 98 } }, {}], { health: { interval: '50ms', maxLag: 5 } });
    const [, , c] = pool.nodes;
    await c?.stop();
    const balanceAt = (block: string) => explain(pool, 'eth_getBalance', [`0x${'00'.repeat(20)}`, block]);
    await until(
      async () =>
        names(await balanceAt('0x10'))
          .toSorted()
          .join() === 'a,b',
    );
    const told = await balanceAt('0x63');
    expect(names(told)).toEqual(['a']);
    expect(why(told, 'b')).toBe('does not hold block 99');
    expect(why(told, 'c')).toMatch(/^is (?:unknown|down): /);
  });

  it('puts a node last that has refused the method', async () => {
    await using pool = await startPool([{ config: { weight: 1000 } }, { config: { weight: 0.001 } }]);
    pool.nodes[0]?.on('eth_gasPrice', () =>
      rpcError(-32601, 'the method eth_gasPrice does not exist/is not available'),
    );
    pool.nodes[1]?.on('eth_gasPrice', () => '0x1');
    expect(names(await explain(pool, 'eth_gasPrice'))).toEqual(['a', 'b']);
    await pool.call('eth_gasPrice');
    expect(names(await explain(pool, 'eth_gasPrice'))).toEqual(['b', 'a']);
  });

  it('tells of the nodes for logs too, also where the gateway has them or sees from the header that there are none', async () => {
    await using pool = await startPool([{}]);
    const newest = [{ fromBlock: 'latest', toBlock: 'latest' }];
    await pool.call('eth_getLogs', newest);
    const before = pool.nodes[0]?.count('eth_getLogs');
    const told = await explain(pool, 'eth_getLogs', newest);
    expect(told.answeredHere).toBeUndefined();
    expect(names(told)).toEqual(['a']);
    expect(pool.nodes[0]?.count('eth_getLogs')).toBe(before);
  });

  it('shows what the gateway answers by itself, or refuses', async () => {
    await using pool = await startPool([{}]);
    expect((await explain(pool, 'eth_blockNumber')).answeredHere).toEqual({ result: '0x64' });
    const denied = await explain(pool, 'eth_sign', []);
    expect(denied.answeredHere).toBeDefined();
    expect(denied.candidates).toEqual([]);
    expect(pool.nodes[0]?.count('eth_sign')).toBe(0);
  });
});

describe('every answer', () => {
  it.each([
    ['an answer of a node', 'eth_call', [{}], '1', 'a'],
    ['a refusal of a node', 'eth_estimateGas', [{}], '1', 'a'],
    ['an answer of the gateway', 'eth_blockNumber', [], '0', null],
    ['a denied method', 'eth_sign', [], '0', null],
    ['bad params', 'eth_getBalance', ['0x', 7], '0', null],
    ['a call that ran out of time', 'eth_gasPrice', [], '1', null],
    ['an unknown transaction', 'eth_getTransactionByHash', [`0x${'12'.repeat(32)}`], '1', 'a'],
  ])('says how many attempts it took, and whose it is: %s', async (_what, method, params, attempts, upstream) => {
    await using pool = await startPool([{}], { routing: { timeout: '300ms', hedge: { budget: 0 } } });
    const [a] = pool.nodes;
    a?.on('eth_call', () => '0x1');
    a?.on('eth_estimateGas', () => rpcError(3, 'execution reverted'));
    a?.on('eth_gasPrice', () => hang());
    a?.on('eth_getTransactionByHash', () => null);
    const { headers } = await pool.call(method, params);
    expect(headers.get('x-headgate-attempts')).toBe(attempts);
    expect(headers.get('x-headgate-upstream')).toBe(upstream);
    expect(headers.get('x-headgate-cache')).toMatch(/^(?:hit|miss|coalesced|local|bypass)$/);
    expect(headers.get('x-request-id')).not.toBeNull();
  });
});
