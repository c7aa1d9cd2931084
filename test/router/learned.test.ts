import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { methodSpec } from '../../src/ethereum/methods.ts';
import { depthOf } from '../../src/router/depth.ts';
import { Learned } from '../../src/router/learned.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { rpcError } from '../support/fake-node.ts';
import { counts, startPool } from './pool.ts';

const learning = () => {
  const clock = new FakeClock();
  return { clock, learned: new Learned(clock) };
};

describe('Learned', () => {
  it('remembers for ten minutes that an upstream does not have a method', () => {
    const { clock, learned } = learning();
    learned.lacks('a', 'trace_block');
    expect(learned.missing('a', 'trace_block', 'trace', 5)).toBe('has refused trace_block as unknown');
    expect(learned.missing('a', 'trace_call', 'trace', 5)).toBeUndefined();
    expect(learned.missing('b', 'trace_block', 'trace', 5)).toBeUndefined();
    clock.advance(600_000);
    expect(learned.missing('a', 'trace_block', 'trace', 5)).toBeUndefined();
  });

  it('remembers for ten minutes below which block an upstream has no states, of which traces are made too', () => {
    const { clock, learned } = learning();
    expect(learned.anyPruned).toBe(false);
    learned.pruned('a', 'state', 50);
    expect(learned.anyPruned).toBe(true);
    expect(learned.missing('a', 'eth_call', 'state', 49)).toBe('has no states below block 50');
    expect(learned.missing('a', 'trace_block', 'trace', 49)).toBe('has no states below block 50');
    expect(learned.missing('a', 'eth_call', 'state', 50)).toBeUndefined();
    expect(learned.missing('a', 'eth_call', 'state', undefined)).toBeUndefined();
    expect(learned.missing('a', 'eth_getLogs', 'logs', 49)).toBeUndefined();
    expect(learned.missing('b', 'eth_call', 'state', 49)).toBeUndefined();
    clock.advance(600_000);
    expect(learned.missing('a', 'eth_call', 'state', 49)).toBeUndefined();
  });

  it('believes the highest of what was told, until the upstream answers below it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100), { minLength: 1 }), fc.nat(100), (told, depth) => {
        const { learned } = learning();
        for (const lowest of told) learned.pruned('a', 'nothing', lowest);
        const lacks = learned.missing('a', 'eth_getBlockByNumber', 'nothing', depth) !== undefined;
        expect(lacks).toBe(depth < Math.max(...told));
        learned.served('a', 'logs', depth);
        expect(learned.missing('a', 'eth_getBlockByNumber', 'nothing', depth)).toBeUndefined();
      }),
    );
  });

  it('finds in few refusals how far a node has pruned, and takes nothing for gone that none prunes', () => {
    const { learned } = learning();
    let refusals = 0;
    for (let block = 100; block < 1000; block += 1) {
      if (learned.missing('a', 'eth_call', 'state', block) !== undefined) continue;
      if (block >= 900) break;
      refusals += 1;
      learned.pruned('a', 'state', block + 1, 980);
    }
    expect(refusals).toBeLessThan(12);
    for (let block = 900; block < 980; block += 1) learned.pruned('a', 'state', block + 1, 980);
    expect(learned.missing('a', 'eth_call', 'state', 980)).toBeUndefined();
  });

  it('guesses nothing where the node says where it begins', () => {
    const { learned } = learning();
    for (const lowest of [50, 60, 70]) learned.pruned('a', 'state', lowest);
    expect(learned.missing('a', 'eth_call', 'state', 70)).toBeUndefined();
  });

  it('remembers for a minute who has failed five times in a row at what others then answered', () => {
    const { clock, learned } = learning();
    const missing = (): string | undefined => learned.missing('a', 'eth_call', 'state', 5);
    for (let n = 0; n < 4; n += 1) learned.outdone('a', 'eth_call');
    learned.answered('a', 'eth_call');
    for (let n = 0; n < 4; n += 1) learned.outdone('a', 'eth_call');
    expect(missing()).toBeUndefined();
    learned.outdone('a', 'eth_call');
    expect(missing()).toBe('fails at eth_call again and again');
    expect(learned.missing('a', 'eth_getBalance', 'state', 5)).toBeUndefined();
    expect(learned.missing('b', 'eth_call', 'state', 5)).toBeUndefined();
    clock.advance(60_000);
    expect(missing()).toBeUndefined();
    learned.outdone('a', 'eth_call');
    expect(missing()).toBeDefined();
    learned.answered('a', 'eth_call');
    expect(missing()).toBeUndefined();
  });

  it('keeps within its bounds, whatever methods are invented', () => {
    const { learned } = learning();
    for (let n = 0; n < 300; n += 1) learned.lacks('a', `x_${n}`);
    expect(learned.missing('a', 'x_299', 'nothing', 0)).toBeDefined();
    expect(learned.missing('a', 'x_0', 'nothing', 0)).toBeUndefined();
  });
});

describe('depthOf', () => {
  const pin = { number: 90, hash: `0x${'11'.repeat(32)}` };
  it.each([
    ['eth_getBalance', ['0x', '0x10'], 16],
    ['eth_getBalance', ['0x', 'earliest'], 0],
    ['eth_getBalance', ['0x', 'latest'], 90],
    ['eth_getBalance', ['0x'], 90],
    ['eth_getLogs', [{ fromBlock: '0x5', toBlock: '0x9' }], 5],
    ['eth_getLogs', [{ fromBlock: 'latest' }], 90],
    ['eth_getLogs', [{ blockHash: pin.hash }], 90],
    ['eth_getBlockByHash', [pin.hash, false], 90],
    ['eth_getBlockByNumber', ['0x7', false], 7],
  ])('of %s %j is %i', (method, params, depth) => {
    expect(depthOf({ spec: methodSpec(method), params: Buffer.from(JSON.stringify(params)), pin })).toBe(depth);
  });

  it('is not known of a transaction, nor of what reads no block', () => {
    const of = (method: string, params: unknown[]) =>
      depthOf({ spec: methodSpec(method), params: Buffer.from(JSON.stringify(params)), pin: undefined });
    expect(of('eth_getTransactionReceipt', [pin.hash])).toBeUndefined();
    expect(of('eth_gasPrice', [])).toBeUndefined();
  });
});

