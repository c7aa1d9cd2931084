import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/core/outcome.ts';
import { Vitals } from '../../src/head/vitals.ts';

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

  it('are seldom asked for where the node has none: settled blocks', () => {
    const asked = beats(new Vitals(), 33, answered(null));
    expect(asked.filter((signs) => signs === 'safe')).toHaveLength(2);
    expect(asked.filter((signs) => signs === 'peers')).toHaveLength(8);
  });
});
