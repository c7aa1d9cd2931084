import { describe, expect, it } from 'vitest';
import { startFakeNode } from '../support/fake-node.ts';
import { rpc, startGateway, type TestGateway } from '../support/gateway.ts';
import { WsClient } from '../support/ws-client.ts';

/** A gateway before one node at block 100 that tells no logs, and traces of a word. */
const serving = async (config: object, logs: object = {}) => {
  const node = await startFakeNode({ head: 100 });
  node.on('trace_block', () => ['traced']);
  const gateway = await startGateway({ ...config, chains: [{ upstreams: [{ url: node.url }], logs }] });
  await gateway.ready();
  const close = async (): Promise<void> => {
    await gateway.close();
    await node.close();
  };
  return { node, gateway, [Symbol.asyncDispose]: close };
};

const reasonOf = async ({ url }: TestGateway, method: string, params: unknown[]): Promise<string> => {
  const { json } = await rpc(url, method, params);
  return json.error?.data?.reason ?? 'served';
};

/** What a subscription to a repeated call is refused for. */
const subscribed = async ({ wsUrl }: TestGateway, method: string, params: unknown[]): Promise<string> => {
  const client = await WsClient.open(wsUrl);
  const { error } = await client.call('parity_subscribe', [method, params]);
  await client.close();
  return error?.data?.reason ?? 'served';
};

describe('a method that is denied', () => {
  it('is not offered within another one either, while what is only like it is', async () => {
    await using world = await serving({ methods: { deny: ['eth_getLogs'] } });
    const { gateway } = world;
    const range = [{ fromBlock: '0x5f' }];
    expect(await reasonOf(gateway, 'eth_getLogs', range)).toBe('method_denied');
    expect(await subscribed(gateway, 'eth_getLogs', range)).toBe('method_denied');
    const { json } = await rpc(gateway.url, 'eth_newFilter', range);
    expect(await reasonOf(gateway, 'eth_getFilterLogs', [json.result])).toBe('method_denied');
    expect((await rpc(gateway.url, 'eth_getFilterChanges', [json.result])).json.result).toEqual([]);
  });
});

describe('the limit of costly calls', () => {
  it('holds for wide logs, by whichever call they are read, and not for narrow ones', async () => {
    await using world = await serving({ server: { limits: { costly: 0 } } }, { split: 10 });
    const { gateway } = world;
    const wide = [{ fromBlock: '0x1', toBlock: 'latest' }];
    const narrow = [{ fromBlock: '0x5f', toBlock: 'latest' }];
    expect(await reasonOf(gateway, 'eth_getLogs', wide)).toBe('overloaded');
    expect(await reasonOf(gateway, 'eth_getLogs', [{ fromBlock: 'earliest' }])).toBe('overloaded');
    expect(await reasonOf(gateway, 'eth_getLogs', narrow)).toBe('served');
    for (const [range, expected] of [
      [wide, 'overloaded'],
      [narrow, 'served'],
    ] as const) {
      const { json } = await rpc(gateway.url, 'eth_newFilter', [...range]);
      expect(await reasonOf(gateway, 'eth_getFilterLogs', [json.result])).toBe(expected);
    }
  });

  it('counts a wide range once, however many parts it is read in', async () => {
    await using world = await serving({ server: { limits: { costly: 1 } } }, { split: 10 });
    const { gateway, node } = world;
    expect(await reasonOf(gateway, 'eth_getLogs', [{ fromBlock: '0x1', toBlock: 'latest' }])).toBe('served');
    expect(node.count('eth_getLogs')).toBeGreaterThan(1);
  });

  it('holds for calls that are repeated for a subscription', async () => {
    await using world = await serving({ server: { limits: { costly: 0 } } });
    expect(await subscribed(world.gateway, 'trace_block', ['latest'])).toBe('overloaded');
    expect(await subscribed(world.gateway, 'eth_gasPrice', [])).toBe('served');
    expect(world.node.count('trace_block')).toBe(0);
  });
});