describe('a method', () => {
  it('that a node does not have is asked of the others first', async () => {
    await using pool = await startPool([{ config: { weight: 1000 } }, { config: { weight: 0.001 } }]);
    pool.nodes[1]?.on('eth_getProof', () => ({}));
    for (const account of ['11', '22', '33']) {
      const params = [`0x${account.repeat(20)}`, [], 'latest'];
      expect((await pool.call('eth_getProof', params)).json.result).toEqual({});
    }
    expect(counts(pool, 'eth_getProof')).toEqual([1, 3]);
  });

  it('that a node fails at again and again is asked of the others first, and all else of it as before', async () => {
    await using pool = await startPool([{ config: { weight: 1000 } }, { config: { weight: 0.001 } }]);
    const [a, b] = pool.nodes;
    a?.on('eth_call', () => rpcError(-32603, 'Internal error'));
    b?.on('eth_call', () => '0x1');
    for (let n = 0; n < 12; n += 1) expect((await pool.call('eth_call', [{ data: `0x${n}` }])).json.result).toBe('0x1');
    expect(counts(pool, 'eth_call')).toEqual([5, 12]);
    await pool.call('eth_getBalance', [`0x${'11'.repeat(20)}`, 'latest']);
    expect(counts(pool, 'eth_getBalance')).toEqual([1, 0]);
  });
});

describe('old data', () => {
  const at = (block: number) => [`0x${'00'.repeat(20)}`, `0x${block.toString(16)}`];

  it('is asked of nodes that are not known to have pruned it first, and all else of every node', async () => {
    await using pool = await startPool([{ config: { weight: 1000 } }, { config: { weight: 0.001 } }]);
    const [a, b] = pool.nodes;
    b?.on('eth_getBalance', () => '0xb');
    const balance = async (block: number) => (await pool.call('eth_getBalance', at(block))).json.result;
    a?.on('eth_getBalance', () => rpcError(-32000, 'missing trie node 0xab (path )'));
    expect(await balance(50)).toBe('0xb');
    expect(counts(pool, 'eth_getBalance')).toEqual([1, 1]);
    a?.on('eth_getBalance', () => '0xa');
    expect(await balance(49)).toBe('0xb');
    expect(await balance(50)).toBe('0xb');
    expect(counts(pool, 'eth_getBalance')).toEqual([1, 3]);
    expect(await balance(51)).toBe('0xa');
  });

  it('that the node says where it begins is believed', async () => {
    await using pool = await startPool([{ config: { weight: 1000 } }, { config: { weight: 0.001 } }]);
    const [a, b] = pool.nodes;
    b?.on('eth_getBalance', () => '0xb');
    a?.on('eth_getBalance', () => rpcError(-32000, 'historical state not available: earliest available block 70'));
    const balance = async (block: number) => (await pool.call('eth_getBalance', at(block))).json.result;
    expect(await balance(30)).toBe('0xb');
    a?.on('eth_getBalance', () => '0xa');
    expect(await balance(69)).toBe('0xb');
    expect(await balance(70)).toBe('0xa');
  });

  it('that was missing near the head was missing for a moment', async () => {
    await using pool = await startPool([{ config: { weight: 1000 } }, { config: { weight: 0.001 } }]);
    const [a, b] = pool.nodes;
    b?.on('eth_getBalance', () => '0xb');
    a?.on('eth_getBalance', () => '0xa');
    a?.once('eth_getBalance', () => rpcError(-32000, 'missing trie node 0xab (path )'));
    expect((await pool.call('eth_getBalance', at(95))).json.result).toBe('0xb');
    expect((await pool.call('eth_getBalance', at(95))).json.result).toBe('0xa');
  });

  it('is asked of a node again that has it after all', async () => {
    await using pool = await startPool([{ config: { weight: 1000 } }, { config: { weight: 0.001 } }]);
    const [a, b] = pool.nodes;
    const pruned = rpcError(-32000, 'missing trie node 0xab (path )');
    a?.on('eth_getBalance', () => '0xa');
    a?.once('eth_getBalance', () => pruned);
    b?.on('eth_getBalance', () => '0xb');
    const balance = async (block: number) => (await pool.call('eth_getBalance', at(block))).json.result;
    expect(await balance(50)).toBe('0xb');
    expect(await balance(48)).toBe('0xb');
    b?.once('eth_getBalance', () => rpcError(-32000, 'header not found'));
    expect(await balance(49)).toBe('0xa');
    expect(await balance(47)).toBe('0xa');
    expect(counts(pool, 'eth_getBalance')).toEqual([3, 3]);
  });

  it('is still asked of a node that is known to have pruned it where it is the only one', async () => {
    await using pool = await startPool([{}]);
    const [a] = pool.nodes;
    a?.once('eth_getBalance', () => rpcError(-32000, 'missing trie node 0xab (path )'));
    expect((await pool.call('eth_getBalance', at(50))).json.error.message).toContain('missing trie node');
    a?.on('eth_getBalance', () => '0xa');
    expect((await pool.call('eth_getBalance', at(40))).json.result).toBe('0xa');
  });
});
