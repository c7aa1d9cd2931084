import { keccak256 } from 'viem';
import { describe, expect, it } from 'vitest';
import { readTransaction } from '../../src/ethereum/transaction.ts';
import { delay, type FakeNode, hang, rateLimited, reset, rpcError, status } from '../support/fake-node.ts';
import { counts, sender, signed, startPool, until } from './pool.ts';

const SEND = 'eth_sendRawTransaction';
const raw = await signed(7);
const hash = keccak256(raw);
const on = (nodes: readonly FakeNode[], answer: () => unknown): void => {
  for (const node of nodes) node.on(SEND, answer);
};

/** Has the node know nothing of the block that was its head, though it goes on telling of it as the latest. */
const beheaded = (node: FakeNode | undefined): void => {
  const known = (reference: unknown) => node?.chain.block(node.chain.resolve(reference));
  node?.on('eth_getBlockByNumber', ([reference]) => (reference === '0x64' ? null : known(reference)));
};

describe('broadcasting a transaction', () => {
  it('sends to as many nodes of the lowest tier as configured at once, and to no node that takes none', async () => {
    await using pool = await startPool([{ config: { send: false } }, {}, {}, {}, { config: { tier: 1 } }], {
      routing: { broadcast: 2 },
    });
    on(pool.nodes, () => hash);
    const { json, headers } = await pool.call(SEND, [raw]);
    expect(json.result).toBe(hash);
    expect(headers.get('x-headgate-upstream')).toMatch(/^[bcd]$/);
    await until(() => counts(pool, SEND).reduce((sum, count) => sum + count) === 2);
    expect([pool.nodes[0]?.count(SEND), pool.nodes[4]?.count(SEND)]).toEqual([0, 0]);
  });

  it('sends to no higher tier, nor to a node that asked to be left alone, while another takes it', async () => {
    await using pool = await startPool([{}, {}, { config: { tier: 1 } }], { routing: { broadcast: 3 } });
    const [a] = pool.nodes;
    on(pool.nodes, () => hash);
    for (const node of pool.nodes) node.on('eth_call', () => '0x1');
    a?.on('eth_call', () => rateLimited('60'));
    await until(async () => {
      await pool.call('eth_call', [{}]);
      return (a?.count('eth_call') ?? 0) > 0;
    });
    expect((await pool.call(SEND, [raw])).headers.get('x-headgate-upstream')).toBe('b');
    expect(counts(pool, SEND)).toEqual([0, 1, 0]);
  });

  it('answers with the first acceptance, and lets the others finish', async () => {
    await using pool = await startPool([{}, {}, {}], { routing: { broadcast: 3, timeout: '5s' } });
    const [a, b, c] = pool.nodes;
    a?.on(SEND, () => hang());
    b?.on(SEND, () => hash);
    c?.on(SEND, () => rpcError(-32000, 'replacement transaction underpriced'));
    const { json } = await pool.call(SEND, [raw]);
    expect(json.result).toBe(hash);
    await until(() => counts(pool, SEND).every((count) => count === 1));
  });

  it('gives transactions to a protected relay alone', async () => {
    await using pool = await startPool([{}, { config: { send: 'only', tier: 1 } }, {}]);
    on(pool.nodes, () => hash);
    expect((await pool.call(SEND, [raw])).headers.get('x-headgate-upstream')).toBe('b');
    expect(counts(pool, SEND)).toEqual([0, 1, 0]);
  });

  it.each([
    [-32000, 'already known'],
    [-32000, `known transaction: ${hash.slice(2)}`],
    [-32010, 'Transaction with the same hash was already imported.'],
    [-32010, 'AlreadyKnown'],
    [-32000, 'Known transaction'],
    [-32000, 'AlreadyKnown: already known'],
    [-32000, 'already_exists: already exists in mempool'],
    [-32003, 'transaction already imported'],
    [-32000, 'already have transaction'],
    [-32000, 'tx already in mempool'],
  ])('takes %i "%s" for success, with the hash', async (code, message) => {
    await using pool = await startPool([{}]);
    on(pool.nodes, () => rpcError(code, message));
    expect((await pool.call(SEND, [raw])).json).toEqual({ jsonrpc: '2.0', id: 1, result: hash });
  });

  it('takes "nonce too low" for success where a node knows that very transaction', async () => {
    await using pool = await startPool([{}, {}]);
    on(pool.nodes, () => rpcError(-32000, 'nonce too low: next nonce 8, tx nonce 7'));
    pool.nodes[0]?.on('eth_getTransactionByHash', () => null);
    pool.nodes[1]?.on('eth_getTransactionByHash', ([asked]) => (asked === hash ? { hash, from: sender } : null));
    expect((await pool.call(SEND, [raw])).json.result).toBe(hash);
  });

  it('asks again whether the transaction is known where the node that might know it breaks down', async () => {
    await using pool = await startPool([{}]);
    on(pool.nodes, () => rpcError(-32000, 'nonce too low: next nonce 8, tx nonce 7'));
    let asked = 0;
    pool.nodes[0]?.on('eth_getTransactionByHash', () => {
      asked += 1;
      return asked < 3 ? status(503) : { hash, from: sender };
    });
    expect((await pool.call(SEND, [raw])).json.result).toBe(hash);
  });

  it('asks again whether the transaction is known where a node counts it before it finds it', async () => {
    await using pool = await startPool([{}]);
    on(pool.nodes, () => rpcError(-32000, 'nonce too low: next nonce 8, tx nonce 7'));
    pool.nodes[0]?.on('eth_getTransactionByHash', () => ({ hash, from: sender }));
    pool.nodes[0]?.once('eth_getTransactionByHash', () => null);
    expect((await pool.call(SEND, [raw])).json.result).toBe(hash);
  });

  it('gives back "nonce too low" where it was another transaction', async () => {
    await using pool = await startPool([{}, {}]);
    on(pool.nodes, () => rpcError(-32000, 'nonce too low: next nonce 8, tx nonce 7'));
    for (const node of pool.nodes) node.on('eth_getTransactionByHash', () => null);
    const { json } = await pool.call(SEND, [raw]);
    expect(json.error).toEqual({ code: -32000, message: 'nonce too low: next nonce 8, tx nonce 7' });
    expect(counts(pool, 'eth_getTransactionByHash')).toEqual([3, 3]);
  });

  it.each([
    [-32000, 'insufficient funds for gas * price + value: have 0 want 1', undefined],
    [-32000, 'replacement transaction underpriced', undefined],
    [-32003, 'transaction underpriced', { least: '0x1' }],
  ])('gives back %i "%s" as the nodes said it when all refuse', async (code, message, data) => {
    await using pool = await startPool([{}, {}]);
    on(pool.nodes, () => rpcError(code, message, data));
    const { json, status } = await pool.call(SEND, [raw]);
    expect(json.error).toEqual(data === undefined ? { code, message } : { code, message, data });
    expect(status).toBe(200);
    expect(counts(pool, SEND)).toEqual([1, 1]);
  });

  it('believes a later acceptance rather than an earlier refusal', async () => {
    await using pool = await startPool([{}, {}, {}]);
    const [a, b, c] = pool.nodes;
    for (const node of [a, b]) node?.on(SEND, () => rpcError(-32000, 'insufficient funds for transfer'));
    c?.on(SEND, () => delay(100, hash));
    expect((await pool.call(SEND, [raw])).json.result).toBe(hash);
  });

  it.each(['insufficient funds for transfer', 'invalid chain id for signer'])(
    'asks on where "%s" is said by a node without the head: it lags, or is of another chain by now',
    async (words) => {
      await using pool = await startPool([{}, { config: { tier: 1 } }]);
      const [a, b] = pool.nodes;
      a?.on(SEND, () => rpcError(-32000, words));
      b?.on(SEND, () => hash);
      beheaded(a);
      expect((await pool.call(SEND, [raw])).json.result).toBe(hash);
    },
  );

  it('asks on where a refusal is by a node that has another block at the head’s height', async () => {
    await using pool = await startPool([{}, { config: { tier: 1 } }]);
    const [a, b] = pool.nodes;
    a?.on(SEND, () => rpcError(-32000, 'insufficient funds for transfer'));
    a?.on('eth_getBlockByNumber', ([reference]) => ({
      ...a.chain.block(a.chain.resolve(reference)),
      ...(reference === '0x64' ? { hash: `0x${'ab'.repeat(32)}` } : {}),
    }));
    b?.on(SEND, () => hash);
    expect((await pool.call(SEND, [raw])).json.result).toBe(hash);
  });

  it('outlives a node whose block has a hash that no text can be made of', async () => {
    await using pool = await startPool([{}, { config: { tier: 1 } }]);
    const [a, b] = pool.nodes;
    a?.on(SEND, () => rpcError(-32000, 'insufficient funds for transfer'));
    a?.on('eth_getBlockByNumber', () => ({ hash: { toString: null } }));
    b?.on(SEND, () => hash);
    expect((await pool.call(SEND, [raw])).json.result).toBe(hash);
  });

  it('gives back what a node without the head says where that is all that there is', async () => {
    await using pool = await startPool([{}], { routing: { attempts: 1 } });
    pool.nodes[0]?.on(SEND, () => rpcError(-32000, 'insufficient funds for transfer'));
    beheaded(pool.nodes[0]);
    const { json } = await pool.call(SEND, [raw]);
    expect(json.error).toEqual({ code: -32000, message: 'insufficient funds for transfer' });
  });

  it('goes on to the next nodes, and to the next tier at last, where sending fails', async () => {
    await using pool = await startPool([{}, {}, { config: { tier: 1 } }], { routing: { broadcast: 1 } });
    const [a, b, c] = pool.nodes;
    for (const node of [a, b]) node?.on(SEND, () => reset());
    c?.on(SEND, () => hash);
    const { json, headers } = await pool.call(SEND, [raw]);
    expect(json.result).toBe(hash);
    expect(headers.get('x-headgate-upstream')).toBe('c');
  });

  it('goes on to the next node where the pool of one is full', async () => {
    await using pool = await startPool([{}, { config: { tier: 1 } }]);
    pool.nodes[0]?.on(SEND, () => rpcError(-32000, 'txpool is full'));
    pool.nodes[1]?.on(SEND, () => hash);
    expect((await pool.call(SEND, [raw])).json.result).toBe(hash);
  });

  it('gives back what the nodes say where all of their pools are full', async () => {
    await using pool = await startPool([{}, {}]);
    on(pool.nodes, () => rpcError(-32000, 'txpool is full'));
    expect((await pool.call(SEND, [raw])).json.error).toEqual({ code: -32000, message: 'txpool is full' });
  });

  it('asks whether a transaction arrived where one node refuses it and the fate at another is unknown', async () => {
    await using pool = await startPool([{}, {}], { routing: { attempts: 1 } });
    const [a, b] = pool.nodes;
    a?.on(SEND, () => rpcError(-32000, 'replacement transaction underpriced'));
    b?.on(SEND, () => rpcError(-32000, 'request timed out'));
    a?.on('eth_getTransactionByHash', () => null);
    b?.on('eth_getTransactionByHash', () => ({ hash, from: sender }));
    expect((await pool.call(SEND, [raw])).json.result).toBe(hash);
  });

  it('lets a node judge bytes that are no transaction', async () => {
    await using pool = await startPool([{}]);
    on(pool.nodes, () => rpcError(-32000, 'rlp: value size exceeds available input length'));
    for (const params of [['0xdeadbeef'], ['nonsense'], [7], []]) {
      const { json } = await pool.call(SEND, params);
      expect(json.error).toEqual({ code: -32000, message: 'rlp: value size exceeds available input length' });
    }
  });

  it('does not take "already known" for success where it cannot tell the hash', async () => {
    await using pool = await startPool([{}]);
    on(pool.nodes, () => rpcError(-32000, 'already known'));
    expect((await pool.call(SEND, ['0xdeadbeef'])).json.error.message).toBe('already known');
  });

  it('asks another node where one answers with something that is no hash', async () => {
    await using pool = await startPool([{}, {}], { routing: { broadcast: 1 } });
    let first = true;
    on(pool.nodes, () => {
      const answer = first ? true : hash;
      first = false;
      return answer;
    });
    expect((await pool.call(SEND, [raw])).json.result).toBe(hash);
    expect(counts(pool, SEND)).toEqual([1, 1]);
  });

  it('never gives a client the hash of another transaction, whatever a node says', async () => {
    await using pool = await startPool([{}, {}], { routing: { broadcast: 1 } });
    const [a, b] = pool.nodes;
    on(pool.nodes, () => `0x${'5'.repeat(64)}`);
    expect((await pool.call(SEND, [raw])).json.error.data.reason).toBe('upstreams_failed');
    a?.on(SEND, () => hash.toUpperCase().replace('X', 'x'));
    b?.on(SEND, () => `0x${'5'.repeat(64)}`);
    expect((await pool.call(SEND, [raw])).json.result.toLowerCase()).toBe(hash);
  });

  it('believes a node about the hash of a type that is not known here', async () => {
    await using pool = await startPool([{}]);
    on(pool.nodes, () => `0x${'5'.repeat(64)}`);
    expect((await pool.call(SEND, ['0x7ec3010203'])).json.result).toBe(`0x${'5'.repeat(64)}`);
  });

  it('names a blob transaction by the hash of what goes into the block, without its sidecar', async () => {
    await using pool = await startPool([{}]);
    on(pool.nodes, () => rpcError(-32000, 'already known'));
    const body = 'c50105010101';
    const network = `0x03c9${body}c0c0c0`;
    expect((await pool.call(SEND, [network])).json.result).toBe(keccak256(`0x03${body}`));
    expect(readTransaction(network)?.hash).toBe(keccak256(`0x03${body}`));
  });

  it('sends nothing else to more than one node', async () => {
    await using pool = await startPool([{}, {}, {}]);
    for (const method of ['eth_sendRawTransactionSync', 'eth_sendRawTransactionConditional']) {
      for (const node of pool.nodes) node.on(method, () => hash);
      expect((await pool.call(method, [raw])).json.result).toBe(hash);
      expect(counts(pool, method).reduce((sum, count) => sum + count)).toBe(1);
    }
  });
});
