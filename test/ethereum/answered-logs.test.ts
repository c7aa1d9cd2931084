import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLogs, readLogsOfReceipts } from '../../src/ethereum/answered-logs.ts';

const log = {
  address: `0x${'aa'.repeat(20)}`,
  topics: [`0x${'01'.repeat(32)}`],
  data: '0x',
  blockNumber: '0x10',
  blockHash: `0x${'02'.repeat(32)}`,
  transactionHash: `0x${'03'.repeat(32)}`,
  transactionIndex: '0x0',
  logIndex: '0x0',
  removed: false,
};
const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** Members that no log has. */
const wrong: readonly (readonly [string, unknown])[] = [
  ['a log that is null', null],
  ['a log that is a list', []],
  ['an address that is none', { ...log, address: '0x12' }],
  ['a hash that no text can be made of', { ...log, blockHash: { toString: null } }],
  ['a height that no number can be made of', { ...log, blockNumber: { valueOf: null, toString: null } }],
  ['a pending log', { ...log, blockHash: null, blockNumber: null, logIndex: null }],
  ['an index in decimals', { ...log, logIndex: 0 }],
  ['topics that are none', { ...log, topics: 'none' }],
  ['a topic that is null', { ...log, topics: [null] }],
  ['a log that is nested deep', { ...log, extra: nested(3000) }],
];

describe('the logs in an answer', () => {
  it('are read with whatever else the node says of them', () => {
    expect(readLogs(bytes([log, { ...log, blockTimestamp: '0x1' }]))).toEqual([log, { ...log, blockTimestamp: '0x1' }]);
    expect(readLogs(bytes([]))).toEqual([]);
    expect(readLogs(Buffer.from(' [] '))).toEqual([]);
  });

  it('are read out of receipts, in their order', () => {
    const other = { ...log, logIndex: '0x1' };
    expect(readLogsOfReceipts(bytes([{ logs: [log] }, { logs: [] }, { logs: [other] }]))).toEqual([log, other]);
  });

  it.each(wrong)('are not read from %s', (_, value) => {
    expect(readLogs(bytes([log, value]))).toBeUndefined();
    expect(readLogsOfReceipts(bytes([{ logs: [value] }]))).toBeUndefined();
  });

  it('are not read from as few bytes as logs take, cut into millions of values', () => {
    const cut = { ...log, extra: Array.from({ length: 1_000_000 }, () => 0) };
    expect(readLogs(bytes([log, cut]))).toBeUndefined();
    expect(readLogsOfReceipts(bytes([{ logs: [cut] }]))).toBeUndefined();
    expect(readLogs(bytes([{ ...log, extra: cut.extra.slice(0, 900_000) }]))).toHaveLength(1);
  });

  it.each([[null], [[null]], [[{}]], [[{ logs: null }]], [{ logs: [] }], ['']])(
    'are not read from %j as receipts',
    (value) => {
      expect(readLogsOfReceipts(bytes(value))).toBeUndefined();
    },
  );

  it('are not read from anything else, and nothing is thrown', () => {
    const answers = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((text) => `[${text}]`),
    );
    fc.assert(
      fc.property(answers, (text) => {
        expect(readLogs(Buffer.from(text)) ?? []).toEqual([]);
        expect(readLogsOfReceipts(Buffer.from(text)) ?? []).toEqual([]);
      }),
    );
  });
});
