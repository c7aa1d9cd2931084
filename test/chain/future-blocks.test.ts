import { describe, expect, it } from 'vitest';
import { counts, startPool } from '../router/pool.ts';

const address = `0x${'00'.repeat(20)}`;
const open = { methods: { deny: [] } };
const impatient = { routing: { timeout: '150ms' } };

describe('a block that no node has yet', () => {
  it.each([
    ['eth_getBalance', [address, '0x80']],
    ['eth_call', [{}, '0x80']],
    ['eth_getLogs', [{ fromBlock: '0x60', toBlock: '0x80' }]],
    ['eth_feeHistory', ['0x1', '0x80', []]],
    ['trace_block', ['0x80']],
    ['trace_filter', [{ fromBlock: '0x60', toBlock: '0x80' }]],
    ['trace_replayBlockTransactions', ['0x80', ['trace']]],
    ['debug_traceBlockByNumber', ['0x80']],
  ])('is waited for by %s %j, which then says not_yet and never that there is nothing', async (method, params) => {
    await using pool = await startPool([{}, {}], impatient, open);
    for (const node of pool.nodes) node.on(method, () => null);
    const { json, status } = await pool.call(method, params);
    expect(status).toBe(503);
    expect(json.error).toMatchObject({ code: -32002, data: { reason: 'not_yet' } });
    expect(counts(pool, method)).toEqual([0, 0]);
  });

  it.each([
    ['eth_getBlockByNumber', ['0x80', false]],
    ['eth_getBlockReceipts', ['0x80']],
    ['eth_getBlockTransactionCountByNumber', ['0x80']],
    ['eth_getTransactionByBlockNumberAndIndex', ['0x80', '0x0']],
  ])('is null to %s %j, which looks it up', async (method, params) => {
    await using pool = await startPool([{}]);
    expect((await pool.call(method, params)).json).toEqual({ jsonrpc: '2.0', id: 1, result: null });
  });

  it('is traced once it is there', async () => {
    await using pool = await startPool([{}], { health: { interval: '50ms' }, blockTime: '1s' }, open);
    const [a] = pool.nodes;
    a?.on('trace_block', () => [{ blockNumber: 101 }]);
    const traces = pool.call('trace_block', ['0x65']);
    await pool.call('eth_chainId');
    a?.mine();
    expect((await traces).json.result).toEqual([{ blockNumber: 101 }]);
  });
});
