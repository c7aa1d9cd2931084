import { describe, it } from 'vitest';
import { rpcError } from '../support/fake-node.ts';
import { metric, type Pool, startPool, until } from '../router/pool.ts';

interface Effort {
  readonly attempts: number;
  readonly probes: number;
}

/** What the status says that each node was asked, in order. */
const efforts = async ({ gateway }: Pool): Promise<Effort[]> => {
  const { chains } = (await (await fetch(`${gateway.opsUrl}/status`)).json()) as { chains: { upstreams: Effort[] }[] };
  return chains.flatMap(({ upstreams }) => upstreams);
};

describe('what is counted as asked', () => {
  it('is what the nodes were asked: items of batches, questions over sockets, filters, second tries', async () => {
    await using pool = await startPool([
      {},
      { node: { ws: false } },
      { node: { ws: false, batches: false } },
      { config: { tier: 1 } },
    ]);
    for (const node of pool.nodes) {
      node
        .on('eth_call', () => '0x1')
        .on('eth_newPendingTransactionFilter', () => '0x1')
        .on('eth_getFilterChanges', () => [])
        .on('eth_getBlockTransactionCountByHash', () => rpcError(-32601, 'the method does not exist'))
        .on('eth_getBlockTransactionCountByNumber', () => '0x0');
    }
    for (let n = 0; n < 9; n += 1) await pool.call('eth_call', [{ data: `0x0${n}` }]);
    for (let n = 0; n < 9; n += 1) await pool.call('eth_getBlockTransactionCountByNumber', ['0x63']);
    await pool.call('eth_newPendingTransactionFilter');
    await until(() => pool.nodes.some((node) => node.count('eth_getFilterChanges') > 0));
    for (const [index, node] of pool.nodes.entries()) {
      const name = 'abcd'.charAt(index);
      await until(async () => {
        const { attempts = 0, probes = 0 } = (await efforts(pool))[index] ?? {};
        return attempts + probes === node.requests.length;
      });
      await until(async () => {
        const probes = await metric(pool, `headgate_probes_total{chain="mainnet",upstream="${name}"}`);
        return probes === (await efforts(pool))[index]?.probes;
      });
    }
  });
});
