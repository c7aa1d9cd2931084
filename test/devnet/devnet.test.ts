import { existsSync } from 'node:fs';
import { decodeEventLog, encodeFunctionData } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DevnetNode } from '../../src/devnet/chain-node.ts';
import type { Devnet } from '../../src/devnet/devnet.ts';
import { startDevnet } from '../../src/devnet/start-devnet.ts';
import { deployTicker, sendTick, tickerAbi, tickerAddress, tickTopic } from '../../src/devnet/ticker-contract.ts';
import { ask, blockOf, headOf, isRunning } from './ask.ts';

let devnet: Devnet;

beforeAll(async () => {
  devnet = await startDevnet({ slotsInAnEpoch: 2, ipc: true, gossipMs: 0 });
  await deployTicker(devnet);
  await devnet.mine(2);
});

afterAll(() => devnet.close());

const names = ['node-1', 'node-2', 'node-3'] as const;

const heads = (): Promise<readonly string[]> =>
  Promise.all(devnet.nodes.map(async (node) => (await headOf(node)).hash));

const expectAllAtTheTruth = async (): Promise<void> => {
  expect(await heads()).toEqual(devnet.nodes.map(() => devnet.truth.head.hash));
};

/** The same value transfer from account `index` at each node, signed by that node. */
const transfer = (node: DevnetNode, index: number): Promise<string> =>
  ask(node, 'eth_sendTransaction', {
    from: devnet.account(index),
    to: devnet.account(8),
    value: '0x1',
    gas: '0x5208',
  }) as Promise<string>;

describe('a devnet in step', () => {
  it('has the same blocks with the same hashes on every node, whichever node got the transactions', async () => {
    const hashes: string[] = [];
    for (const [index, node] of devnet.nodes.entries()) hashes.push(await transfer(node, index + 1));
    const block = await devnet.mine();
    expect(block.transactions.map(({ hash }) => hash).toSorted()).toEqual(hashes.toSorted());
    await expectAllAtTheTruth();
    expect(devnet.repairs).toBe(0);
    for (const node of devnet.nodes) {
      for (const hash of hashes) {
        expect(await ask(node, 'eth_getTransactionReceipt', hash)).toMatchObject({ blockHash: block.hash });
      }
    }
  });

  it('mines a queued transaction once the one before it has come by another node', async () => {
    const [first, second] = [devnet.node('node-1'), devnet.node('node-2')];
    const nonce = Number(await ask(first, 'eth_getTransactionCount', devnet.account(5), 'pending'));
    const send = (node: DevnetNode, at: number): Promise<unknown> =>
      ask(node, 'eth_sendTransaction', {
        from: devnet.account(5),
        to: devnet.account(8),
        nonce: `0x${at.toString(16)}`,
      });
    await send(second, nonce + 1);
    expect((await devnet.mine()).transactions).toHaveLength(0);
    await send(first, nonce);
    expect((await devnet.mine()).transactions).toHaveLength(2);
    await expectAllAtTheTruth();
  });

  it('makes the pending nonce of one node count what another node was sent', async () => {
    await transfer(devnet.node('node-1'), 6);
    await devnet.gossip();
    for (const node of devnet.nodes) {
      const pending = await ask(node, 'eth_getTransactionCount', devnet.account(6), 'pending');
      const mined = await ask(node, 'eth_getTransactionCount', devnet.account(6), 'latest');
      expect(Number(pending)).toBe(Number(mined) + 1);
    }
    await devnet.mine();
  });

  it('keeps every transaction, and every node in step, while clients send', async () => {
    let mining = true;
    const sent: string[] = [];
    const clients = devnet.nodes.map(async (node, index) => {
      while (mining) {
        const hash = await transfer(node, index + 1);
        sent.push(hash);
        while (mining && (await ask(node, 'eth_getTransactionReceipt', hash)) === null);
      }
    });
    await devnet.mine(20).finally(() => {
      mining = false;
    });
    await Promise.all(clients);
    await devnet.mine();
    await expectAllAtTheTruth();
    for (const hash of sent) {
      expect(await ask(devnet.node('node-3'), 'eth_getTransactionReceipt', hash)).not.toBeNull();
    }
  });

  it('counts ticks, and numbers their events', async () => {
    const node = devnet.node('node-2');
    const data = encodeFunctionData({ abi: tickerAbi, functionName: 'count' });
    const before = Number(await ask(node, 'eth_call', { to: tickerAddress, data }, 'latest'));
    await sendTick(devnet);
    const block = await devnet.mine();
    expect(Number(await ask(node, 'eth_call', { to: tickerAddress, data }, 'latest'))).toBe(before + 1);
    const logs = (await ask(node, 'eth_getLogs', { blockHash: block.hash, topics: [tickTopic] })) as readonly {
      readonly data: `0x${string}`;
      readonly topics: [`0x${string}`, ...`0x${string}`[]];
    }[];
    expect(logs.map((log) => decodeEventLog({ abi: tickerAbi, ...log }))).toEqual([
      { eventName: 'Tick', args: { number: BigInt(before + 1) } },
    ]);
  });

  it('listens on the unix sockets that were asked for', () => {
    for (const { ipcPath } of devnet.nodes) expect(ipcPath !== undefined && existsSync(ipcPath)).toBe(true);
  });
});

