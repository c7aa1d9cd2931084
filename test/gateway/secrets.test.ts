import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerWithStatus, type FakeNode, rpcError, startFakeNode } from '../support/fake-node.ts';
import { post, rpc, startGateway, type TestGateway } from '../support/gateway.ts';

const KEY = 'k3y4f0e0d0c0b0a090807';
const PASSWORD = 'a0b1';

describe('a node that repeats the secrets by which it is called', () => {
  let node: FakeNode;
  let gateway: TestGateway;

  beforeAll(async () => {
    node = await startFakeNode();
    const url = `${node.url.replace('//', `//user:${PASSWORD}@`)}/v3/${KEY}`;
    gateway = await startGateway({ chains: [{ upstreams: [{ name: 'one', url, calls: 'http' }] }] });
    await gateway.ready();
  });

  afterAll(async () => {
    await gateway.close();
    await node.stop();
  });

  it('is heard without them, and else byte for byte', async () => {
    const data = {
      key: [KEY, { [PASSWORD]: 1.5 }],
      see: 'https://docs.example/errors?id=7',
      output: `0x08${PASSWORD}`,
    };
    node.on('eth_call', () => rpcError(-32000, `no such key: "${KEY}"`, data as unknown as string));
    const { text } = await rpc(gateway.url, 'eth_call', [{ data: '0x01' }]);
    expect(text).not.toContain(KEY);
    expect(JSON.parse(text).error).toEqual({
      code: -32000,
      message: 'no such key: "***"',
      data: { ...data, key: ['***', { [PASSWORD]: 1.5 }] },
    });
  });

  it('is heard without them in a batch, and where the gateway tells what it said', async () => {
    node.on('eth_call', () => answerWithStatus(401, rpcError(-32000, `invalid project id ${KEY}`)));
    const call = { jsonrpc: '2.0', id: 1, method: 'eth_call', params: [{ data: '0x02' }] };
    const { text } = await post(gateway.url, [call]);
    expect(text).toContain('invalid project id ***');
    expect(text).not.toContain(KEY);
  });

  it('is told of without them to operators', async () => {
    const stray = await startFakeNode();
    stray.on('eth_chainId', () => rpcError(-32000, `invalid project id ${KEY}`));
    await using other = await startGateway({
      chains: [{ name: 'main', routing: { timeout: '200ms' }, upstreams: [{ url: `${stray.url}/v3/${KEY}` }] }],
    });
    const said = async (path: string): Promise<string> => (await fetch(`${other.opsUrl}${path}`)).text();
    await expect.poll(() => said('/readyz')).toContain('invalid project id ***');
    expect(await said('/readyz?verbose')).toContain('invalid project id ***');
    expect(await said('/explain?chain=main&method=eth_gasPrice')).toContain('invalid project id ***');
    expect(await said('/explain?chain=main&method=eth_call&params=[{},"0x1"]')).not.toContain(KEY);
    expect(await said('/status')).toContain('invalid project id ***');
    await stray.stop();
  });

  it('may give a result that looks like one', async () => {
    node.on('eth_call', () => `0x${PASSWORD}`);
    expect((await rpc(gateway.url, 'eth_call', [{ data: '0x03' }])).json.result).toBe(`0x${PASSWORD}`);
  });
});
