import { createServer } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findAnvil } from '../../src/devnet/anvil-binary.ts';
import type { AnvilOptions } from '../../src/devnet/anvil-process.ts';
import { AnvilProcess, PortInUseError } from '../../src/devnet/anvil-process.ts';
import type { WireBlock } from '../../src/devnet/block.ts';
import { nextBaseFee, toBlock, toHex } from '../../src/devnet/block.ts';
import { Mempool } from '../../src/devnet/mempool.ts';
import { devnetPorts, findFreePort } from '../../src/devnet/ports.ts';
import { NodeRpc, RpcFault } from '../../src/devnet/rpc.ts';
import { Serial } from '../../src/devnet/serial.ts';
import { Truth } from '../../src/devnet/truth.ts';
import { systemClock } from '../../src/lib/clock.ts';

const running: AnvilProcess[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((anvil) => anvil.kill()));
});

const optionsAt = (port: number): AnvilOptions => ({
  binary: findAnvil(process.cwd()),
  port,
  chainId: 31_337,
  genesisTimestamp: 1_700_000_000,
  slotsInAnEpoch: 32,
  cacheDirectory: tmpdir(),
  ipcPath: undefined,
  timeoutMs: 10_000,
});

const startAnvil = async (options: AnvilOptions): Promise<AnvilProcess> => {
  const anvil = await AnvilProcess.start(options, systemClock);
  running.push(anvil);
  return anvil;
};

const anyPort = (): Promise<number> => findFreePort(devnetPorts, Math.random, new Set());

describe('an anvil process', () => {
  it('is not taken for started when another anvil answers at its port', async () => {
    const port = await anyPort();
    await startAnvil(optionsAt(port));
    await expect(startAnvil(optionsAt(port))).rejects.toThrow(PortInUseError);
  });

  it('is not taken for started by what it prints, when only somebody else answers at its port', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'headgate-test-'));
    const boaster = join(directory, 'anvil');
    writeFileSync(boaster, '#!/bin/sh\necho "Listening on 127.0.0.1"\nexec sleep 60\n', { mode: 0o755 });
    const port = await anyPort();
    await startAnvil(optionsAt(port));
    await expect(startAnvil({ ...optionsAt(port), binary: boaster, timeoutMs: 300 })).rejects.toThrow('no answer');
    rmSync(directory, { recursive: true });
  });

  it('says how to install anvil where there is none', async () => {
    const missing = { ...optionsAt(await anyPort()), binary: 'no-such-anvil' };
    await expect(startAnvil(missing)).rejects.toThrow('npm install @foundry-rs/anvil');
  });

  it('tells what anvil complained of when it does not start', async () => {
    const wrong = { ...optionsAt(await anyPort()), chainId: -1 };
    await expect(startAnvil(wrong)).rejects.toThrow('chain-id');
  });

  it('takes a long list of transactions in their order', async () => {
    const anvil = await startAnvil(optionsAt(await anyPort()));
    const accounts = (await anvil.rpc.call('eth_accounts')) as readonly string[];
    const transfers = Array.from({ length: 90 }, (_, index) => ({
      from: accounts[(index * 7) % 10],
      gas: '0x5208',
      to: accounts[0],
    }));
    const hashes: unknown[] = [];
    for (const transfer of transfers) hashes.push(await anvil.rpc.call('eth_sendTransaction', transfer));
    const raws = await Promise.all(hashes.map((hash) => anvil.rpc.call('eth_getRawTransactionByHash', hash)));
    for (let round = 0; round < 5; round++) {
      await anvil.rpc.call('anvil_dropAllTransactions');
      await anvil.rpc.batch([...raws.map((raw) => ['eth_sendRawTransaction', [raw]] as const), ['evm_mine', []]]);
      expect(await anvil.rpc.call('eth_getBlockByNumber', 'latest', false)).toMatchObject({ transactions: hashes });
      await anvil.rpc.call('anvil_rollback', 1);
    }
  });
});

