import { describe, expect, it } from 'vitest';
import { rpcError } from '../support/fake-node.ts';
import { counts, type Pool, startPool } from './pool.ts';

interface Range {
  readonly fromBlock: string;
  readonly toBlock: string;
}

const hex = (number: number): string => `0x${number.toString(16)}`;

const blocks = ({ fromBlock, toBlock }: Range): number[] =>
  Array.from({ length: Number(toBlock) - Number(fromBlock) + 1 }, (_, n) => Number(fromBlock) + n);

const logAt = (number: number) => ({ blockNumber: hex(number), logIndex: '0x0', topics: [], data: '0x' });

/** A cheap node that takes `most` blocks a query, and a dear one that takes any. */
const startTiers = async (most: number, words: string): Promise<Pool> => {
  const pool = await startPool([{}, { config: { tier: 1 } }]);
  pool.nodes.forEach((node, tier) =>
    node.on('eth_getLogs', ([filter]) => {
      const asked = blocks(filter as Range);
      return tier === 0 && asked.length > most ? rpcError(-32005, words) : asked.map(logAt);
    }),
  );
  return pool;
};

const ask = async (pool: Pool, from: number, to: number) => {
  const { json } = await pool.call('eth_getLogs', [{ fromBlock: hex(from), toBlock: hex(to) }]);
  return json.result;
};

describe('a log query that is too large for the lower tier', () => {
  it.each([
    ['query exceeds max block range 5'],
    ['block range is too wide'],
    ['query returned more than 10000 results'],
  ])('is cut for it rather than given to a higher one, where it says "%s"', async (words) => {
    await using pool = await startTiers(5, words);
    for (const from of [1, 2]) {
      expect(await ask(pool, from, 20)).toEqual(blocks({ fromBlock: hex(from), toBlock: '0x14' }).map(logAt));
    }
    expect(counts(pool, 'eth_getLogs')[1]).toBe(0);
  });

  it('goes to a higher one where the lower one does not give it in pieces either', async () => {
    await using pool = await startTiers(0, 'query returned more than 10000 results');
    for (const node of pool.nodes) node.on('eth_getBlockReceipts', () => rpcError(-32601, 'no such method'));
    expect(await ask(pool, 1, 20)).toEqual(blocks({ fromBlock: '0x1', toBlock: '0x14' }).map(logAt));
  });

  it('goes to a higher one where the lower one fails by itself', async () => {
    await using pool = await startTiers(100, '');
    pool.nodes[0]?.on('eth_getLogs', () => rpcError(-32603, 'Internal error'));
    expect(await ask(pool, 1, 20)).toHaveLength(20);
    expect(counts(pool, 'eth_getLogs')[1]).toBe(1);
  });
});
