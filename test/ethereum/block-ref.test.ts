import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { locate, rewrite, rewriteRange } from '../../src/ethereum/block-ref.ts';
import { methodTable } from '../../src/ethereum/method-table.ts';
import { methodSpec } from '../../src/ethereum/methods.ts';
import { elements } from '../../src/jsonrpc/params.ts';

const raw = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const at = (method: string, params: unknown) => locate(methodSpec(method), raw(params));
const address = `0x${'ab'.repeat(20)}`;
const hash = `0x${'c0'.repeat(32)}`;
const block = { number: 0x1234, hash };

const hashes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b) => `0x${Buffer.from(b).toString('hex')}`);
const blocks = fc.record({ number: fc.maxSafeNat(), hash: hashes });

describe('the block that params name', () => {
  test.each(['latest', 'safe', 'finalized', 'pending', 'earliest'])('is the tag %s', (tag) => {
    expect(at('eth_getBalance', [address, tag])).toEqual({ kind: 'tag', tag });
    expect(at('eth_getBlockByNumber', [tag, false])).toEqual({ kind: 'tag', tag });
    expect(at('eth_feeHistory', ['0x5', tag, []])).toEqual({ kind: 'tag', tag });
  });

  test('is latest where it is left out or null', () => {
    for (const params of [[address], [address, null]]) {
      expect(at('eth_getBalance', params)).toEqual({ kind: 'tag', tag: 'latest' });
    }
    expect(at('eth_estimateGas', [{}])).toEqual({ kind: 'tag', tag: 'latest' });
    expect(at('trace_call', [{}, ['trace']])).toEqual({ kind: 'tag', tag: 'latest' });
    expect(at('eth_callMany', [[]])).toEqual({ kind: 'tag', tag: 'latest' });
  });

  test('is a number in hex, upper or lower case', () => {
    expect(at('eth_getBalance', [address, '0x1aF'])).toEqual({ kind: 'number', number: 0x1af });
    expect(at('eth_getBlockByNumber', ['0x0', false])).toEqual({ kind: 'number', number: 0 });
    expect(at('eth_getBlockByNumber', ['0x7fffffffffffffff', false])).toMatchObject({ kind: 'number' });
  });

  test('is a hash: EIP-1898, or bare', () => {
    const plain = { kind: 'hash', hash, requireCanonical: false };
    expect(at('eth_call', [{}, { blockHash: hash.toUpperCase().replace('0X', '0x') }])).toEqual(plain);
    expect(at('eth_call', [{}, hash])).toEqual(plain);
    expect(at('eth_getBlockReceipts', [hash])).toEqual(plain);
    expect(at('eth_call', [{}, { blockHash: hash, requireCanonical: true }])).toEqual({
      ...plain,
      requireCanonical: true,
    });
    expect(at('eth_getBlockByHash', [hash, true])).toEqual(plain);
  });

  test('is a number or a tag in an EIP-1898 object', () => {
    expect(at('eth_call', [{}, { blockNumber: '0x10' }])).toEqual({ kind: 'number', number: 16 });
    expect(at('eth_call', [{}, { blockNumber: 'safe' }])).toEqual({ kind: 'tag', tag: 'safe' });
  });

  test('is a member of the context of a bundle', () => {
    expect(at('eth_callMany', [[], { blockNumber: '0x10', transactionIndex: -1 }])).toEqual({
      kind: 'number',
      number: 16,
    });
    expect(at('eth_callMany', [[], { blockNumber: { blockHash: hash } }])).toMatchObject({ kind: 'hash', hash });
    expect(at('eth_callMany', [[], {}])).toEqual({ kind: 'tag', tag: 'latest' });
  });

  test('is both ends of a log filter, each latest where left out', () => {
    const from = { kind: 'number', number: 1 };
    const latest = { kind: 'tag', tag: 'latest' };
    expect(at('eth_getLogs', [{ fromBlock: '0x1' }])).toEqual({ kind: 'logs', from, to: latest, blockHash: undefined });
    expect(at('eth_getLogs', [{}])).toEqual({ kind: 'logs', from: latest, to: latest, blockHash: undefined });
    expect(at('eth_getLogs', [{ fromBlock: null, toBlock: 'finalized' }])).toMatchObject({
      from: latest,
      to: { kind: 'tag', tag: 'finalized' },
    });
    expect(at('eth_getLogs', [{ blockHash: hash }])).toEqual({
      kind: 'logs',
      from: undefined,
      to: undefined,
      blockHash: hash,
    });
  });

  test('is the first one where a filter of traces has no start, for some clients take it so', () => {
    expect(at('trace_filter', [{}])).toMatchObject({ from: { tag: 'earliest' }, to: { tag: 'latest' } });
    expect(at('trace_filter', [{ fromBlock: 'latest' }])).toMatchObject({ from: { tag: 'latest' } });
  });

  test('is a transaction, or nothing', () => {
    expect(at('eth_getTransactionReceipt', [hash])).toEqual({ kind: 'transaction', hash });
    expect(at('eth_chainId', [])).toEqual({ kind: 'none' });
    expect(at('eth_chainId', { by: 'name' })).toEqual({ kind: 'none' });
  });
});

