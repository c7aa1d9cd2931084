import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alreadyKnown, classify, nonceTooLow, prunedBelow } from '../../src/ethereum/error-class.ts';
import { logsLimit } from '../../src/ethereum/log-limits.ts';
import { counterExamples, type ErrorFixture, errorFixtures } from './fixtures/errors.ts';

const verdict = ({ status, code, message, data, method, client }: ErrorFixture): string => {
  const result = classify({ httpStatus: status ?? 200, error: { code, message, data }, method, client });
  return result.kind === 'refused' ? 'refused' : result.failure;
};

const bare = (httpStatus: number | undefined) =>
  classify({ httpStatus, error: undefined, method: 'eth_call', client: 'other' });

const error = (message: string, code = -32000) => ({ code, message });

describe('an error object', () => {
  test.each(errorFixtures)('of $from to $method, $code "$message" is $means', (fixture) => {
    expect(verdict(fixture)).toBe(fixture.means);
  });

  test.each(counterExamples)('of $from to $method, $code "$message" is nothing but $means', (fixture) => {
    expect(verdict(fixture)).toBe(fixture.means);
  });

  test('means the same over WebSocket, where there is no status', () => {
    for (const fixture of errorFixtures.filter(({ status }) => status === undefined)) {
      const { code, message, data, method, client } = fixture;
      const result = classify({ httpStatus: undefined, error: { code, message, data }, method, client });
      expect(result.kind === 'refused' ? 'refused' : result.failure, message).toBe(fixture.means);
    }
  });

  test('of a revert is refused whatever reason the contract gives', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(3, -32000, -32603, -32015), (reason, code) => {
        const result = classify({
          httpStatus: 200,
          error: error(`execution reverted: ${reason}`, code),
          method: 'eth_call',
          client: 'other',
        });
        expect(result).toEqual({ kind: 'refused' });
      }),
    );
  });

  test.each([
    [-32002, 'timeout', 'timeout'],
    [-32005, 'overloaded', 'overloaded'],
    [-32603, 'internal_error', 'transport'],
    // A contract that reverts with such a word, as some nodes tell it.
    [-32000, 'timeout', 'unclassified'],
    [-32000, 'constructor', 'unclassified'],
  ])('with code %i and reason %s is another headgate’s only where both fit', (code, reason, failure) => {
    const made = { code, message: 'as it says', data: { reason } };
    const result = classify({ httpStatus: undefined, error: made, method: 'eth_call', client: 'other' });
    expect(result).toMatchObject({ kind: 'failed', failure });
  });

  test('of any shape is classified without a throw, and fast on a megabyte of text', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer(), fc.jsonValue(), fc.string(), (message, code, data, method) => {
        const result = classify({ httpStatus: 200, error: { code, message, data }, method, client: 'other' });
        expect(['refused', 'failed']).toContain(result.kind);
      }),
    );
    const long = error(`${'block method state range limit '.repeat(40_000)}not found`);
    expect(classify({ httpStatus: 200, error: long, method: 'eth_getLogs', client: 'other' }).kind).toBe('failed');
  });
});

describe('an HTTP status', () => {
  test('429 and 402 are a limit whatever the body says', () => {
    const body = error('execution reverted', 3);
    for (const httpStatus of [429, 402]) {
      expect(bare(httpStatus)).toEqual({ kind: 'failed', failure: 'rate_limited' });
      expect(classify({ httpStatus, error: body, method: 'eth_call', client: 'geth' })).toEqual(bare(httpStatus));
    }
  });

  test('401 takes the node out: it does not let us in', () => {
    expect(bare(401)).toEqual({ kind: 'failed', failure: 'transport' });
  });

  test.each([
    [200, 'bad_reply'],
    [undefined, 'bad_reply'],
    [301, 'transport'],
    [403, 'transport'],
    [404, 'transport'],
    [413, 'unclassified'],
    [500, 'transport'],
    [502, 'transport'],
    [503, 'overloaded'],
    [504, 'timeout'],
  ])('%s without a JSON-RPC error is %s', (status, failure) => {
    expect(bare(status)).toEqual({ kind: 'failed', failure });
  });

  test('500 or 400 with a JSON-RPC error gives way to what the error says', () => {
    for (const httpStatus of [400, 500, 503]) {
      const revert = {
        httpStatus,
        error: error('execution reverted', 3),
        method: 'eth_call',
        client: 'other',
      } as const;
      expect(classify(revert)).toEqual({ kind: 'refused' });
    }
  });
});

