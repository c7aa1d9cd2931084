import { describe, expect, test } from 'vitest';
import { introduce } from '../../src/commands/identify-upstream.ts';
import { fakeNode } from '../upstream/setup.ts';

const of = (url: string) => introduce({ name: 'node', url, ws: undefined, headers: undefined });

describe('introducing a node', () => {
  test('tells its chain, its genesis, and the WebSocket that it has at the same port', async () => {
    const node = await fakeNode();
    expect(await of(node.url)).toEqual({
      chainId: 1337n,
      genesis: expect.stringMatching(/^0x[0-9a-f]{64}$/),
      client: expect.any(String),
      ws: true,
    });
  });

  test('says of a node that has none that it has none', async () => {
    const node = await fakeNode({ ws: false });
    expect(await of(node.url)).toMatchObject({ chainId: 1337n, ws: false });
  });

  test.each(['wsUrl', 'ipcUrl'] as const)('knows the socket that it asked by (%s)', async (way) => {
    const node = await fakeNode({ ipc: true });
    expect(await of(node[way])).toMatchObject({ chainId: 1337n, ws: true });
  });
});
