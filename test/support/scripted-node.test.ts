import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bloomOf } from '../../src/ethereum/bloom.ts';
import { type FakeNode, startFakeNode } from './fake-node.ts';
import { ScriptedChain, type ScriptedLog, ticker } from './scripted-chain.ts';
import { balanceAt, ScriptedNode } from './scripted-node.ts';

const chain = new ScriptedChain();
const base = chain.extend(chain.genesis, 10);
const main = chain.extend(base, 5);
const side = chain.extend(base, 3, { salt: 'side', logs: 2 });

let node: FakeNode;
let view: ScriptedNode;
beforeEach(async () => {
  node = await startFakeNode();
  view = new ScriptedNode(chain, main).attach(node);
});
afterEach(() => node.close());

const ask = async (method: string, ...params: readonly unknown[]): Promise<unknown> => {
  const response = await fetch(node.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const reply = (await response.json()) as { result?: unknown; error?: { message: string } };
  return reply.error === undefined ? reply.result : reply.error.message;
};

describe('a scripted node', () => {
  it('answers at the block that is named: by tag, by number, by hash, as an EIP-1898 object, or not at all', async () => {
    const at = (block: { hash: string }) => balanceAt(block.hash, '0x1');
    const twelve = chain.at(main, 12);
    expect(await ask('eth_getBalance', '0x1')).toBe(at(main));
    expect(await ask('eth_getBalance', '0x1', 'latest')).toBe(at(main));
    expect(await ask('eth_getBalance', '0x1', '0xc')).toBe(at(twelve ?? main));
    expect(await ask('eth_getBalance', '0x1', { blockHash: side.hash })).toBe(at(side));
    expect(await ask('eth_getBalance', '0x1', '0x63')).toBe('header not found');
    view.keepsOrphans = false;
    expect(await ask('eth_getBalance', '0x1', { blockHash: side.hash })).toBe('header not found');
  });

  it('has logs whose blocks’ blooms are made of them', async () => {
    expect(await ask('eth_getLogs', { fromBlock: '0x1', toBlock: '0xf', address: ticker.address })).toHaveLength(15);
    const logs = (await ask('eth_getLogs', { blockHash: side.hash })) as readonly ScriptedLog[];
    expect(logs).toHaveLength(2);
    const logsBloom = `0x${Buffer.from(bloomOf(logs)).toString('hex')}`;
    expect(await ask('eth_getBlockByHash', side.hash, false)).toMatchObject({ logsBloom });
  });

  it('shows each of its faults', async () => {
    view.lag = 2;
    expect(await ask('eth_blockNumber')).toBe('0xd');
    view.lag = 0;
    view.lateLogs.add(main.hash);
    expect(await ask('eth_getLogs', { blockHash: main.hash })).toEqual([]);
    view.claimed = chain.claim(1_000_000);
    expect(await ask('eth_blockNumber')).toBe('0xf4240');
    expect(await ask('eth_getBlockByHash', view.claimed.parentHash, false)).toBeNull();
  });

  it('pushes what it moves to: every block, or the last alone', async () => {
    const heads: string[] = [];
    const socket = new WebSocket(node.wsUrl);
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data));
      if (message.id === 1) view.follow(chain.extend(main, 2));
      else heads.push(message.params.result.number);
      if (heads.length === 2) view.setHead(side);
    });
    socket.addEventListener('open', () => {
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newHeads'] }));
    });
    await expect.poll(() => heads).toEqual(['0x10', '0x11', '0xd']);
    socket.close();
  });
});