describe('the base fee', () => {
  it('is the one that anvil itself comes to, whether blocks are full, half full or empty', async () => {
    const anvil = await startAnvil(optionsAt(await anyPort()));
    const [from, to] = (await anvil.rpc.call('eth_accounts')) as readonly string[];
    const burning = { from, gas: '0xf00000', maxFeePerGas: '0x174876e800', data: '0x5b600056' };
    for (const count of [0, 1, 2, 0, 2, 2, 0, 1]) {
      for (let sent = 0; sent < count; sent++) await anvil.rpc.call('eth_sendTransaction', burning);
      await anvil.rpc.call('eth_sendTransaction', { from, to, gas: '0x5208', maxFeePerGas: '0x174876e800' });
      await anvil.rpc.call('evm_mine');
    }
    const blocks = await anvil.rpc.batch(
      Array.from({ length: 9 }, (_, number) => ['eth_getBlockByNumber', [toHex(number), false]] as const),
    );
    const chain = blocks.map((answer) => toBlock((answer as { result: unknown }).result as WireBlock, []));
    expect(new Set(chain.map(({ gasUsed }) => gasUsed)).size).toBeGreaterThan(2);
    // anvil gives its first block the genesis block's own fee.
    expect(chain.slice(1, -1).map(nextBaseFee)).toEqual(chain.slice(2).map(({ baseFee }) => baseFee));
  });

  it('stays at the target, and rises by one wei at least above it', () => {
    const block = { baseFee: 7n, gasLimit: 30_000_000n };
    expect(nextBaseFee({ ...block, gasUsed: 15_000_000n })).toBe(7n);
    expect(nextBaseFee({ ...block, gasUsed: 15_000_001n })).toBe(8n);
  });
});

describe('a line to a node', () => {
  it('tells an error answer from no answer, and from one that is no JSON', async () => {
    const anvil = await startAnvil(optionsAt(await anyPort()));
    await expect(anvil.rpc.call('eth_nothing')).rejects.toThrow('Method not found');
    await anvil.kill();
    await expect(anvil.rpc.call('eth_chainId')).rejects.toThrow(RpcFault);
    const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const rpc = new NodeRpc(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 1000);
    await expect(rpc.call('eth_chainId')).rejects.toThrow(RpcFault);
    await rpc.close();
    server.close();
  });
});

describe('free ports', () => {
  it('are those that nobody listens on and nobody was promised', async () => {
    const port = await anyPort();
    const server = createServer().listen(port, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const range = { first: port, last: port + 2 };
    expect(await findFreePort(range, () => 0, new Set([port + 1]))).toBe(port + 2);
    await expect(findFreePort({ first: port, last: port }, () => 0, new Set())).rejects.toThrow('no free port');
    server.close();
  });
});

describe('tasks in series', () => {
  it('do not overlap, and one that fails does not stop the next', async () => {
    const serial = new Serial();
    const events: string[] = [];
    const task = (name: string) => async () => {
      events.push(`${name} begins`);
      await new Promise(setImmediate);
      events.push(`${name} ends`);
      if (name === 'a') throw new Error(name);
    };
    const first = serial.run(task('a'));
    const second = serial.run(task('b'));
    expect(serial.busy).toBe(true);
    await expect(first).rejects.toThrow('a');
    await second;
    expect(events).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
    expect(serial.busy).toBe(false);
  });
});

describe('what waits for a block', () => {
  const transaction = (name: string) => ({ hash: name, raw: `0x${name}` });

  it('is bounded, and returns from a dropped block to the front', () => {
    const mempool = new Mempool(2);
    for (const name of ['a', 'b', 'c']) mempool.add(transaction(name));
    expect(mempool.transactions.map(({ hash }) => hash)).toEqual(['a', 'b']);
    mempool.putBack([transaction('z'), transaction('b')]);
    expect(mempool.transactions.map(({ hash }) => hash)).toEqual(['z', 'b', 'a']);
  });
});

describe('the truth', () => {
  it('takes only a block that follows its head', () => {
    const plan = { timestamp: 0, coinbase: '0x', baseFee: 0n, gasUsed: 0n, gasLimit: 0n, transactions: [] };
    const truth = new Truth({ ...plan, number: 0, hash: '0x0', parentHash: '0x' });
    expect(() => truth.append({ ...plan, number: 1, hash: '0x1', parentHash: '0x9' })).toThrow('does not follow');
    expect(() => truth.blockAt(1)).toThrow('no block 1');
    expect(truth.isCanonical('0x9')).toBe(false);
  });
});