describe('faults of one node', () => {
  it('lag: a withheld node stays where it is until it is released', async () => {
    const [before] = await heads();
    await devnet.withhold('node-1');
    await sendTick(devnet);
    await devnet.mine(3);
    expect((await headOf(devnet.node('node-1'))).hash).toBe(before);
    await devnet.release('node-1');
    await expectAllAtTheTruth();
    await devnet.mine();
    await expectAllAtTheTruth();
  });

  it('death: a killed node refuses connections, and comes back on its port with the whole chain', async () => {
    const { httpUrl, pid } = devnet.node('node-2');
    await devnet.kill('node-2');
    await expect(headOf(devnet.node('node-2'))).rejects.toThrow();
    expect(devnet.node('node-2')).toMatchObject({ alive: false });
    await sendTick(devnet);
    await devnet.mine(2);
    await devnet.restart('node-2');
    expect(devnet.node('node-2')).toMatchObject({ alive: true, httpUrl, course: 'following' });
    expect(devnet.node('node-2').pid).not.toBe(pid);
    await expectAllAtTheTruth();
  });

  it('death: a node that comes back is told of what still waits', async () => {
    const [node, other] = [devnet.node('node-1'), devnet.node('node-2')];
    const gap = { from: devnet.account(4), to: devnet.account(8), gas: '0x5208', nonce: '0x7' };
    const waiting = await ask(node, 'eth_sendTransaction', gap);
    await devnet.mine();
    await devnet.kill('node-2');
    await devnet.restart('node-2');
    expect(await ask(other, 'eth_getTransactionByHash', waiting)).toMatchObject({ blockHash: null });
  });

  it('death from outside: a node that something else kills as blocks are mined does not stop the others', async () => {
    for (let round = 0; round < 3; round++) {
      const mining = devnet.mine(40);
      const { number } = devnet.truth.head;
      await expect.poll(() => devnet.node('node-3').head.number, { interval: 1 }).toBeGreaterThan(number + 1);
      process.kill(devnet.node('node-3').pid, 'SIGKILL');
      await mining;
      expect((await headOf(devnet.node('node-1'))).hash).toBe(devnet.truth.head.hash);
      await devnet.restart('node-3');
      await expectAllAtTheTruth();
    }
  });

  it('an old head: a restarted node may be kept at an earlier height', async () => {
    await devnet.kill('node-3');
    await devnet.restart('node-3', { height: 2 });
    await devnet.mine();
    expect((await headOf(devnet.node('node-3'))).hash).toBe(devnet.truth.at(2)?.hash);
    await devnet.release('node-3');
    await expectAllAtTheTruth();
  });

  it('a hang: a frozen node takes connections and answers only when it thaws, then catches up', async () => {
    await devnet.freeze('node-1');
    // Its threads take a moment to stop, and one of them may answer until then.
    const answersSoon = (): Promise<boolean> =>
      Promise.race([
        headOf(devnet.node('node-1')).then(() => true),
        new Promise<boolean>((resolve) => setTimeout(resolve, 200, false)),
      ]);
    await expect.poll(answersSoon).toBe(false);
    let answered = false;
    const answer = headOf(devnet.node('node-1')).then((head) => {
      answered = true;
      return head;
    });
    const frozenAt = devnet.truth.head.number;
    await devnet.mine(2);
    expect(answered).toBe(false);
    await devnet.thaw('node-1');
    expect((await answer).number).toBeGreaterThanOrEqual(frozenAt);
    await expectAllAtTheTruth();
  });

  it('a side chain: a forked node grows a branch of its own, and leaves it when it rejoins', async () => {
    await sendTick(devnet);
    await devnet.mine();
    const ancestor = devnet.truth.head.number - 2;
    await devnet.fork('node-2', 2);
    const forkedAt = await headOf(devnet.node('node-2'));
    expect(forkedAt.number).toBe(devnet.truth.head.number + 1);
    const tick = await sendTick(devnet);
    await devnet.mine();
    expect((await headOf(devnet.node('node-2'))).number).toBe(forkedAt.number + 1);
    expect((await blockOf(devnet.node('node-2'), ancestor)).hash).toBe(devnet.truth.at(ancestor)?.hash);
    const receipts = await Promise.all(names.map((name) => ask(devnet.node(name), 'eth_getTransactionReceipt', tick)));
    const [onTruth, onFork] = receipts as { blockHash: string }[];
    expect(devnet.truth.isCanonical(onTruth?.blockHash ?? '')).toBe(true);
    expect(devnet.truth.wasEverCanonical(onFork?.blockHash ?? '')).toBe(false);
    await devnet.rejoin('node-2');
    await expectAllAtTheTruth();
  });

  it('refuses what a node in its state cannot do', async () => {
    await expect(devnet.release('node-1')).rejects.toThrow('node-1 is following, not withheld');
    await expect(devnet.restart('node-1')).rejects.toThrow('node-1 is alive');
    await expect(devnet.kill('node-9')).rejects.toThrow('there is no node node-9');
    await expect(devnet.reorg(10_000)).rejects.toThrow('no reorganisation 10000 deep');
  });
});

