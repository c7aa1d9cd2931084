import { keccak256 } from 'viem';
import { describe, expect, it } from 'vitest';
import { counts, signed, startPool } from '../router/pool.ts';

const least = (block: number) => ({ 'x-headgate-min-block': String(block) });
const notYet = { error: { data: { reason: 'not_yet' } } };

describe('x-headgate-min-block', () => {
  it('waits for the block, and then answers from a node that has it', async () => {
    // Without the header the first node would be asked every time.
    const members = [{ config: { weight: 1000 } }, {}, {}];
    await using pool = await startPool(members, { health: { interval: '50ms' }, blockTime: '1s' });
    for (const node of pool.nodes) {
      node.on('eth_gasPrice', () => '0x1').on('eth_getTransactionReceipt', () => ({ blockNumber: '0x65' }));
    }
    const asked = [
      pool.call('eth_getBalance', [`0x${'00'.repeat(20)}`, 'latest'], least(101)),
      pool.call('eth_blockNumber', [], least(101)),
      pool.call('eth_gasPrice', [], least(101)),
      pool.call('eth_getTransactionReceipt', [`0x${'11'.repeat(32)}`], least(101)),
    ];
    // By then the others have arrived.
    for (let n = 0; n < 10; n += 1) await pool.call('eth_chainId');
    for (const node of pool.nodes.slice(1)) node.mine();
    const [balance, number, price, receipt] = await Promise.all(asked);
    expect(balance?.headers.get('x-headgate-block')).toBe('101');
    expect(['b', 'c']).toContain(balance?.headers.get('x-headgate-upstream'));
    expect(number?.json.result).toBe('0x65');
    expect(price?.json.result).toBe('0x1');
    expect(receipt?.json.result).toEqual({ blockNumber: '0x65' });
    for (const method of ['eth_getBalance', 'eth_gasPrice', 'eth_getTransactionReceipt']) {
      expect(pool.nodes[0]?.count(method)).toBe(0);
    }
  });

  it.each([
    ['eth_getBalance', [`0x${'00'.repeat(20)}`, 'latest']],
    ['eth_getBalance', [`0x${'00'.repeat(20)}`, '0x10']],
    ['eth_getTransactionReceipt', [`0x${'11'.repeat(32)}`]],
    ['eth_blockNumber', []],
    ['eth_gasPrice', []],
  ])('says not_yet of %s where no node gets there in time, and asks none', async (method, params) => {
    await using pool = await startPool([{}], { routing: { timeout: '150ms' } });
    const { json, status } = await pool.call(method, params, least(200));
    expect(status).toBe(503);
    expect(json.error).toMatchObject({ code: -32002, data: { reason: 'not_yet' } });
    if (method !== 'eth_blockNumber') expect(counts(pool, method)).toEqual([0]);
  });

  it('does not hold back what is sent, which reads no state', async () => {
    await using pool = await startPool([{}, {}]);
    const raw = await signed(0);
    const hash = keccak256(raw);
    for (const node of pool.nodes) node.on('eth_sendRawTransaction', () => hash);
    const { json, status } = await pool.call('eth_sendRawTransaction', [raw], least(200));
    expect(status).toBe(200);
    expect(json.result).toBe(hash);
  });

  it.each([
    ['holds for every item of a batch', 101, '150ms', [notYet, notYet]],
    ['is no hindrance where the chain is past it', 100, '10s', [{ result: '0x64' }, { result: '0x1' }]],
  ])('%s', async (_title, block, timeout, expected) => {
    await using pool = await startPool([{}], { routing: { timeout } });
    const body = JSON.stringify(
      ['eth_blockNumber', 'eth_gasPrice'].map((method, id) => ({ jsonrpc: '2.0', id, method, params: [] })),
    );
    pool.nodes[0]?.on('eth_gasPrice', () => '0x1');
    const headers = { 'content-type': 'application/json', ...least(block) };
    const answer = await fetch(pool.gateway.url, { method: 'POST', body, headers });
    expect(await answer.json()).toMatchObject(expected);
  });
});
