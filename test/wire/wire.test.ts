import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeNode, rpcError, startFakeNode } from '../support/fake-node.ts';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { WsClient } from '../support/ws-client.ts';
import { pattern, transcripts } from './transcript.ts';

let node: FakeNode;
let gateway: TestGateway;

beforeAll(async () => {
  node = await startFakeNode({ head: 100 });
  node.on('eth_call', ([call]) => {
    const { data = '0x' } = call as { data?: string };
    return data === '0xdead' ? rpcError(3, 'execution reverted: rate limit exceeded', '0x08c379a0') : data;
  });
  node.on('net_peerCount', (params) => (Array.isArray(params) ? '0x5' : rpcError(-32602, 'positional arguments only')));
  node.on('foobar', () => rpcError(-32601, 'the method foobar does not exist/is not available'));
  gateway = await startGateway({
    server: { limits: { batchItems: 5, jsonDepth: 8 } },
    chains: [{ upstreams: [{ url: node.url }], routing: { timeout: '2s' } }],
  });
  await gateway.ready();
});

afterAll(async () => {
  await gateway.close();
  await node.stop();
});

describe.each(transcripts())('$file over HTTP', ({ exchanges }) => {
  it.each(exchanges)('$line: $title', async ({ sent, expected }) => {
    const { text, status } = await post(gateway.url, sent);
    if (expected === undefined) expect({ text, status }).toEqual({ text: '', status: 204 });
    else expect(text).toMatch(pattern(expected));
  });
});

describe.each(transcripts())('$file over WebSocket', ({ exchanges }) => {
  it.each(exchanges)('$line: $title', async ({ sent, expected }) => {
    const client = await WsClient.open(gateway.wsUrl);
    client.send(sent);
    if (expected !== undefined) expect(await client.find(() => true)).toMatch(pattern(expected));
    // Whatever was to come has come before the answer to a later call that takes the same way.
    await client.call('eth_call', [{ data: '0xlast' }, 'latest']);
    expect(client.messages).toHaveLength(expected === undefined ? 1 : 2);
    await client.close();
  });
});
