import { keccak256 } from 'viem';
import { describe, expect, it } from 'vitest';
import { rpcError, status } from '../support/fake-node.ts';
import { counts, type Pool, sender, signed, startPool, until } from './pool.ts';

const SEND = 'eth_sendRawTransaction';
const RECEIPT = 'eth_getTransactionReceipt';
const NONCE = 'eth_getTransactionCount';
const BY_HASH = 'eth_getTransactionByHash';
const unknown = `0x${'12'.repeat(32)}`;

/** Two nodes of one's own and one that is paid. None knows any transaction; the sender has sent five. */
const startTiers = async (): Promise<Pool> => {
  const pool = await startPool([{}, {}, { config: { tier: 1 } }]);
  for (const node of pool.nodes) {
    node.on(SEND, ([raw]) => keccak256(raw as `0x${string}`));
    node.on(NONCE, () => '0x5');
    for (const method of [RECEIPT, BY_HASH]) node.on(method, () => null);
  }
  return pool;
};

const poll = async (pool: Pool, method: string, hash: string, times: number): Promise<unknown[]> => {
  const results: unknown[] = [];
  for (let n = 0; n < times; n += 1) results.push((await pool.call(method, [hash])).json.result);
  return results;
};

const nulls = (times: number): null[] => Array.from({ length: times }, () => null);

/** One block more on every node, and published. */
const mine = async (pool: Pool): Promise<void> => {
  const head = (): Promise<string> => pool.call('eth_blockNumber').then(({ json }) => json.result);
  const before = await head();
  for (const node of pool.nodes) node.mine();
  await until(async () => (await head()) !== before);
};

const send = async (pool: Pool, nonce = 5): Promise<string> => {
  const { json } = await pool.call(SEND, [await signed(nonce)]);
  return json.result;
};

describe('a higher tier', () => {
  it('answers at a new head, too, of which it has told nothing yet, where the lower one fails', async () => {
    await using pool = await startTiers();
    await mine(pool);
    for (const node of pool.nodes.slice(0, 2)) node.on('eth_getBalance', () => status(500));
    const { json, headers } = await pool.call('eth_getBalance', [sender, 'latest']);
    expect(json.result).toBe('0xde0b6b3a7640000');
    expect(headers.get('x-headgate-upstream')).toBe('c');
  });

  it('answers at a new head where the budget of the lower one is spent', async () => {
    const timeout = '30s';
    await using pool = await startPool([{ config: { budget: { requestsPerSecond: 1 } } }, { config: { tier: 1 } }], {
      routing: { timeout },
    });
    await mine(pool);
    const replies = await Promise.all(Array.from({ length: 6 }, () => pool.call('eth_getBalance', [sender, 'latest'])));
    expect(replies.every(({ json }) => json.result === '0xde0b6b3a7640000')).toBe(true);
    expect(replies.some(({ headers }) => headers.get('x-headgate-upstream') === 'b')).toBe(true);
  });
});