describe('params that no client or not every client understands', () => {
  test.each([
    ['a decimal number', 'eth_getBalance', [address, 16]],
    ['a leading zero', 'eth_getBalance', [address, '0x010']],
    ['0x alone', 'eth_getBalance', [address, '0x']],
    ['an empty string', 'eth_getBalance', [address, '']],
    ['decimal digits', 'eth_getBalance', [address, '16']],
    ['an upper-case prefix', 'eth_getBalance', [address, '0X10']],
    ['a tag in another case', 'eth_getBalance', [address, 'Latest']],
    ['a tag with a space', 'eth_getBalance', [address, ' latest']],
    ['more than 63 bits', 'eth_getBalance', [address, '0x8000000000000000']],
    ['a list', 'eth_getBalance', [address, []]],
    ['an object without a block', 'eth_call', [{}, {}]],
    ['both a hash and a number', 'eth_call', [{}, { blockHash: hash, blockNumber: '0x1' }]],
    ['a short hash', 'eth_call', [{}, { blockHash: '0xab' }]],
    ['a member in another case', 'eth_call', [{}, { blockHash: hash, BlockHash: hash }]],
    ['a worded requireCanonical', 'eth_call', [{}, { blockHash: hash, requireCanonical: 'yes' }]],
    ['a hash for a number', 'eth_getBlockByNumber', [hash, false]],
    ['an object for a number', 'eth_getBlockByNumber', [{ blockNumber: '0x1' }, false]],
    ['a number for a hash', 'eth_getBlockByHash', ['0x1', false]],
    ['no block to look up', 'eth_getBlockByNumber', []],
    ['null for a block to look up', 'eth_getBlockByNumber', [null, false]],
    ['no transaction', 'eth_getTransactionReceipt', []],
    ['nothing before the block', 'eth_getStorageAt', [address]],
    ['params by name', 'eth_getBalance', { address, block: 'latest' }],
    ['params by name, all of them optional', 'trace_block', {}],
    ['no filter', 'eth_getLogs', []],
    ['a filter that is a list', 'eth_getLogs', [[]]],
    ['a filter with a hash and a range', 'eth_getLogs', [{ blockHash: hash, fromBlock: '0x1' }]],
    ['a range from its end', 'eth_getLogs', [{ fromBlock: '0x2', toBlock: '0x1' }]],
    ['a filter member in another case', 'eth_getLogs', [{ fromblock: '0x1' }]],
    ['a filter with a number', 'eth_getLogs', [{ fromBlock: 1 }]],
    ['a context that is no object', 'eth_callMany', [[], 'latest']],
  ])('are refused with words: %s', (_what, method, params) => {
    const found = at(method, params);
    expect(found.kind).toBe('invalid');
    expect(found.kind === 'invalid' && found.message.length).toBeGreaterThan(10);
  });

  test('never throw, whatever they hold, for any method', () => {
    const methods = fc.constantFrom(...methodTable.values());
    fc.assert(
      fc.property(
        methods,
        fc.oneof(fc.array(fc.jsonValue(), { maxLength: 5 }), fc.dictionary(fc.string(), fc.jsonValue())),
        (spec, params) => {
          expect(locate(spec, raw(params)).kind).toBeTypeOf('string');
        },
      ),
      { numRuns: 2000 },
    );
  });
});

/** Whatever a client may write where a block stands. */
const wordings = fc.oneof(
  fc.constantFrom('latest', 'safe', 'finalized', 'pending', 'earliest'),
  fc.maxSafeNat().map((n) => `0x${n.toString(16)}`),
  hashes.map((blockHash) => ({ blockHash })),
  fc.constant(null),
);

const stateRows = [...methodTable.values()].filter(({ block: b }) => b.kind === 'tag' && b.field === undefined);

