import { expect, it } from 'vitest';
import { BlockLog, BlockLogs } from '../../src/subscription/block-logs.ts';
import { Matchers } from '../../src/subscription/matcher.ts';
import { parseQuery } from '../../src/subscription/wish.ts';
import { ScriptedChain, ticker } from '../support/scripted-chain.ts';

const chain = new ScriptedChain();
const block = chain.mine(chain.genesis, { logs: 3 });
const logs = new BlockLogs(
  block,
  block.logs.map((log, index) => new BlockLog(index, { ...log })),
  0,
);
const matchers = new Matchers();
const query = (filter: unknown) => {
  const read = parseQuery(filter);
  if ('invalid' in read) throw new Error(read.invalid);
  return matchers.take(read);
};

it('the text of a log is made once for all who get it, whatever they asked for', () => {
  const [all, own] = [logs.select(query({})), logs.select(query({ address: ticker.address }))];
  expect(own).toHaveLength(3);
  for (const [index, log] of all.entries()) {
    expect(own[index]?.text(false)).toBe(log.text(false));
    expect(own[index]?.text(true)).toBe(log.text(true));
    expect(JSON.parse(log.text(false).toString())).toEqual(block.logs[index]);
    expect(JSON.parse(log.text(true).toString())).toEqual({ ...block.logs[index], removed: true });
  }
});

it('a block is searched once for all who ask for the same in other words', () => {
  const upper = `0x${ticker.address.slice(2).toUpperCase()}`;
  const [one, other] = [query({ address: ticker.address }), query({ address: [upper], topics: [] })];
  expect(other).toBe(one);
  expect(logs.select(other)).toBe(logs.select(one));
});