describe('a null of the lower tier', () => {
  it('is the whole truth about the receipt of a transaction sent here whose nonce is still to come, however often asked', async () => {
    await using pool = await startTiers();
    const hash = await send(pool);
    expect(await poll(pool, RECEIPT, hash, 25)).toEqual(nulls(25));
    await mine(pool);
    expect(await poll(pool, RECEIPT, hash, 25)).toEqual(nulls(25));
    expect(counts(pool, RECEIPT)).toEqual([50, 50, 0]);
    const asked = pool.nodes.flatMap(({ requests }) => requests.filter(({ method }) => method === NONCE));
    expect(new Set(asked.map(({ params }) => params.join(' ')))).toEqual(new Set([`${sender} 0x64`, `${sender} 0x65`]));
    expect(asked).toHaveLength(2);
  });

  it('is borne out by the higher tier once a head where nobody can prove it', async () => {
    await using pool = await startTiers();
    expect(await poll(pool, RECEIPT, unknown, 50)).toEqual(nulls(50));
    expect(counts(pool, RECEIPT)).toEqual([50, 50, 1]);
    await mine(pool);
    // Rarely asked for its head, the paid node is asked for it with the first of these.
    await until(async () => {
      const before = counts(pool, RECEIPT)[2];
      await poll(pool, RECEIPT, unknown, 1);
      return counts(pool, RECEIPT)[2] === before;
    });
    const before = counts(pool, RECEIPT)[2];
    expect(await poll(pool, RECEIPT, unknown, 20)).toEqual(nulls(20));
    expect(counts(pool, RECEIPT)[2]).toBe(before);
  });

  it('is asked for again at once of one that has come to the head since', async () => {
    await using pool = await startTiers();
    const [a, b, c] = pool.nodes;
    for (const node of [a, b]) node?.mine();
    await until(async () => (await pool.call('eth_blockNumber')).json.result === '0x65');
    expect(await poll(pool, RECEIPT, unknown, 1)).toEqual(nulls(1));
    c?.mine();
    const receipt = { transactionHash: unknown, blockNumber: '0x65', blockHash: a?.chain.hash(101) };
    c?.on(RECEIPT, () => receipt);
    expect(await poll(pool, RECEIPT, unknown, 1)).toEqual([receipt]);
  });

  it('proves nothing of a receipt once the nonce is used: nodes without an index of transactions know none', async () => {
    await using pool = await startTiers();
    const hash = await send(pool);
    expect(await poll(pool, RECEIPT, hash, 2)).toEqual(nulls(2));
    await mine(pool);
    for (const node of pool.nodes) node.on(NONCE, () => '0x6');
    const receipt = { transactionHash: hash, blockNumber: '0x65', blockHash: pool.nodes[0]?.chain.hash(101) };
    pool.nodes[2]?.on(RECEIPT, () => receipt);
    expect(await poll(pool, RECEIPT, hash, 3)).toEqual([receipt, receipt, receipt]);
  });

  it('proves nothing of a transaction that may wait in the pool of another node', async () => {
    await using pool = await startTiers();
    const hash = await send(pool);
    // Rarely asked for its head, the paid node is not known to have this one.
    await mine(pool);
    const waiting = { hash, from: sender, blockHash: null, blockNumber: null };
    pool.nodes[2]?.on(BY_HASH, () => waiting);
    expect(await poll(pool, BY_HASH, hash, 3)).toEqual([waiting, waiting, waiting]);
  });

  it('has the higher tier asked where the one that can prove it answers otherwise or not at all', async () => {
    await using pool = await startTiers();
    const hash = await send(pool);
    for (const node of pool.nodes) node.on(NONCE, () => 'a few');
    expect(await poll(pool, RECEIPT, hash, 5)).toEqual(nulls(5));
    expect(counts(pool, RECEIPT)).toEqual([5, 5, 1]);
  });

  it('counts for nothing where the node that says it does not have the head', async () => {
    await using pool = await startTiers();
    const [, b] = pool.nodes;
    b?.on(RECEIPT, () => rpcError(-32601, 'the method does not exist'));
    b?.mine();
    await until(async () => (await pool.call('eth_blockNumber')).json.result === '0x65');
    expect(await poll(pool, RECEIPT, unknown, 3)).toEqual(nulls(3));
    expect(counts(pool, RECEIPT)[2]).toBe(3);
  });

  it('is not enough while the nodes that have the head cannot answer', async () => {
    await using pool = await startTiers();
    const [a, b] = pool.nodes;
    expect(await poll(pool, RECEIPT, unknown, 1)).toEqual(nulls(1));
    await Promise.all([a?.stop(), b?.stop()]);
    expect(await poll(pool, RECEIPT, unknown, 2)).toEqual(nulls(2));
    expect(counts(pool, RECEIPT)[2]).toBe(3);
  });

  it('comes before the word of a paid node that took the transaction when nobody else did', async () => {
    await using pool = await startTiers();
    const [a, b] = pool.nodes;
    for (const node of [a, b]) node?.on(SEND, () => null);
    const hash = await send(pool);
    expect(counts(pool, SEND)[2]).toBe(1);
    const receipt = { transactionHash: hash, blockNumber: '0x64', blockHash: a?.chain.hash(100) };
    for (const node of [a, b]) node?.on(RECEIPT, () => receipt);
    expect(await poll(pool, RECEIPT, hash, 5)).toEqual(Array.from({ length: 5 }, () => receipt));
    expect(counts(pool, RECEIPT)[2]).toBe(0);
  });
});
