import { expect, it } from 'vitest';
import { Balancer } from '../../bench/events/balancer.ts';
import { startFakeNode } from '../support/fake-node.ts';
import { WsClient } from '../support/ws-client.ts';

it('shares connections out, goes on where one is refused, and ends what a node ends', async () => {
  await using one = await startFakeNode();
  await using other = await startFakeNode();
  await using balancer = await Balancer.start([one.port, other.port]);
  const open = async (): Promise<WsClient> => {
    const client = await WsClient.open(`ws://127.0.0.1:${balancer.port}`);
    await client.call('eth_chainId', []);
    return client;
  };
  const clients = [await open(), await open(), await open(), await open()];
  expect([one.sockets, other.sockets]).toEqual([2, 2]);
  await one.stop();
  await expect.poll(() => clients.filter(({ closeCode }) => closeCode !== undefined).length).toBe(2);
  await open();
  await open();
  expect([one.sockets, other.sockets]).toEqual([0, 4]);
  await other.stop();
  await expect(open()).rejects.toThrow();
  await other.restart();
  await open();
});
