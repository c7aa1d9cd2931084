import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { delay, type FakeNode, hang, startFakeNode } from '../support/fake-node.ts';
import { rpc, startGateway, type TestGateway } from '../support/gateway.ts';
import { WsClient } from '../support/ws-client.ts';

describe('the RPC listener over WebSocket', () => {
  let node: FakeNode;
  let gateway: TestGateway;

  beforeAll(async () => {
    node = await startFakeNode({ head: 100 });
    node.on('eth_call', () => '0x2a');
    gateway = await startGateway({
      server: {
        limits: { bodySize: '64KiB', batchItems: 5, wsQueue: '1MiB' },
        cors: { origins: ['https://shop.example'] },
      },
      chains: [{ name: 'mainnet', upstreams: [{ name: 'one', url: node.url }] }],
    });
    await gateway.ready();
  });

  afterAll(async () => {
    await gateway.close();
    await node.stop();
  });

  it('gives back ids byte for byte, and answers batches in order', async () => {
    const client = await WsClient.open(gateway.wsUrl);
    client.send('{"jsonrpc":"2.0","id":1.0,"method":"eth_call","params":[{}]}');
    expect(await client.find((text) => text.includes('1.0'))).toBe('{"jsonrpc":"2.0","id":1.0,"result":"0x2a"}');
    client.send(
      '[{"jsonrpc":"2.0","id":7,"method":"eth_call","params":[{}]},{"jsonrpc":"2.0","id":6,"method":"eth_chainId"}]',
    );
    const batch = JSON.parse(await client.find((text) => text.startsWith('[')));
    expect(batch.map(({ id }: { id: number }) => id)).toEqual([7, 6]);
    await client.close();
  });

  it('answers calls as they are ready, not in the order they came', async () => {
    node.once('eth_call', () => delay(100, '0x1'));
    const client = await WsClient.open(gateway.wsUrl);
    client.send({ jsonrpc: '2.0', id: 'slow', method: 'eth_call', params: [{ data: '0xslow' }] });
    client.send({ jsonrpc: '2.0', id: 'quick', method: 'eth_chainId' });
    await client.find((text) => text.includes('slow'));
    expect(client.messages[0]).toContain('quick');
    await client.close();
  });

  it('says nothing to a notification', async () => {
    const client = await WsClient.open(gateway.wsUrl);
    client.send({ jsonrpc: '2.0', method: 'eth_chainId' });
    await client.call('eth_chainId');
    expect(client.messages).toHaveLength(1);
    await client.close();
  });

  it('answers what is no JSON-RPC with an error, and stays open', async () => {
    const client = await WsClient.open(gateway.wsUrl);
    client.send('{');
    expect(JSON.parse(await client.find(() => true))).toMatchObject({ id: null, error: { code: -32700 } });
    expect((await client.call('eth_chainId')).result).toBe('0x539');
    await client.close();
  });

  it('closes a message over the limit with 1009', async () => {
    const client = await WsClient.open(gateway.wsUrl);
    client.send('x'.repeat(70_000));
    expect(await client.closed()).toBe(1009);
  });

  it('takes the chain from the path, and refuses one that it does not serve', async () => {
    const client = await WsClient.open(`${gateway.wsUrl}/mainnet`);
    expect((await client.call('eth_chainId')).result).toBe('0x539');
    await client.close();
    await expect(WsClient.open(`${gateway.wsUrl}/sepolia`)).rejects.toThrow('404');
  });

  it('refuses pages of other origins, and hosts of other names, with 403', async () => {
    await expect(WsClient.open(gateway.wsUrl, { origin: 'https://evil.example' })).rejects.toThrow('403');
    await expect(WsClient.open(gateway.wsUrl, { host: 'evil.example' })).rejects.toThrow('403');
    const client = await WsClient.open(gateway.wsUrl, { origin: 'https://shop.example' });
    await client.close();
  });

  it('outlives those who reset the connection while they are refused', async () => {
    const { hostname, port } = new URL(gateway.url);
    const request = [
      'GET /nowhere HTTP/1.1',
      `host: ${hostname}`,
      'connection: upgrade',
      'upgrade: websocket',
      'sec-websocket-version: 13',
      'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    for (let round = 0; round < 50; round += 1) {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      socket.write(`${request.join('\r\n')}\r\n\r\n`);
      setImmediate(() => socket.resetAndDestroy());
      await once(socket, 'close');
    }
    const client = await WsClient.open(gateway.wsUrl);
    await client.close();
  });

  it('takes the least block to read at from the upgrade', async () => {
    const client = await WsClient.open(gateway.wsUrl, { 'x-headgate-min-block': '101' });
    const answer = client.call('eth_blockNumber');
    node.mine();
    expect((await answer).result).toBe('0x65');
    await client.close();
    await expect(WsClient.open(gateway.wsUrl, { 'x-headgate-min-block': 'soon' })).rejects.toThrow('400');
  });

  it('sends a reader away with 1013 when more waits for it than the queue takes, and others notice nothing', async () => {
    const large = `0x${'00'.repeat(400_000)}`;
    node.on('eth_getCode', () => large);
    const slow = await WsClient.open(gateway.wsUrl);
    await slow.call('eth_subscribe', ['newHeads']);
    slow.socket.pause();
    for (let id = 0; id < 40; id += 1) {
      slow.send({
        jsonrpc: '2.0',
        id,
        method: 'eth_getCode',
        params: [`0x${id.toString(16).padStart(40, '0')}`, 'latest'],
      });
    }
    const other = await WsClient.open(gateway.wsUrl);
    for (let round = 0; round < 20; round += 1) expect((await other.call('eth_chainId')).result).toBe('0x539');
    await other.close();
    const subscribed = async () => (await fetch(`${gateway.opsUrl}/metrics`)).text();
    await expect.poll(subscribed).toMatch(/^headgate_subscriptions\{.*type="newHeads".*\} 0$/m);
    slow.socket.resume();
    expect(await slow.closed()).toBe(1013);
  });

  it('hands its clients over with 1012 when it goes', async () => {
    const second = await startGateway({ chains: [{ upstreams: [{ url: node.url }] }] });
    await second.ready();
    const client = await WsClient.open(second.wsUrl);
    expect(await second.app.finish(60_000)).toBe(true);
    expect(await client.closed()).toBe(1012);
  });

  it('gives up a call whose client has gone', async () => {
    node.on('eth_estimateGas', () => hang());
    const client = await WsClient.open(gateway.wsUrl);
    client.send({ jsonrpc: '2.0', id: 1, method: 'eth_estimateGas', params: [{}] });
    await expect.poll(async () => inflight(gateway)).toBe(1);
    await client.close();
    await expect.poll(async () => inflight(gateway)).toBe(0);
  });
});

const inflight = async (gateway: TestGateway): Promise<number> => {
  const status = await (await fetch(`${gateway.opsUrl}/status`)).json();
  return (status as { chains: [{ upstreams: [{ inflight: number }] }] }).chains[0].upstreams[0].inflight;
};

describe('both listeners', () => {
  it('give the same answers', async () => {
    await using node = await startFakeNode({ head: 5 });
    await using gateway = await startGateway({ chains: [{ upstreams: [{ url: node.url }] }] });
    await gateway.ready();
    const client = await WsClient.open(gateway.wsUrl);
    for (const [method, params] of [
      ['eth_chainId', []],
      ['eth_getBlockByNumber', ['latest', false]],
      ['eth_getBalance', ['0x0000000000000000000000000000000000000001', 'latest']],
      ['admin_peers', []],
      ['eth_getBalance', ['0x0000000000000000000000000000000000000001', 'soon']],
    ] as const) {
      const { json } = await rpc(gateway.url, method, params);
      expect(await client.call(method, params, 1)).toEqual(json);
      client.messages.length = 0;
    }
    await client.close();
  });
});
