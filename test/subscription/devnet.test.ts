import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Devnet } from '../../src/devnet/devnet.ts';
import { startDevnet } from '../../src/devnet/start-devnet.ts';
import { deployTicker, sendTick, tickerAddress } from '../../src/devnet/ticker-contract.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { WsClient } from '../support/ws-client.ts';
import { eventually, Reader, short } from './pool.ts';

describe('real nodes', () => {
  let devnet: Devnet;
  let gateway: TestGateway;
  let client: WsClient;

  beforeAll(async () => {
    devnet = await startDevnet({ nodes: 3 });
    await deployTicker(devnet);
    await devnet.mine();
    gateway = await startGateway({
      chains: [
        {
          blockTime: '500ms',
          health: { interval: '200ms' },
          upstreams: devnet.nodes.map(({ name, httpUrl }) => ({ name, url: httpUrl })),
        },
      ],
    });
    await gateway.ready();
    client = await WsClient.open(gateway.wsUrl);
  });

  afterAll(async () => {
    await client.close();
    await gateway.close();
    await devnet.close();
  });

  /** From the newest block on, which the gateway has to know of: a subscription begins at the head that it publishes. */
  const listen = async (...params: unknown[]): Promise<Reader> => {
    const published = async (): Promise<unknown> =>
      (await client.call('eth_getBlockByNumber', ['latest', false])).result?.hash;
    await eventually(published).toBe(devnet.truth.head.hash);
    return new Reader(client, (await client.call('eth_subscribe', params)).result);
  };

  const tick = async (times: number): Promise<number> => {
    const from = devnet.truth.head.number;
    for (let sent = 0; sent < times; sent += 1) {
      await sendTick(devnet);
      await devnet.mine();
    }
    return from;
  };

  it('die one after the other, and all at once, and no tick is lost', { timeout: 60_000 }, async () => {
    const [heads, logs] = [await listen('newHeads'), await listen('logs', { address: tickerAddress })];
    const names = devnet.nodes.map(({ name }) => name);
    const from = await tick(2);
    await devnet.kill(names[0] ?? '');
    await tick(2);
    await logs.got(4);
    for (const name of names.slice(1)) await devnet.kill(name);
    await tick(3);
    await devnet.restart(names[0] ?? '');
    await tick(1);
    const numbers = Array.from({ length: 8 }, (_, index) => from + 1 + index);
    expect(short(await heads.got(8))).toEqual(numbers.map((number) => `h${number}`));
    expect(short(await logs.got(8))).toEqual(numbers.map((number) => `+${number}`));
    for (const name of names.slice(1)) await devnet.restart(name);
  });

  it('stop, lag, and leave for a branch of their own, and every block is told once', { timeout: 60_000 }, async () => {
    const [heads, logs] = [await listen('newHeads'), await listen('logs', { address: tickerAddress })];
    const [one = '', two = ''] = devnet.nodes.map(({ name }) => name);
    const from = await tick(1);
    await devnet.freeze(one);
    await tick(3);
    await logs.got(4);
    await devnet.thaw(one);
    await devnet.withhold(two);
    await tick(3);
    await devnet.release(two);
    await logs.got(7);
    await devnet.fork(two, 1);
    await tick(3);
    await devnet.rejoin(two);
    await tick(1);
    const numbers = Array.from({ length: 11 }, (_, index) => from + 1 + index);
    expect(short(await heads.got(11))).toEqual(numbers.map((number) => `h${number}`));
    expect(short(await logs.got(11))).toEqual(numbers.map((number) => `+${number}`));
  });

  it.each([1, 2, 7])(
    'reorganise, %i deep, though they never say that a log was removed',
    { timeout: 60_000 },
    async (depth) => {
      const logs = await listen('logs', { address: tickerAddress });
      const from = await tick(8);
      await logs.got(8);
      await devnet.reorg(depth);
      const undone = Array.from({ length: depth }, (_, index) => `-${from + 8 - index}`);
      await eventually(() => short(logs.events).slice(8, 8 + depth)).toEqual(undone);
      const wanted = await devnetLogs(gateway, from + 1);
      await eventually(() => held(logs)).toEqual(wanted);
    },
  );
});

/** Blocks of the logs that a reader holds. */
const held = ({ events }: Reader): unknown[] => {
  const logs = new Map<string, unknown>();
  for (const event of events) {
    const key = `${String(event['blockHash'])}/${String(event['logIndex'])}`;
    if (event['removed']) logs.delete(key);
    else logs.set(key, event['blockHash']);
  }
  return [...logs.values()];
};

const devnetLogs = async (gateway: TestGateway, from: number): Promise<unknown[]> => {
  const filter = { address: tickerAddress, fromBlock: `0x${from.toString(16)}` };
  const client = await WsClient.open(gateway.wsUrl);
  const { result } = await client.call('eth_getLogs', [filter]);
  await client.close();
  return result.map(({ blockHash }: { blockHash: string }) => blockHash);
};