describe('a reorganisation', () => {
  it.each([1, 2, 3, 4, 5])(
    '%i deep leaves all nodes equal, with the dropped transactions mined again',
    async (depth) => {
      const ticks: string[] = [];
      for (let count = 0; count < depth; count++) {
        ticks.push(await sendTick(devnet));
        await transfer(devnet.node('node-2'), 7);
        await devnet.mine();
      }
      const old = Array.from(
        { length: depth },
        (_, back) => devnet.truth.at(devnet.truth.head.number - back)?.hash ?? '',
      );
      const { number } = devnet.truth.head;
      await devnet.reorg(depth);
      await expectAllAtTheTruth();
      expect(devnet.truth.head.number).toBe(number + 1);
      for (const hash of old) {
        expect([devnet.truth.isCanonical(hash), devnet.truth.wasEverCanonical(hash)]).toEqual([false, true]);
      }
      expect(devnet.truth.reorgs.at(-1)?.dropped.map(({ hash }) => hash)).toEqual(old.toReversed());
      for (const tick of ticks) {
        const receipt = (await ask(devnet.node('node-1'), 'eth_getTransactionReceipt', tick)) as { blockHash: string };
        expect(devnet.truth.isCanonical(receipt.blockHash)).toBe(true);
      }
    },
  );

  it('passes a withheld node by, which changes branch when it is released', async () => {
    await devnet.withhold('node-3');
    const before = devnet.truth.head.hash;
    await devnet.reorg(1, 1);
    expect(devnet.truth.head.hash).not.toBe(before);
    expect((await headOf(devnet.node('node-3'))).hash).toBe(before);
    await devnet.release('node-3');
    await expectAllAtTheTruth();
  });

  it('is played to a node that was dead meanwhile', async () => {
    await devnet.kill('node-1');
    await devnet.reorg(2);
    await devnet.restart('node-1');
    await expectAllAtTheTruth();
  });
});

describe('the end', () => {
  it('leaves no process and no file behind', async () => {
    const brief = await startDevnet({ nodes: 2, ipc: true });
    const pids = brief.nodes.map(({ pid }) => pid);
    const sockets = brief.nodes.map(({ ipcPath }) => ipcPath ?? '');
    await brief.freeze('node-2');
    await brief.close();
    expect(pids.filter(isRunning)).toEqual([]);
    expect(sockets.filter((path) => existsSync(path))).toEqual([]);
  });
});
