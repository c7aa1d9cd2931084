import { describe, expect, it } from 'vitest';
import { type FakeNode, rateLimited, rpcError } from '../support/fake-node.ts';
import { counts, type Pool, signed, startPool, statesOf, until } from './pool.ts';

const hash = `0x${'34'.repeat(32)}`;
const receipt = { transactionHash: hash, blockNumber: '0x64' };

/** The first node is asked first; while it works on this method, another chain's node takes its place, and answers. */
const turnCoat = (pool: Pool, method: string, answer: unknown): void => {
  const [node] = pool.nodes as [FakeNode];
  node.once(method, async () => {
    node.on('eth_chainId', () => '0x2');
    node.closeSockets();
    await until(async () => (await statesOf(pool.gateway))[0] !== 'healthy');
    return answer;
  });
};

const start = () => startPool([{ config: { weight: 1000 } }, { config: { weight: 0.001 } }]);

describe('a node whose connection was lost while it was asked', () => {
  it('is not believed that there is no such transaction', async () => {
    await using pool = await start();
    turnCoat(pool, 'eth_getTransactionReceipt', null);
    pool.nodes[1]?.on('eth_getTransactionReceipt', () => receipt);
    expect((await pool.call('eth_getTransactionReceipt', [hash])).json.result).toEqual(receipt);
  });

  it('is not believed that a call reverts', async () => {
    await using pool = await start();
    turnCoat(pool, 'eth_call', rpcError(3, 'execution reverted'));
    pool.nodes[1]?.on('eth_call', () => '0x2a');
    expect((await pool.call('eth_call', [{}, 'latest'])).json.result).toBe('0x2a');
  });

  it('is not believed that a transaction is worth nothing', async () => {
    await using pool = await start();
    const raw = await signed(1);
    turnCoat(pool, 'eth_sendRawTransaction', rpcError(-32003, 'invalid chain id for signer'));
    pool.nodes[1]?.on('eth_sendRawTransaction', async () => {
      await until(async () => (await statesOf(pool.gateway))[0] !== 'healthy');
      return rateLimited();
    });
    const sent = await pool.call('eth_sendRawTransaction', [raw]);
    expect(sent.json.error?.message).not.toContain('chain id');
  });
});

describe('a null', () => {
  it('is not believed while a node that was asked could not answer', async () => {
    await using pool = await start();
    const [a, b] = pool.nodes;
    a?.on('eth_getTransactionReceipt', () => null);
    b?.once('eth_getTransactionReceipt', () => rateLimited());
    b?.on('eth_getTransactionReceipt', () => receipt);
    expect((await pool.call('eth_getTransactionReceipt', [hash])).json.result).toEqual(receipt);
    expect(counts(pool, 'eth_getTransactionReceipt')).toEqual([1, 2]);
  });

  it('is the answer where that node never can', async () => {
    await using pool = await start();
    pool.nodes[0]?.on('eth_getTransactionReceipt', () => null);
    pool.nodes[1]?.on('eth_getTransactionReceipt', () => rateLimited());
    expect((await pool.call('eth_getTransactionReceipt', [hash])).json.result).toBeNull();
  });
});

describe('a transaction that a lagging node holds for pending', () => {
  const pending = { hash, blockHash: null, blockNumber: null };
  const mined = { hash, blockHash: null as string | null, blockNumber: '0x65' };

  /** The first node is asked first, and is a block behind. */
  const startBehind = async (): Promise<Pool> => {
    const pool = await startPool([
      { config: { weight: 1000 } },
      { config: { weight: 0.001 } },
      { config: { weight: 0.001 } },
    ]);
    for (const node of pool.nodes.slice(1)) node.mine();
    await until(async () => (await pool.call('eth_blockNumber')).json.result === '0x65');
    pool.nodes[0]?.on('eth_getTransactionByHash', () => pending);
    return pool;
  };

  it('is mined, if a node at the head says so', async () => {
    await using pool = await startBehind();
    const [, b, c] = pool.nodes;
    const told = { ...mined, blockHash: b?.chain.hash(101) };
    for (const node of [b, c]) node?.on('eth_getTransactionByHash', () => told);
    expect((await pool.call('eth_getTransactionByHash', [hash])).json.result).toEqual(told);
  });

  it('is pending, if nobody else knows of it', async () => {
    await using pool = await startBehind();
    for (const node of pool.nodes.slice(1)) node.on('eth_getTransactionByHash', () => null);
    expect((await pool.call('eth_getTransactionByHash', [hash])).json.result).toEqual(pending);
  });
});

describe('nodes that are asked too much', () => {
  it('are asked again for as long as there is time, for none of them began', async () => {
    await using pool = await startPool([{}, {}], { routing: { attempts: 2, timeout: '25s' } });
    for (const node of pool.nodes) {
      for (let n = 0; n < 3; n += 1) node.once('eth_call', () => rpcError(-32005, 'rate limit exceeded'));
      node.on('eth_call', () => '0x2a');
    }
    expect((await pool.call('eth_call', [{}, 'latest'])).json.result).toBe('0x2a');
  });
});
