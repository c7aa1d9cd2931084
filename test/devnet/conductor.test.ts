import { tmpdir } from 'node:os';
import { afterEach, expect, it } from 'vitest';
import { findAnvil } from '../../src/devnet/anvil-binary.ts';
import { ChainNode, type Pool } from '../../src/devnet/chain-node.ts';
import { Conductor, OutOfStepError } from '../../src/devnet/conductor.ts';
import { Mempool } from '../../src/devnet/mempool.ts';
import { devnetPorts, findFreePort } from '../../src/devnet/ports.ts';
import { Truth } from '../../src/devnet/truth.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { ask, headOf } from './ask.ts';

const started: ChainNode[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((node) => node.kill()));
});

const startNode = async (name: string): Promise<ChainNode> => {
  const options = {
    binary: findAnvil(process.cwd()),
    port: await findFreePort(devnetPorts, Math.random, new Set()),
    chainId: 31_337,
    genesisTimestamp: 1_700_000_000,
    slotsInAnEpoch: 32,
    cacheDirectory: tmpdir(),
    ipcPath: undefined,
    timeoutMs: 10_000,
  };
  const node = await ChainNode.start(name, options, systemClock);
  started.push(node);
  return node;
};

/** A builder and one node, and what a client sends right after the conductor has read the node's pool. */
const startPair = async () => {
  const builder = await startNode('builder');
  const node = await startNode('node-1');
  const late: (() => Promise<string>)[] = [];
  const read = node.pool.bind(node);
  node.pool = async (): Promise<Pool> => {
    const pool = await read();
    await late.shift()?.();
    return pool;
  };
  const truth = new Truth(builder.head);
  const conductor = new Conductor(builder, [node], truth, new Mempool(100), systemClock);
  const accounts = await node.accounts();
  const send = (from: number): Promise<string> =>
    ask(node, 'eth_sendTransaction', { from: accounts[from], to: accounts[8], gas: '0x5208' }) as Promise<string>;
  return { builder, node, late, truth, conductor, send };
};

const nothing = async (): Promise<string> => '';

it('undoes a block into which a client’s transaction slipped, and mines the transaction with the next', async () => {
  const { node, late, truth, conductor, send } = await startPair();
  const early = await send(1);
  let slipped = '';
  late.push(nothing, async () => (slipped = await send(2)));
  await conductor.mine();
  expect(conductor.repairs).toBe(1);
  expect(truth.head.transactions.map(({ hash }) => hash)).toEqual([early]);
  expect((await headOf(node)).hash).toBe(truth.head.hash);
  await conductor.mine();
  expect(truth.head.transactions.map(({ hash }) => hash)).toEqual([slipped]);
  expect((await headOf(node)).hash).toBe(truth.head.hash);
});

it('mines a pool whose order is another than the truth’s in the truth’s order, and leaves what has to wait', async () => {
  const { builder, node, truth, conductor, send } = await startPair();
  const accounts = await builder.accounts();
  const first = await builder.send({ from: accounts[1] ?? '', to: accounts[8] ?? '', gas: '0x5208' });
  const second = await send(2);
  const waiting = await node.send({ from: accounts[3] ?? '', to: accounts[8] ?? '', gas: '0x5208', nonce: '0x1' });
  const [transaction] = await builder.fetch([first]);
  if (transaction !== undefined) await node.offer([transaction]);
  await conductor.mine();
  expect(truth.head.transactions.map(({ hash }) => hash)).toEqual([first, second]);
  expect((await headOf(node)).hash).toBe(truth.head.hash);
  expect(conductor.repairs).toBe(0);
  expect((await node.pool()).hashes).toEqual([waiting]);
});

it('says so when a node cannot be brought in step', async () => {
  const { late, conductor, send } = await startPair();
  late.push(nothing, ...Array.from({ length: 20 }, () => () => send(3)));
  const failure = conductor.mine();
  await expect(failure).rejects.toThrow(OutOfStepError);
  await expect(failure).rejects.toThrow(/node-1 is out of step at block 1: its hash is 0x.* the truth's 0x/);
});
