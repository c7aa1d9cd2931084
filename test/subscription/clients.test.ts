import { afterAll, beforeAll, describe, it } from 'vitest';
import { WebSocketProvider } from 'ethers';
import { createPublicClient, webSocket } from 'viem';
import { Web3 } from 'web3';
import type { Devnet } from '../../src/devnet/devnet.ts';
import { startDevnet } from '../../src/devnet/start-devnet.ts';
import { deployTicker, sendTick, tickerAbi, tickerAddress, tickTopic } from '../../src/devnet/ticker-contract.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { eventually } from './pool.ts';

/** A library's subscriptions: the numbers of the ticks and of the blocks it was told of. */
interface Listening {
  readonly ticks: number[];
  readonly blocks: number[];
  readonly stop: () => Promise<void>;
}

const viem = async (url: string): Promise<Listening> => {
  const ticks: number[] = [];
  const blocks: number[] = [];
  const client = createPublicClient({ transport: webSocket(url) });
  const stopEvents = client.watchContractEvent({
    address: tickerAddress,
    abi: tickerAbi,
    eventName: 'Tick',
    onLogs: (logs) => ticks.push(...logs.map((log) => Number(log.args.number))),
  });
  const stopBlocks = client.watchBlockNumber({ onBlockNumber: (number) => blocks.push(Number(number)) });
  await client.getBlockNumber();
  return {
    ticks,
    blocks,
    stop: async () => {
      stopEvents();
      stopBlocks();
      (await client.transport.getSocket()).close();
    },
  };
};

const ethers = async (url: string): Promise<Listening> => {
  const ticks: number[] = [];
  const blocks: number[] = [];
  const provider = new WebSocketProvider(url);
  await provider.on({ address: tickerAddress, topics: [tickTopic] }, (log) => ticks.push(Number(log.topics[1])));
  await provider.on('block', (number) => blocks.push(number));
  await provider.getBlockNumber();
  return { ticks, blocks, stop: () => provider.destroy() };
};

const web3 = async (url: string): Promise<Listening> => {
  const ticks: number[] = [];
  const blocks: number[] = [];
  const client = new Web3(url);
  const logs = await client.eth.subscribe('logs', { address: tickerAddress });
  logs.on('data', (log) => {
    ticks.push(Number((log as { topics: string[] }).topics[1]));
  });
  const heads = await client.eth.subscribe('newBlockHeaders');
  heads.on('data', (header) => {
    blocks.push(Number(header.number));
  });
  return {
    ticks,
    blocks,
    stop: async () => {
      await logs.unsubscribe();
      await heads.unsubscribe();
      client.provider?.disconnect();
    },
  };
};

describe('unmodified libraries, while nodes die', () => {
  let devnet: Devnet;
  let gateway: TestGateway;

  beforeAll(async () => {
    devnet = await startDevnet();
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
  });

  afterAll(async () => {
    await gateway.close();
    await devnet.close();
  });

  it('viem, ethers and web3.js miss no event and no block', { timeout: 60_000 }, async () => {
    const listening = [await viem(gateway.wsUrl), await ethers(gateway.wsUrl), await web3(gateway.wsUrl)];
    const subscribed = async (): Promise<readonly (string | undefined)[]> => {
      const metrics = await (await fetch(`${gateway.opsUrl}/metrics`)).text();
      return ['logs', 'newHeads'].map(
        (type) => new RegExp(`^headgate_subscriptions\\{.*type="${type}"\\} (\\d+)$`, 'm').exec(metrics)?.[1],
      );
    };
    await eventually(subscribed).toEqual(['3', '3']);
    const before = devnet.truth.head.number;
    const round = async (ticks: number): Promise<void> => {
      for (let tick = 0; tick < ticks; tick += 1) {
        await sendTick(devnet);
        await devnet.mine();
      }
    };
    await round(3);
    const [one, two, three] = devnet.nodes.map(({ name }) => name);
    await devnet.kill(one ?? '');
    await round(3);
    await devnet.kill(two ?? '');
    await round(3);
    await devnet.restart(one ?? '');
    await devnet.kill(three ?? '');
    await round(3);
    const ticks = Array.from({ length: 12 }, (_, index) => index + 1);
    const blocks = ticks.map((tick) => before + tick);
    for (const { ticks: heard, blocks: seen } of listening) {
      await eventually(() => heard).toEqual(ticks);
      await eventually(() => seen.filter((number) => number > before)).toEqual(blocks);
    }
    for (const { stop } of listening) await stop();
  });
});
