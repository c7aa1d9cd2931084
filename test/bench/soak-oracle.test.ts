import { describe, expect, it } from 'vitest';
import { Chronicle, type TrueBlock } from '../../bench/soak/chronicle.ts';
import { type Finished, judge } from '../../bench/soak/oracle.ts';
import { type Question, sinkOf } from '../../bench/soak/questions.ts';

const GRACE = 1000;
const word = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`;

/** A chain that grows as a test says. Block `a3` is the third of branch `a`; each holds one tick and one transfer of account 1. */
const story = () => {
  const blocks = new Map<string, TrueBlock>();
  const chronicle = new Chronicle(2);
  const add = (hash: string, parentHash: string, empty = false): void => {
    const number = Number(hash.slice(1));
    const transactions = empty ? [] : [{ hash: `tick ${hash}` }, { hash: `transfer ${number}` }];
    chronicle.expect(`tick ${hash}`, 'tick');
    chronicle.expect(`transfer ${number}`, { account: 1 });
    blocks.set(hash, { number, hash, parentHash, transactions });
  };
  const head = (hash: string, at: number): void => {
    const block = blocks.get(hash);
    if (block === undefined) throw new Error(`no block ${hash}`);
    chronicle.observe(block, (one) => blocks.get(one), at);
  };
  return { chronicle, add, head };
};

/** a0 to a3, a new head every 10,000 ms from 0 on. */
const plain = () => {
  const told = story();
  for (const [hash, parent] of [
    ['a0', ''],
    ['a1', 'a0'],
    ['a2', 'a1'],
    ['a3', 'a2'],
  ] as const) {
    told.add(hash, parent, hash === 'a0');
    told.head(hash, Number(hash.slice(1)) * 10_000);
  }
  return told;
};

const asked = (question: Question, result: unknown, over: Partial<Finished> = {}): Finished => ({
  questions: [question],
  results: [result],
  failure: undefined,
  startedAt: 25_000,
  endedAt: 25_010,
  block: undefined,
  seen: { height: 0, at: 0 },
  ...over,
});

const verdict = (chronicle: Chronicle, call: Finished): string => judge(call, chronicle, { grace: GRACE }).kind;

const logOf = (hash: string, count: number) => ({
  blockHash: hash,
  blockNumber: `0x${hash.slice(1)}`,
  transactionHash: `tick ${hash}`,
  logIndex: '0x0',
  topics: ['0x', word(count)],
});

describe('the oracle of the chaos run', () => {
  it('takes for right what was true at the newest block', () => {
    const { chronicle } = plain();
    expect(verdict(chronicle, asked({ kind: 'height' }, '0x2'))).toBe('right');
    expect(verdict(chronicle, asked({ kind: 'head' }, { hash: 'a2', number: '0x2' }))).toBe('right');
    expect(verdict(chronicle, asked({ kind: 'count', by: 'storage', at: 'latest' }, word(2)))).toBe('right');
    expect(verdict(chronicle, asked({ kind: 'count', by: 'call', at: 1 }, word(1)))).toBe('right');
    expect(verdict(chronicle, asked({ kind: 'nonce', account: 1, address: '0x' }, '0x2'))).toBe('right');
    expect(verdict(chronicle, asked({ kind: 'balance', account: 1 }, '0x77359400'))).toBe('right');
    const logs = asked({ kind: 'logs', from: 1, to: 'latest' }, [logOf('a1', 1), logOf('a2', 2)]);
    expect(verdict(chronicle, logs)).toBe('right');
  });

  it.each<readonly [string, Question, unknown]>([
    ['a height that nobody has', { kind: 'height' }, '0x5'],
    ['a height long gone', { kind: 'height' }, '0x1'],
    ['a head with an invented hash', { kind: 'head' }, { hash: 'b2', number: '0x2' }],
    ['no head', { kind: 'head' }, null],
    ['no block at a height that there is', { kind: 'block', number: 1 }, null],
    ['a state of yesterday', { kind: 'count', by: 'storage', at: 'latest' }, word(1)],
    ['a state of tomorrow', { kind: 'count', by: 'storage', at: 'latest' }, word(3)],
    ['no logs', { kind: 'logs', from: 1, to: 'latest' }, []],
    ['logs with a gap', { kind: 'logs', from: 1, to: 2 }, [logOf('a2', 2)]],
    ['logs twice', { kind: 'logs', from: 2, to: 2 }, [logOf('a2', 2), logOf('a2', 2)]],
    ['logs in the wrong order', { kind: 'logs', from: 1, to: 2 }, [logOf('a2', 2), logOf('a1', 1)]],
    ['logs for a range beyond the head', { kind: 'logs', from: 3, to: 3 }, []],
    ['no receipt for what is mined', { kind: 'receipt', hash: 'tick a1' }, null],
    ['a receipt of a block that never was', { kind: 'receipt', hash: 'tick a1' }, { blockHash: 'b1' }],
    ['no transaction', { kind: 'transaction', hash: 'tick a1' }, null],
    ['a pending nonce that forgets', { kind: 'pending-nonce', address: '0x', least: 3 }, '0x2'],
    ['no code', { kind: 'code' }, '0x'],
    ['another hash for what was sent', { kind: 'send', raw: '0x', hash: 'h' }, 'g'],
  ])('takes for wrong: %s', (_name, question, result) => {
    expect(verdict(plain().chronicle, asked(question, result))).toBe('wrong');
  });

  it('lets the block before be told for a moment after a new one, and says how old it was', () => {
    const { chronicle } = plain();
    const early = asked({ kind: 'height' }, '0x1', { startedAt: 20_500, endedAt: 20_510 });
    expect(judge(early, chronicle, { grace: GRACE })).toEqual({ kind: 'right', staleMs: 500 });
    expect(verdict(chronicle, { ...early, startedAt: 21_500, endedAt: 21_510 })).toBe('wrong');
  });

  it('takes a step back for one, unless a reorganisation came in between', () => {
    const { chronicle, add, head } = plain();
    const back = asked({ kind: 'height' }, '0x1', {
      startedAt: 20_500,
      endedAt: 20_510,
      seen: { height: 2, at: 20_400 },
    });
    expect(verdict(chronicle, back)).toBe('backwards');
    add('b3', 'a2');
    head('a2', 40_000);
    head('b3', 40_100);
    const during = { ...back, results: ['0x2'], startedAt: 40_050, endedAt: 40_060, seen: { height: 3, at: 39_000 } };
    expect(verdict(chronicle, during)).toBe('right');
  });

  it('takes the answer to be true at the block that the header names, and at no other', () => {
    const { chronicle } = plain();
    const count: Question = { kind: 'count', by: 'storage', at: 'latest' };
    const early = { startedAt: 20_500, endedAt: 20_510 };
    expect(verdict(chronicle, asked(count, word(2), { ...early, block: 2 }))).toBe('right');
    expect(verdict(chronicle, asked(count, word(1), { ...early, block: 2 }))).toBe('wrong');
    expect(verdict(chronicle, asked(count, word(2), { ...early, block: 7 }))).toBe('wrong');
  });

  it('takes a batch for wrong whose items are true at different blocks', () => {
    const { chronicle } = plain();
    const questions: Question[] = [{ kind: 'height' }, { kind: 'count', by: 'call', at: 'latest' }];
    const call = asked({ kind: 'height' }, '0x2', { startedAt: 20_500, endedAt: 20_510, questions });
    expect(verdict(chronicle, { ...call, results: ['0x2', word(2)] })).toBe('right');
    expect(verdict(chronicle, { ...call, results: ['0x1', word(1)] })).toBe('right');
    expect(verdict(chronicle, { ...call, results: ['0x2', word(1)] })).toBe('wrong');
  });

  it('knows both branches of a reorganisation while it is fresh, and only the new one later', () => {
    const { chronicle, add, head } = plain();
    add('b3', 'a2', true);
    add('b4', 'b3');
    head('b4', 40_000);
    const logs: Question = { kind: 'logs', from: 2, to: 3 };
    const fresh = { startedAt: 40_100, endedAt: 40_110 };
    const late = { startedAt: 42_000, endedAt: 42_010 };
    expect(verdict(chronicle, asked(logs, [logOf('a2', 2), logOf('a3', 3)], fresh))).toBe('right');
    expect(verdict(chronicle, asked(logs, [logOf('a2', 2), logOf('a3', 3)], late))).toBe('wrong');
    expect(verdict(chronicle, asked(logs, [logOf('a2', 2)], late))).toBe('right');
    expect(verdict(chronicle, asked({ kind: 'receipt', hash: 'tick a3' }, null, late))).toBe('right');
    expect(verdict(chronicle, asked({ kind: 'count', by: 'storage', at: 'latest' }, word(3), late))).toBe('right');
  });

  it('counts every call without an answer as failed, with the words it was told', () => {
    const call = asked({ kind: 'height' }, undefined, { failure: 'socket hang up' });
    expect(judge(call, plain().chronicle, { grace: GRACE })).toEqual({ kind: 'failed', why: 'socket hang up' });
  });

  it('pays each account’s transfers to an address of their own', () => {
    expect(sinkOf(1)).toMatch(/^0x51[0-9a-f]{38}$/);
    expect(sinkOf(1)).not.toBe(sinkOf(2));
  });
});
