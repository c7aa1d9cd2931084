import { describe, expect, it } from 'vitest';
import { delay, hang, notJson, reset, rpcError, status } from '../support/fake-node.ts';
import { counts, metric, type Pool, startPool } from './pool.ts';

const total = (pool: Pool, method: string): number => counts(pool, method).reduce((sum, count) => sum + count);
const calm = { hedge: { budget: 0 } };
/** Asked in this order, but for one call in a million. */
const inOrder = [{ config: { weight: 1000 } }, { config: { weight: 0.001 } }, { config: { tier: 1 } }];

describe('the attempts of a call', () => {
  it('share its deadline, such that the last one keeps its turn', async () => {
    await using pool = await startPool(inOrder, { routing: { timeout: '3s', attemptTimeout: '10s', ...calm } });
    const [a, b, c] = pool.nodes;
    for (const node of [a, b]) node?.on('eth_call', () => hang());
    c?.on('eth_call', () => delay(100, '0xc'));
    const { json, headers } = await pool.call('eth_call', [{}]);
    expect(json.result).toBe('0xc');
    expect(headers.get('x-headgate-attempts')).toBe('3');
  });

  it('end at the deadline with `timeout`, and say whom they were made at', async () => {
    await using pool = await startPool([{}, {}], { routing: { timeout: '2s', ...calm } });
    for (const node of pool.nodes) node.on('eth_call', () => hang());
    const { json, status: code, headers } = await pool.call('eth_call', [{}]);
    expect(code).toBe(504);
    expect(json.error).toMatchObject({ code: -32002, data: { reason: 'timeout' } });
    expect(json.error.message).toMatch(/a: .*; b: |b: .*; a: /);
    expect(headers.get('x-headgate-attempts')).toBe('2');
  });

  it('are no more than configured, and then the call has failed', async () => {
    await using pool = await startPool([{}, {}, {}, {}], { routing: { attempts: 2, timeout: '3s', ...calm } });
    for (const node of pool.nodes) node.on('eth_call', () => status(500));
    const { json, headers } = await pool.call('eth_call', [{}]);
    expect(json.error.data.reason).toBe('upstreams_failed');
    expect(headers.get('x-headgate-attempts')).toBe('2');
    expect(total(pool, 'eth_call')).toBe(2);
  });

  it.each([
    ['a dead connection', () => reset()],
    ['no JSON', () => notJson()],
    ['an error of the node’s own', () => rpcError(-32603, 'Internal error')],
    ['a missing block', () => rpcError(-32000, 'header not found')],
    ['a missing method', () => rpcError(-32601, 'the method eth_call does not exist/is not available')],
    ['HTTP 503', () => status(503)],
  ])('go on to another node after %s', async (_what, answer) => {
    await using pool = await startPool(inOrder, { routing: calm });
    const [a, b] = pool.nodes;
    a?.on('eth_call', answer);
    b?.on('eth_call', () => '0xb');
    const { json, headers } = await pool.call('eth_call', [{}]);
    expect(json.result).toBe('0xb');
    expect(headers.get('x-headgate-upstream')).toBe('b');
    expect(headers.get('x-headgate-attempts')).toBe('2');
    expect(total(pool, 'eth_call')).toBe(2);
  });

  it.each([
    ['a revert', 3, 'execution reverted: daily limit exceeded'],
    ['params that are wrong', -32602, 'invalid argument 0: hex string without 0x prefix'],
  ])('end with %s, which is an answer, and touches nobody’s health', async (_what, code, message) => {
    await using pool = await startPool([{}, {}], { routing: calm });
    for (const node of pool.nodes) node.on('eth_call', () => rpcError(code, message));
    for (let n = 0; n < 30; n += 1) {
      const { json, headers } = await pool.call('eth_call', [{}]);
      expect(json.error).toMatchObject({ code, message });
      expect(headers.get('x-headgate-upstream')).toMatch(/^[ab]$/);
    }
    expect(total(pool, 'eth_call')).toBe(30);
    const { chains } = (await (await fetch(`${pool.gateway.opsUrl}/status`)).json()) as {
      chains: { upstreams: { errorRate: number }[] }[];
    };
    expect(chains.flatMap(({ upstreams }) => upstreams.map(({ errorRate }) => errorRate))).toEqual([0, 0]);
  });

  it('come to the node’s own error where every node says one of its own', async () => {
    await using pool = await startPool([{}, {}], { routing: { timeout: '3s', ...calm } });
    for (const node of pool.nodes) node.on('eth_call', () => rpcError(-32603, 'method handler crashed', { at: 7 }));
    const { json, status: code } = await pool.call('eth_call', [{}]);
    expect(json.error).toEqual({ code: -32603, message: 'method handler crashed', data: { at: 7 } });
    expect(code).toBe(200);
    expect(total(pool, 'eth_call')).toBe(2);
  });

  it('leave a higher tier alone while a lower one can answer, and reach it where none can', async () => {
    await using pool = await startPool([{}, {}, { config: { tier: 1 } }], { routing: calm });
    const [a, b, paid] = pool.nodes;
    a?.on('eth_call', () => rpcError(-32000, 'header not found'));
    b?.on('eth_call', () => '0xb');
    paid?.on('eth_call', () => '0xc');
    for (let n = 0; n < 20; n += 1) expect((await pool.call('eth_call', [{}])).json.result).toBe('0xb');
    expect(paid?.count('eth_call')).toBe(0);
    b?.on('eth_call', () => rpcError(-32000, 'header not found'));
    expect((await pool.call('eth_call', [{}])).json.result).toBe('0xc');
  });

  it.each([
    ['that it lacks the data', -32000, 'missing trie node 5f (path )'],
    ['that it does not have the method', -32601, 'the method eth_call does not exist/is not available'],
    ['an error of its own', -32603, 'Internal error'],
  ])('go on to the last node, however many have said %s', async (_what, code, message) => {
    const lacking = Array.from({ length: 5 }, () => ({ config: { weight: 1000 } }));
    await using pool = await startPool([...lacking, { config: { weight: 0.001 } }], { routing: calm });
    for (const node of pool.nodes) node.on('eth_call', () => rpcError(code, message));
    pool.nodes.at(-1)?.on('eth_call', () => '0x1');
    const { json, headers } = await pool.call('eth_call', [{}]);
    expect(json.result).toBe('0x1');
    expect(headers.get('x-headgate-attempts')).toBe('6');
  });

  it('end with what all nodes said, be one of them cut short while it was asked again', async () => {
    await using pool = await startPool([{}, {}], { routing: { timeout: '2s', ...calm } });
    const params = [`0x${'11'.repeat(20)}`, { blockHash: `0x${'ab'.repeat(32)}` }];
    for (const node of pool.nodes) {
      let asked = 0;
      node.on('eth_getBalance', () => {
        asked += 1;
        return asked === 1 ? rpcError(-32000, 'header not found') : hang();
      });
    }
    const { json } = await pool.call('eth_getBalance', params);
    expect(json.error).toEqual({ code: -32000, message: 'header not found' });
    expect(total(pool, 'eth_getBalance')).toBeGreaterThan(2);
  });

  it('are over as soon as a node that was too busy at first has said `null`, too', async () => {
    await using pool = await startPool(inOrder.slice(0, 2), { routing: calm });
    for (const node of pool.nodes) node.on('eth_getTransactionReceipt', () => null);
    pool.nodes[0]?.once('eth_getTransactionReceipt', () => rpcError(-32000, 'server is busy'));
    const { json } = await pool.call('eth_getTransactionReceipt', [`0x${'12'.repeat(32)}`]);
    expect(json.result).toBeNull();
    expect(counts(pool, 'eth_getTransactionReceipt')).toEqual([2, 1]);
  });

  it('are counted, further ones by why', async () => {
    await using pool = await startPool(inOrder, { routing: calm });
    const [a, b] = pool.nodes;
    a?.on('eth_call', () => rpcError(-32000, 'header not found'));
    b?.on('eth_call', () => '0xb');
    await pool.call('eth_call', [{}]);
    expect(await metric(pool, 'headgate_retries_total{chain="mainnet",reason="not_yet"}')).toBe(1);
    const ended = 'headgate_upstream_requests_total{chain="mainnet",upstream';
    expect(await metric(pool, `${ended}="a",method="eth_call",outcome="not_yet"}`)).toBe(1);
    expect(await metric(pool, `${ended}="b",method="eth_call",outcome="answered"}`)).toBe(1);
  });
});
