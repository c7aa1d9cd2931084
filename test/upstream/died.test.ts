import { describe, expect, test } from 'vitest';
import * as say from '../support/fake-node.ts';
import { fakeNode, reach, watch } from './setup.ts';

const request = { method: 'eth_call', params: Buffer.from('[]'), heavy: false };

describe.each(['http', 'ws', 'ipc'] as const)('a call over %s', (way) => {
  test('has died where the connection broke while the node had it', async () => {
    const node = await fakeNode({ ipc: way === 'ipc' });
    const { upstream } = await reach(node, way);
    node.on('eth_call', () => say.reset());
    expect(await upstream.call(request, 10_000).outcome).toMatchObject({ failure: 'transport', died: true });
  });

  test('has not died where the node took too long, or answered with an error', async () => {
    const node = await fakeNode({ ipc: way === 'ipc' });
    const { upstream } = await reach(node, way);
    node.on('eth_call', () => say.hang());
    expect(await upstream.call(request, 50).outcome).not.toHaveProperty('died');
    node.on('eth_call', () => say.rpcError(-32000, 'gremlins'));
    expect(await upstream.call(request, 10_000).outcome).not.toHaveProperty('died');
  });
});

test('a call has not died for which no connection could be made', async () => {
  const node = await fakeNode({ ws: false });
  const { upstream } = watch(node.url);
  await node.stop();
  const outcome = await upstream.call(request, 10_000).outcome;
  expect(outcome).toMatchObject({ failure: 'transport', message: 'connection refused' });
  expect(outcome).not.toHaveProperty('died');
});

test('an error in words that nobody knows is marked as such, and none that is known', async () => {
  const node = await fakeNode({ ws: false });
  const { upstream } = watch(node.url);
  node.on('eth_call', () => say.rpcError(-32000, 'gremlins'));
  expect(await upstream.call(request, 10_000).outcome).toMatchObject({ failure: 'unclassified', unknownWording: true });
  node.on('eth_call', () => say.rpcError(-32000, 'execution aborted (timeout = 5s)'));
  const known = await upstream.call(request, 10_000).outcome;
  expect(known).toMatchObject({ failure: 'unclassified' });
  expect(known).not.toHaveProperty('unknownWording');
});
