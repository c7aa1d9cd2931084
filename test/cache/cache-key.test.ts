import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identify, type Identity } from '../../src/cache/cache-key.ts';
import type { Call } from '../../src/core/call.ts';
import { methodTable } from '../../src/ethereum/method-table.ts';
import { hashOf, ScriptedBranch } from './chain.ts';

const alice = `0x${'a1'.repeat(20)}`;
const bob = `0x${'b0'.repeat(20)}`;
const hex = (number: number): string => `0x${number.toString(16)}`;

const branch = new ScriptedBranch(1000);
const identityOf = (call: Call, writes = 0, on = branch): Identity | undefined => identify(call, on.view, writes);
const keyOf = (call: Call, on = branch): string | undefined => {
  const identity = identityOf(call, 0, on);
  return identity?.kind === 'lasting' ? identity.key : undefined;
};

describe('the identity of a call', () => {
  it('is that of its block, whatever words name it', () => {
    const keys = [
      [alice, 'latest'],
      [alice],
      [alice, '0x3e8'],
      [alice, { blockNumber: '0x3e8' }],
      [alice, { blockHash: hashOf(1000), requireCanonical: true }],
      [alice.toUpperCase().replace('X', 'x'), 'latest'],
    ].map((params) => keyOf(branch.pinned('eth_getBalance', params)));
    expect(keys[0]).toContain(hashOf(1000));
    expect(new Set(keys).size).toBe(1);
    expect(keyOf(branch.pinned('eth_getBalance', [alice], 999))).not.toBe(keys[0]);
    expect(keyOf(branch.pinned('eth_getBalance', [bob]))).not.toBe(keys[0]);
    expect(keyOf(branch.pinned('eth_getCode', [alice]))).not.toBe(keys[0]);
  });

  it('holds what belongs to the question besides the block', () => {
    const traced = (transactionIndex: string) =>
      branch.pinned('debug_traceCallMany', [[{}], { blockNumber: 'latest', transactionIndex }, {}]);
    expect(keyOf(traced('0x0'))).not.toBe(keyOf(traced('0x1')));
    const named = branch.pinned('debug_traceCallMany', [[{}], { transactionIndex: '0x0', blockNumber: '0x3e8' }, {}]);
    expect(keyOf(named)).toBe(keyOf(traced('0x0')));
    const ranged = (from: number) => branch.pinned('eth_getLogs', [{ fromBlock: hex(from), toBlock: '0x3e8' }]);
    expect(keyOf(ranged(990))).not.toBe(keyOf(ranged(991)));
  });

  it('is lasting without a pin only where the height is final, or the client named a hash', () => {
    const old = new ScriptedBranch(1000, { reach: 100, finality: 64 });
    const lasting = (method: string, params: unknown, on = old) => keyOf(on.call(method, params), on) !== undefined;
    expect(lasting('eth_getBalance', [alice, '0x10'])).toBe(true);
    expect(lasting('eth_getBalance', [alice, 'earliest'])).toBe(true);
    expect(lasting('eth_getBlockByHash', [hashOf(10), false])).toBe(true);
    expect(lasting('eth_getLogs', [{ fromBlock: '0x1', toBlock: '0x10' }])).toBe(true);
    expect(lasting('eth_getLogs', [{ blockHash: hashOf(10) }])).toBe(true);
    const unsettled = new ScriptedBranch(1000, { reach: 100, finality: 10_000 });
    expect(lasting('eth_getBalance', [alice, '0x10'], unsettled)).toBe(false);
    expect(lasting('eth_getBalance', [alice, 'earliest'], unsettled)).toBe(false);
    expect(lasting('eth_getLogs', [{ fromBlock: '0x1', toBlock: '0x10' }], unsettled)).toBe(false);
  });

  it('says up to which height a chain has to be the same one, where no hash says it', () => {
    const old = new ScriptedBranch(1000, { reach: 100, finality: 64 });
    const heightOf = (method: string, params: unknown, pinnedAt?: number): number | undefined => {
      const call = pinnedAt === undefined ? old.call(method, params) : old.pinned(method, params, pinnedAt);
      const identity = identityOf(call, 0, old);
      if (identity?.kind !== 'lasting') throw new Error('it is not kept');
      return identity.height;
    };
    expect(heightOf('eth_getBalance', [alice, '0x10'])).toBe(16);
    expect(heightOf('eth_getBalance', [alice, 'earliest'])).toBe(0);
    expect(heightOf('eth_getLogs', [{ fromBlock: '0x1', toBlock: '0x10' }])).toBe(16);
    expect(heightOf('eth_getLogs', [{ blockHash: hashOf(10) }])).toBeUndefined();
    expect(heightOf('eth_getBlockByHash', [hashOf(10), false])).toBeUndefined();
    expect(heightOf('eth_getBalance', [alice, '0x384'], 900)).toBeUndefined();
  });

  it('is lasting at a final block that the chain no longer remembers', () => {
    const far = new ScriptedBranch(1000, { reach: 50, finality: 100 });
    expect(keyOf(far.pinned('eth_getBalance', [alice, 'finalized'], 900), far)).toContain(far.at(900).hash);
    expect(keyOf(far.pinned('eth_getBalance', [alice, 'safe'], 910), far)).toBeUndefined();
  });

  it('is not lasting for what clients read in different ways: a filter of traces without a start', () => {
    const filter = (fields: object) => keyOf(branch.pinned('trace_filter', [{ toBlock: '0x3e8', ...fields }]));
    expect(filter({ fromBlock: '0x3e8' })).toBeDefined();
    expect(filter({})).toBeUndefined();
  });

  it('is never lasting for what is pending, off the branch, or asks for what only a node can tell', () => {
    const moved = new ScriptedBranch(1000);
    const orphan = moved.pinned('eth_getBalance', [alice]);
    const byHash = moved.call('eth_getBlockByHash', [moved.at(1000).hash, false]);
    const logs = moved.call('eth_getLogs', [{ blockHash: moved.at(1000).hash }]);
    for (const call of [orphan, byHash, logs]) expect(keyOf(call, moved)).toBeDefined();
    moved.reorganise(1000, 'other');
    for (const call of [orphan, byHash, logs]) expect(keyOf(call, moved)).toBeUndefined();
    expect(keyOf(branch.call('eth_getBalance', [alice, 'pending']))).toBeUndefined();
    const canonical = { blockHash: hashOf(10), requireCanonical: true };
    expect(keyOf(branch.call('eth_getBalance', [alice, canonical]))).toBeUndefined();
    expect(keyOf(branch.call('eth_getBalance', [alice, { ...canonical, requireCanonical: false }]))).toBeDefined();
  });

  it.each(['eth_sendRawTransaction', 'eth_newFilter', 'eth_sign', 'eth_getWork', 'foo_bar'])(
    'is nobody else’s for %s',
    (method) => {
      expect(identityOf(branch.call(method, []))).toBeUndefined();
    },
  );

  it.each([
    ['eth_gasPrice', []],
    ['eth_estimateGas', [{}]],
    ['eth_getBalance', [alice, 'pending']],
    ['eth_getTransactionReceipt', [hashOf(1)]],
  ])('of %s changes with each write, each head, and what the client waits for', (method, params) => {
    const call = branch.call(method, params);
    const first = identityOf(call)?.flight;
    expect(first).toBeDefined();
    expect(identityOf(branch.call(method, params))?.flight).toBe(first);
    expect(identityOf(call, 1)?.flight).not.toBe(first);
    expect(identityOf({ ...call, minBlock: 7 })?.flight).not.toBe(first);
    expect(identityOf({ ...call, pin: branch.at(900) })?.flight).not.toBe(first);
    expect(identityOf({ ...call, head: new ScriptedBranch(1001).head })?.flight).not.toBe(first);
  });

  it('keeps a transaction under its hash alone, so that every head finds it', () => {
    const [one, other] = [1000, 1001].map((number) => {
      const at = new ScriptedBranch(number);
      return identityOf(at.call('eth_getTransactionReceipt', [hashOf(1)]), 0, at);
    });
    expect(one).toMatchObject({ kind: 'included' });
    expect(other).toMatchObject({ kind: 'included', key: one?.kind === 'included' ? one.key : '' });
  });

  it('is bounded, and still tells long questions apart', () => {
    const asking = (last: string) => branch.pinned('eth_call', [{ data: `0x${'ab'.repeat(100_000)}${last}` }]);
    expect(keyOf(asking('00'))?.length).toBeLessThan(256);
    expect(keyOf(asking('00'))).not.toBe(keyOf(asking('01')));
    expect(keyOf(asking('00'))).toBe(keyOf(asking('00')));
  });

  it('never folds two questions into one, for any cacheable method', () => {
    interface Asked {
      readonly method: string;
      readonly others: readonly string[];
      readonly number: number;
      readonly branch: string;
    }
    const methods = [...methodTable.values()].filter(
      ({ cacheable, block }) => cacheable && (block.kind === 'tag' || block.kind === 'number') && !('field' in block),
    );
    const others = fc.array(fc.constantFrom('"0xa"', '"0xb"', '{}', '{"to":"0xa"}', '"#"', 'null', '"latest"'), {
      minLength: 3,
      maxLength: 4,
    });
    const asked: fc.Arbitrary<Asked> = fc.record({
      method: fc.constantFrom(...methods.map(({ name }) => name)),
      others,
      number: fc.constantFrom(999, 1000),
      branch: fc.constantFrom('main', 'other'),
    });
    const fields: (keyof Asked)[] = ['method', 'others', 'number', 'branch'];
    const words = fc.constantFrom('number', 'tag', 'object');
    const callOf = ({ method, others: given, number, branch: name }: Asked, word: string): string | undefined => {
      const on = new ScriptedBranch(1000);
      if (name !== 'main') on.reorganise(900, name);
      const spec = methodTable.get(method);
      const index = spec !== undefined && 'index' in spec.block ? spec.block.index : 0;
      const block =
        word === 'number' ? `"${hex(number)}"` : word === 'tag' ? '"safe"' : `{"blockNumber":"${hex(number)}"}`;
      const params = [...given.slice(0, index), block, ...given.slice(index)];
      return keyOf(on.pinned(method, `[${params.join(word === 'tag' ? ' , ' : ',')}]`, number), on);
    };
    fc.assert(
      fc.property(asked, asked, fc.subarray(fields), words, words, (one, others, changed, first, second) => {
        const other = { ...one, ...Object.fromEntries(changed.map((field) => [field, others[field]])) };
        const [key, further] = [callOf(one, first), callOf(other, second)];
        expect(key).toBeDefined();
        expect(key === further).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
      { numRuns: 3000 },
    );
  });
});
