import { describe, expect, it } from 'vitest';
import type { FailureClass, Outcome } from '../../src/core/outcome.ts';
import { Vitals } from '../../src/head/vitals.ts';
import { ScriptedChain } from '../support/scripted-chain.ts';

const chain = new ScriptedChain();
const block = chain.extend(chain.genesis, 3);

const answered = (result: unknown): Outcome => ({
  kind: 'answered',
  result: Buffer.from(JSON.stringify(result)),
  latencyMs: 1,
});

/** Asks at so many heartbeats; gives what was asked at each. `tags`: what the node says of settled blocks. */
const beats = (vitals: Vitals, count: number, tags: Outcome = { kind: 'cancelled' }): string[] =>
  Array.from({ length: count }, () => {
    const asked = vitals.asked();
    const outcomes = asked.map((sign) =>
      sign === 'syncing' ? answered(false) : sign === 'peers' ? answered('0x3') : tags,
    );
    vitals.take(asked, outcomes);
    return asked.join(' ');
  });

describe('the vital signs of a node', () => {
  it('are all asked for at first, and then one at each heartbeat', () => {
    expect(beats(new Vitals(), 7)).toEqual([
      'syncing safe peers finalized',
      'safe',
      'peers',
      'finalized',
      'syncing',
      'safe',
      'peers',
    ]);
  });

  it('are all asked for again once the connection is another one', () => {
    const vitals = new Vitals();
    beats(vitals, 3);
    vitals.forget();
    expect(beats(vitals, 1)).toEqual(['syncing safe peers finalized']);
  });

  it.each<[FailureClass | 'refused', string | undefined]>([
    ['refused', 'none'],
    ['unsupported', 'none'],
    ['not_yet', 'none'],
    ['missing_data', 'none'],
    ['rate_limited', undefined],
    ['overloaded', undefined],
    ['timeout', undefined],
    ['transport', undefined],
    ['bad_reply', undefined],
    ['unclassified', undefined],
  ])('have it from an error that is %s whether the node knows of settled blocks: %s', (failure, tag) => {
    const vitals = new Vitals();
    const error = { code: -32000, message: 'so it is' };
    const said = { error, raw: Buffer.from(JSON.stringify(error)), latencyMs: 1 };
    const failed = { kind: 'failed', message: 'so it is', retryAfterMs: undefined, ...said } as const;
    beats(vitals, 1, failure === 'refused' ? { kind: 'refused', ...said } : { ...failed, failure });
    expect([vitals.safe, vitals.finalized]).toEqual([tag, tag]);
  });

  it('keep the settled block that a node told while it is too busy to tell another', () => {
    const vitals = new Vitals();
    beats(vitals, 1, answered(block.header));
    beats(vitals, 4, answered('what?'));
    expect(vitals.finalized).toEqual({ number: block.number, hash: block.hash });
    beats(vitals, 4, answered(null));
    expect(vitals.finalized).toBe('none');
  });

  it('are seldom asked for where the node has none: settled blocks', () => {
    const asked = beats(new Vitals(), 33, answered(null));
    expect(asked.filter((signs) => signs === 'safe')).toHaveLength(2);
    expect(asked.filter((signs) => signs === 'peers')).toHaveLength(8);
  });
});