describe('writing a block into params', () => {
  test('puts it where it is found again, by number and by hash, in every method that reads state', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...stateRows),
        wordings,
        fc.array(fc.jsonValue(), { maxLength: 2 }),
        blocks,
        (spec, wording, after, written) => {
          const index = 'index' in spec.block ? spec.block.index : 0;
          const params = raw([...Array.from({ length: index }, () => ({ data: '0x1' })), wording, ...after]);
          const byHash = 'byHash' in spec.block && spec.block.byHash;
          expect(locate(spec, rewrite(params, spec, written, 'number'))).toEqual({
            kind: 'number',
            number: written.number,
          });
          expect(locate(spec, rewrite(params, spec, written, 'hash'))).toEqual(
            byHash
              ? { kind: 'hash', hash: written.hash, requireCanonical: false }
              : { kind: 'number', number: written.number },
          );
        },
      ),
    );
  });

  test('leaves every byte of every other element, and the space between, as it was', () => {
    const odd = ['{"b":1.0 , "a":9007199254740993}', ' "\\u0041" ', '[ 1e2,"é"]', 'true'];
    fc.assert(
      fc.property(
        fc.constantFrom(...stateRows),
        fc.array(fc.constantFrom(...odd), { maxLength: 3 }),
        blocks,
        (spec, after, written) => {
          const index = 'index' in spec.block ? spec.block.index : 0;
          const before = odd.slice(0, index);
          const params = Buffer.from(`[${[...before, ' "latest" ', ...after].join(' ,')}]`);
          const result = rewrite(params, spec, written, 'number');
          const [old, now] = [elements(params)[index], elements(result)[index]];
          expect(result.subarray(0, now?.start)).toEqual(params.subarray(0, old?.start));
          expect(result.subarray(now?.end)).toEqual(params.subarray(old?.end));
        },
      ),
    );
  });

  test('adds the block where it was left out', () => {
    expect(rewrite(raw([address]), methodSpec('eth_getBalance'), block, 'number').toString()).toBe(
      `["${address}","0x1234"]`,
    );
    expect(rewrite(raw([address]), methodSpec('eth_getBalance'), block, 'hash').toString()).toBe(
      `["${address}",{"blockHash":"${hash}"}]`,
    );
  });

  test('writes a bare hash for receipts, and the number where no hash is taken', () => {
    expect(rewrite(raw(['latest']), methodSpec('eth_getBlockReceipts'), block, 'hash').toString()).toBe(`["${hash}"]`);
    expect(rewrite(raw(['latest', true]), methodSpec('eth_getBlockByNumber'), block, 'hash').toString()).toBe(
      '["0x1234",true]',
    );
    expect(rewrite(raw(['0x4', 'latest', [10]]), methodSpec('eth_feeHistory'), block, 'hash').toString()).toBe(
      '["0x4","0x1234",[10]]',
    );
  });

  test('keeps the rest of a bundle context', () => {
    const params = raw([[], { transactionIndex: 3, blockNumber: 'latest' }]);
    expect(rewrite(params, methodSpec('eth_callMany'), block, 'number').toString()).toBe(
      '[[],{"transactionIndex":3,"blockNumber":"0x1234"}]',
    );
  });

  test('changes nothing where no block can be written', () => {
    for (const [method, params] of [
      ['eth_chainId', []],
      ['eth_getBlockByHash', [hash, true]],
      ['eth_getTransactionReceipt', [hash]],
      ['eth_getLogs', [{ blockHash: hash }]],
    ] as const) {
      const bytes = raw(params);
      expect(rewrite(bytes, methodSpec(method), block, 'number')).toEqual(bytes);
    }
  });

  test('writes only the ends of a log filter that mean the head', () => {
    const filter = (value: unknown) =>
      JSON.parse(rewrite(raw([value]), methodSpec('eth_getLogs'), block, 'number').toString())[0];
    expect(filter({ fromBlock: '0x1', address })).toEqual({ fromBlock: '0x1', toBlock: '0x1234', address });
    expect(filter({})).toEqual({ fromBlock: '0x1234', toBlock: '0x1234' });
    expect(filter({ fromBlock: 'finalized', toBlock: 'latest' })).toEqual({
      fromBlock: 'finalized',
      toBlock: '0x1234',
    });
    expect(filter({ fromBlock: 'earliest', toBlock: '0x5' })).toEqual({ fromBlock: 'earliest', toBlock: '0x5' });
  });
});

describe('writing a range into a log filter', () => {
  test('sets both ends and keeps what is asked for', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
        const [from, to] = a < b ? [a, b] : [b, a];
        const spec = methodSpec('eth_getLogs');
        const params = rewriteRange(
          raw([{ blockHash: null, topics: [null, hash], toBlock: 'latest' }, 'more']),
          spec,
          from,
          to,
        );
        expect(locate(spec, params)).toMatchObject({ from: { number: from }, to: { number: to } });
        const [filter] = JSON.parse(params.toString());
        expect(filter.topics).toEqual([null, hash]);
        // Some clients refuse a filter that has both, whatever stands there.
        expect(filter).not.toHaveProperty('blockHash');
        expect(JSON.parse(params.toString())[1]).toBe('more');
      }),
    );
  });

  test('does nothing to a method without a filter', () => {
    const params = raw([address, 'latest']);
    expect(rewriteRange(params, methodSpec('eth_getBalance'), 1, 2)).toBe(params);
  });
});
