import { describe, expect, it } from 'vitest';
import { HeadOracle, LogOracle, noFaults, Truth } from '../support/fold-oracle.ts';
import { type ScriptedBlock, ScriptedChain } from '../support/scripted-chain.ts';

const chain = new ScriptedChain();
const start = chain.extend(chain.genesis, 20);
const head = chain.extend(start, 4, { logs: 2 });
const other = chain.extend(start, 5, { salt: 'other', logs: 1 });

type Told = readonly (readonly ['+' | '-', ScriptedBlock['logs'][number] | undefined])[];

const logsOf = (to: ScriptedBlock): ScriptedBlock['logs'] => chain.branch(to, 21).flatMap(({ logs }) => logs);
const all = logsOf(head);
const added = (logs: ScriptedBlock['logs']): Told => logs.map((log) => ['+', log]);
const removed = (logs: ScriptedBlock['logs']): Told => logs.toReversed().map((log) => ['-', log]);

const judge = (told: Told, end = head): LogOracle => {
  const oracle = new LogOracle(new Truth(chain), start);
  for (const [sign, log] of told) if (log !== undefined) oracle.take({ ...log, removed: sign === '-' });
  oracle.end(end);
  return oracle;
};

describe('the oracle of logs', () => {
  it('has nothing against a stream that is whole, also through a reorganisation, and knows how much was due', () => {
    expect(judge(added(all))).toMatchObject({ faults: noFaults(), expected: 8, events: 8 });
    const through = judge([...added(all), ...removed(all), ...added(logsOf(other))], other);
    expect(through).toMatchObject({ faults: noFaults(), expected: 5, events: 21 });
  });

  it.each<[string, Told, object, ScriptedBlock?]>([
    ['a gap', added(all.toSpliced(3, 2)), { missing: 2 }],
    ['an end that never came', added(all.slice(0, 5)), { missing: 3 }],
    ['an event that came twice', added([...all, ...all.slice(-1)]), { doubled: 1 }],
    ['an event that came late', added([...all.toSpliced(3, 1), ...all.slice(3, 4)]), { outOfOrder: 1 }],
    ['logs that were never taken back', added([...all, ...logsOf(other)]), { phantom: 8, outOfOrder: 1 }, other],
    [
      'a gap in blocks that were taken back later, too',
      [...added(all.toSpliced(3, 2)), ...removed(all.toSpliced(3, 2)), ...added(logsOf(other))],
      { missing: 2 },
      other,
    ],
    [
      'logs taken back oldest first',
      [...added(all), ...removed(all).toReversed(), ...added(logsOf(other))],
      { outOfOrder: 7 },
      other,
    ],
    ['a log taken back that was not there', [...removed(all.slice(0, 1)), ...added(all)], { wronglyRemoved: 1 }],
  ])('finds %s', (_what, told, faults, end) => {
    expect(judge(told, end).faults).toEqual({ ...noFaults(), ...faults });
  });
});

const follow = (blocks: readonly ScriptedBlock[], end = head): HeadOracle => {
  const oracle = new HeadOracle(chain, start);
  for (const block of blocks) oracle.take(block);
  oracle.end(end);
  return oracle;
};

describe('the oracle of heads', () => {
  it('has nothing against a chain that is whole, and knows how much was due', () => {
    const blocks = chain.branch(head, 21);
    expect(follow(blocks)).toMatchObject({ faults: noFaults(), expected: 4 });
    expect(follow([...blocks, ...chain.branch(other, 21)], other)).toMatchObject({ faults: noFaults(), expected: 5 });
  });

  it('finds what was passed over, came twice, or never came', () => {
    const blocks = chain.branch(head, 21);
    expect(follow(blocks.toSpliced(1, 2)).faults).toEqual({ ...noFaults(), missing: 2, orphanHeads: 1 });
    expect(follow([...blocks, ...blocks.slice(-1)]).faults).toEqual({ ...noFaults(), doubled: 1 });
    expect(follow(blocks.slice(0, 3)).faults).toEqual({ ...noFaults(), missing: 1 });
    expect(follow([...blocks, ...chain.branch(other, 21)]).faults).toEqual({ ...noFaults(), missing: 1 });
  });
});
