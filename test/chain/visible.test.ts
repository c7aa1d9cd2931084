import { describe, expect, it } from 'vitest';
import { type FakeNode, startFakeNode } from '../support/fake-node.ts';
import { rpc, startGateway } from '../support/gateway.ts';

const hash = `0x${'77'.repeat(32)}`;

const receipt = (node: FakeNode, number: number, blockHash: string = node.chain.hash(number)): object => ({
  transactionHash: hash,
  blockNumber: `0x${number.toString(16)}`,
  blockHash,
  status: '0x1',
  logs: [],
});

describe('an answer by transaction hash', () => {
  it('from another branch is not believed while a node on the published one has another', async () => {
    await using one = await startFakeNode({ head: 100 });
    await using two = await startFakeNode({ head: 100 });
    await using three = await startFakeNode({ head: 100 });
    const nodes = [one, two, three];
    await using gateway = await startGateway({ chains: [{ upstreams: nodes.map(({ url }) => ({ url })) }] });
    await gateway.ready();
    one.on('eth_getTransactionReceipt', () => receipt(one, 99, `0x${'66'.repeat(32)}`));
    two.on('eth_getTransactionReceipt', () => receipt(two, 99));
    three.on('eth_getTransactionReceipt', () => receipt(three, 99));
    for (let round = 0; round < 6; round += 1) {
      const { json } = await rpc(gateway.url, 'eth_getTransactionReceipt', [hash], { 'x-headgate-cache': 'bypass' });
      expect(json.result.blockHash).toBe(one.chain.hash(99));
    }
  });

  it('of a block that is not published yet is kept back until it is', async () => {
    await using node = await startFakeNode({ head: 100 });
    await using gateway = await startGateway({ chains: [{ upstreams: [{ url: node.url }] }] });
    await gateway.ready();
    node.on('eth_getTransactionReceipt', () => receipt(node, 101));
    const answer = rpc(gateway.url, 'eth_getTransactionReceipt', [hash]);
    await expect.poll(() => node.requests.some(({ method }) => method === 'eth_getTransactionReceipt')).toBe(true);
    node.mine();
    const { json, headers } = await answer;
    expect(json.result.blockNumber).toBe('0x65');
    expect(headers.get('x-headgate-block')).toBe('101');
    expect((await rpc(gateway.url, 'eth_blockNumber')).json.result).toBe('0x65');
  });

  it('of a block that is never published is null', async () => {
    await using node = await startFakeNode({ head: 100 });
    await using gateway = await startGateway({
      chains: [{ upstreams: [{ url: node.url }], routing: { timeout: '2s' } }],
    });
    await gateway.ready();
    node.on('eth_getTransactionReceipt', () => receipt(node, 105));
    expect((await rpc(gateway.url, 'eth_getTransactionReceipt', [hash])).json.result).toBeNull();
  });

  it('that is pending is passed on', async () => {
    await using node = await startFakeNode({ head: 100 });
    await using gateway = await startGateway({ chains: [{ upstreams: [{ url: node.url }] }] });
    await gateway.ready();
    node.on('eth_getTransactionByHash', () => ({ hash, blockNumber: null, blockHash: null }));
    expect((await rpc(gateway.url, 'eth_getTransactionByHash', [hash])).json.result).toMatchObject({ hash });
  });

  it.each(['hex', 'decimal'])('of traces with their height in %s is kept in step with the head too', async (form) => {
    await using node = await startFakeNode({ head: 100 });
    await using gateway = await startGateway({
      chains: [{ upstreams: [{ url: node.url }], routing: { timeout: '2s' } }],
    });
    await gateway.ready();
    const traces = (number: number, blockHash: string): readonly object[] => [
      { action: {}, blockHash, blockNumber: form === 'hex' ? `0x${number.toString(16)}` : number, type: 'call' },
    ];
    const told = async (number: number, blockHash = node.chain.hash(number)): Promise<unknown> => {
      node.on('trace_transaction', () => traces(number, blockHash));
      const params = [`0x${number.toString(16).padStart(64, '0')}`];
      return (await rpc(gateway.url, 'trace_transaction', params)).json.result;
    };
    expect(await told(105)).toBeNull();
    expect(await told(98, `0x${'66'.repeat(32)}`)).toBeUndefined();
    expect(await told(99)).toEqual(traces(99, node.chain.hash(99)));
  });
});