describe('a limit on log queries', () => {
  test.each([
    ['up to a 2K block range and no limit on the response size: this block range should work', 2000],
    ['Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range.', 10],
    ['eth_getLogs is limited to a 10,000 range', 10_000],
    ['eth_getLogs and eth_newFilter are limited to a 5 blocks range', 5],
    ['eth_getLogs is limited to 5000 block range. Please check the parameter requirements', 5000],
    ['ranges over 10000 blocks are not supported on freetier', 10_000],
    ['query exceeds max block range 100000', 100_000],
    ['exceed maximum block range: 50000', 50_000],
    ['block range is larger than max block range, block range = 5120, max block range = 5000', 5000],
    ['range 1000000 exceeds limit of 10000', 10_000],
    ['requested too many blocks from 1 to 10000, maximum is set to 2048', 2048],
    ['block range is too wide (maximum 1024)', 1024],
    ['block range greater than 2000 max', 2000],
    ['Exceeded maximum block range: 1000', 1000],
    ['max block range is 100_000', 100_000],
  ])('"%s" allows %i blocks', (message, maxRange) => {
    expect(logsLimit(error(message))?.maxRange).toBe(maxRange);
  });

  test.each([
    'query returned more than 10000 results',
    'Log response size exceeded. Please reduce query block range.',
    'query exceeds max results 20000, retry with the range 100-200',
    'response size should not greater than 10000000 bytes',
    'logs matched by query exceeds limit of 10000',
    'Response is too big',
    'query timeout exceeded',
  ])('"%s" is about the result, not the range', (message) => {
    expect(logsLimit(error(message))).toEqual({ tooMany: true });
  });

  test.each(['block range is too wide', 'block range too large', 'Requested range exceeds maximum RPC range limit'])(
    '"%s" names no number',
    (message) => {
      expect(logsLimit(error(message))).toEqual({});
    },
  );

  test.each([
    ['exceed max addresses', 0],
    ['too many addresses in the filter', 0],
    ['specify less number of address', 0],
    ['eth_getLogs has 2000 addresses in its filters, the current limit is 1000', 1000],
    ['eth_getLogs takes at most 50 addresses', 50],
    ['the number of addresses exceeds 1,000', 1000],
    ['max 20 contract addresses per query', 20],
  ])('"%s" is about the addresses', (message, maxAddresses) => {
    expect(logsLimit(error(message))).toEqual({ maxAddresses });
  });

  test.each(['header not found', 'limit exceeded', 'invalid block range params', 'Exceeded max limit of 100'])(
    '"%s" is none',
    (message) => {
      expect(logsLimit(error(message))).toBeUndefined();
    },
  );

  test('is known for one where a log method was asked, and nowhere else', () => {
    const wide = error('exceed maximum block range: 5000');
    const ask = (method: string) => classify({ httpStatus: 200, error: wide, method, client: 'geth' });
    expect(ask('eth_getLogs')).toEqual({ kind: 'failed', failure: 'unclassified' });
    expect(ask('trace_filter')).toEqual(ask('eth_getLogs'));
    expect(ask('eth_call')).toEqual({ kind: 'failed', failure: 'unclassified', unknown: true });
  });
});

describe('a word on a transaction', () => {
  test.each([
    'already known',
    'AlreadyKnown',
    'known transaction: 0xab',
    'Known transaction',
    'Transaction with the same hash was already imported.',
    'transaction already imported',
    'tx already in mempool',
    'transaction already exists',
    'already have transaction',
    'ALREADY_EXISTS: already known',
    'INTERNAL_ERROR: existing tx with same hash',
    'existing txn with same hash',
  ])('"%s" says that the node has it', (message) => {
    expect(alreadyKnown(error(message))).toBe(true);
  });

  test.each([
    'replacement transaction underpriced',
    'nonce too low',
    'unknown transaction type',
    'insufficient funds',
    'a transaction with the same nonce already exists',
    'execution reverted: already known',
  ])('"%s" does not say that the node has it', (message) => {
    expect(alreadyKnown(error(message))).toBe(false);
  });

  test('a revert says nothing of it, whatever its text', () => {
    expect(alreadyKnown(error('already known', 3))).toBe(false);
  });

  test.each([
    'nonce too low',
    'a transaction with the same nonce already exists',
    'nonce too low: next nonce 7, tx nonce 5',
    'Nonce too low',
    'Transaction nonce is too low. Try incrementing the nonce.',
    'OldNonce, Current nonce: 5, nonce of rejected tx: 3',
    'the nonce has already been used',
    'INTERNAL_ERROR: nonce too low',
  ])('"%s" says that the nonce is used', (message) => {
    expect(nonceTooLow(error(message))).toBe(true);
  });

  test.each(['nonce too high', 'replacement transaction underpriced', 'already known'])(
    '"%s" does not say that the nonce is used',
    (message) => {
      expect(nonceTooLow(error(message))).toBe(false);
    },
  );
});

describe('the lowest block that a node serves', () => {
  test.each([
    ['height 5 is not available, lowest height is 100', 100],
    ['block 5 is pruned, earliest available block is 0x64', 100],
    ['state at block #1000 is pruned', 1001],
    ['missing trie node', undefined],
    ['block 5 not found', undefined],
  ])('"%s" tells %s', (message, lowest) => {
    expect(prunedBelow(error(message))).toBe(lowest);
  });
});
