import { keccak256 } from 'viem';
import { describe, expect, it } from 'vitest';
import { notJson, reset, rpcError, truncated } from '../support/fake-node.ts';
import { counts, sender, signed, startPool, statesOf, until } from './pool.ts';

const SEND = 'eth_sendRawTransaction';

/** Asks for a transaction whose only holder has left the chain for a while; the others have said that they know of none. */
const askWhileHolderIsAstray = async () => {
  const pool = await startPool([{}, {}, {}], { health: { interval: '100ms' }, routing: { timeout: '60s' } });
  const [holder, ...others] = pool.nodes;
  const raw = await signed(4);
  const hash = keccak256(raw);
  const found = { hash, from: sender, blockNumber: null };
  holder?.on(SEND, () => hash).on('eth_getTransactionByHash', () => found);
  for (const node of others) {
    node.on(SEND, () => rpcError(-32000, 'txpool is full')).on('eth_getTransactionByHash', () => null);
  }
  await pool.call(SEND, [raw]);
  holder?.chain.fork(99, 'another');
  await until(async () => (await statesOf(pool.gateway))[0] === 'forked');
  const asked = pool.call('eth_getTransactionByHash', [hash]);
  await until(() => others.every((node) => node.count('eth_getTransactionByHash') > 0));
  return { pool, holder, others, found, asked };
};

describe('reading one’s own writes', () => {
  it('has the sender’s pending nonce count what was sent, also where the node that is asked does not know of it', async () => {
    await using pool = await startPool([{}, {}], { routing: { broadcast: 1 } });
    for (const node of pool.nodes) {
      node.on(SEND, ([raw]) => keccak256(raw as `0x${string}`));
      node.on('eth_getTransactionCount', () => '0x5');
    }
    await pool.call(SEND, [await signed(5)]);
    await pool.call(SEND, [await signed(6)]);
    const at = async (tag: string) => (await pool.call('eth_getTransactionCount', [sender, tag])).json.result;
    expect(await at('pending')).toBe('0x7');
    expect(await at('latest')).toBe('0x5');
  });

  it('has it count a send although the node that took it answers garbage to every question after that', async () => {
    await using pool = await startPool([{}, {}], { routing: { broadcast: 1 } });
    const garbage = [truncated, notJson];
    for (const node of pool.nodes) {
      node.on('eth_getTransactionCount', () => '0x0');
      node.on(SEND, ([raw]) => {
        for (const method of ['eth_getTransactionByHash', 'eth_getTransactionReceipt', 'eth_getTransactionCount']) {
          let asked = 0;
          node.on(method, () => garbage[asked++ % 2]?.());
        }
        return keccak256(raw as `0x${string}`);
      });
    }
    await pool.call(SEND, [await signed(0)]);
    expect(counts(pool, SEND).reduce((sum, count) => sum + count)).toBe(1);
    expect((await pool.call('eth_getTransactionCount', [sender, 'pending'])).json.result).toBe('0x1');
    expect(counts(pool, 'eth_getTransactionByHash')).toEqual([0, 0]);
  });

  it('asks the node that took a transaction first', async () => {
    await using pool = await startPool([{ config: { weight: 1000 } }, { config: { weight: 0.001 } }]);
    const [a, b] = pool.nodes;
    const raw = await signed(1);
    const hash = keccak256(raw);
    a?.on(SEND, () => rpcError(-32000, 'txpool is full'));
    b?.on(SEND, () => hash);
    a?.on('eth_getTransactionReceipt', () => null);
    b?.on('eth_getTransactionReceipt', () => ({ transactionHash: hash, blockNumber: '0x64' }));
    await pool.call(SEND, [raw]);
    const { json, headers } = await pool.call('eth_getTransactionReceipt', [hash]);
    expect(json.result).toMatchObject({ transactionHash: hash });
    expect(headers.get('x-headgate-attempts')).toBe('1');
    expect(counts(pool, 'eth_getTransactionReceipt')).toEqual([0, 1]);
  });

  it('asks the node that took a transaction again where its connection was lost, rather than believe the others', async () => {
    await using pool = await startPool([{}, {}]);
    const [a, b] = pool.nodes;
    const raw = await signed(3);
    const hash = keccak256(raw);
    a?.on(SEND, () => hash);
    b?.on(SEND, () => rpcError(-32000, 'txpool is full'));
    b?.on('eth_getTransactionReceipt', () => null);
    a?.on('eth_getTransactionReceipt', () => ({ transactionHash: hash, blockNumber: '0x64' }));
    a?.once('eth_getTransactionReceipt', () => reset());
    await pool.call(SEND, [raw]);
    expect((await pool.call('eth_getTransactionReceipt', [hash])).json.result).toMatchObject({ transactionHash: hash });
  });

  it('gives the node that took a transaction time to come back to the chain, rather than believe the others', async () => {
    const { pool, holder, found, asked } = await askWhileHolderIsAstray();
    await using _ = pool;
    holder?.chain.fork(99, 'main');
    for (const node of pool.nodes) node.mine(1);
    expect((await asked).json.result).toEqual(found);
  });

  it('asks the others again while the node that took a transaction is away', async () => {
    const { pool, others, found, asked } = await askWhileHolderIsAstray();
    await using _ = pool;
    others[0]?.on('eth_getTransactionByHash', () => found);
    expect((await asked).json.result).toEqual(found);
  });

  it('does not wait for a relay that took a transaction, and is asked for nothing else', async () => {
    await using pool = await startPool([{}, { config: { send: 'only' } }], { routing: { timeout: '60s' } });
    const [a, relay] = pool.nodes;
    const raw = await signed(5);
    const hash = keccak256(raw);
    relay?.on(SEND, () => hash);
    a?.on('eth_getTransactionReceipt', () => null);
    await pool.call(SEND, [raw]);
    expect((await pool.call('eth_getTransactionReceipt', [hash])).json.result).toBeNull();
    expect(counts(pool, 'eth_getTransactionReceipt')).toEqual([1, 0]);
  });

  it('asks all nodes before it believes that there is no such transaction', async () => {
    await using pool = await startPool([{}, {}, {}], { routing: { broadcast: 1, attempts: 1 } });
    const raw = await signed(2);
    const hash = keccak256(raw);
    let asked = 0;
    for (const node of pool.nodes) {
      node.on(SEND, () => hash);
      node.on('eth_getTransactionByHash', () => {
        asked += 1;
        return asked === 3 ? { hash, from: sender, blockNumber: null } : null;
      });
    }
    await pool.call(SEND, [raw]);
    expect((await pool.call('eth_getTransactionByHash', [hash])).json.result).toMatchObject({ hash });
    expect((await pool.call('eth_getTransactionByHash', [hash])).json.result).toBeNull();
    expect(counts(pool, 'eth_getTransactionByHash').reduce((sum, count) => sum + count)).toBe(6);
  });
});
