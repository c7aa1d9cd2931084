import { describe, expect, it } from 'vitest';
import { BlockLog } from '../../src/subscription/block-logs.ts';
import { Witnesses } from '../../src/subscription/witnesses.ts';

const patience = 1000;
const logs = (count: number, data = '0x'): BlockLog[] =>
  Array.from({ length: count }, (_, index) => new BlockLog(index, { address: '0xaa', topics: [], data }));

describe('logs that no bloom can prove', () => {
  it('are believed when two sources say the same', () => {
    const witnesses = new Witnesses(patience);
    expect(witnesses.hear(logs(2), 'one', false, 0)).toBe(false);
    expect(witnesses.hear(logs(2), 'one', false, 10)).toBe(false);
    expect(witnesses.hear(logs(2, '0x01'), 'two', false, 20)).toBe(false);
    expect(witnesses.hear(logs(2), 'three', false, 30)).toBe(true);
  });

  it('are believed when a node draws the same from its receipts', () => {
    const witnesses = new Witnesses(patience);
    expect(witnesses.hear(logs(2), 'one', false, 0)).toBe(false);
    expect(witnesses.hear(logs(2), 'one', true, 10)).toBe(true);
  });

  it('are not believed while somebody knows of more', () => {
    const witnesses = new Witnesses(patience);
    expect(witnesses.hear(logs(3), 'one', false, 0)).toBe(false);
    expect(witnesses.hear(logs(2), 'two', false, 10)).toBe(false);
    expect(witnesses.hear(logs(2), 'three', false, 5 * patience)).toBe(false);
    expect(witnesses.hear(logs(3), 'four', false, 20)).toBe(true);
  });

  it('that there are none takes the receipts, or time, and not only two nodes that may both be late', () => {
    const witnesses = new Witnesses(patience);
    expect(witnesses.hear([], 'one', false, 0)).toBe(false);
    expect(witnesses.hear([], 'two', false, 10)).toBe(false);
    expect(witnesses.hear([], 'two', true, 20)).toBe(true);
    expect(witnesses.hear([], 'one', false, patience)).toBe(true);
  });

  it('that only one source tells are believed after a while, if nobody contradicts', () => {
    const alone = new Witnesses(patience);
    expect(alone.hear(logs(2), 'one', false, 0)).toBe(false);
    expect(alone.hear(logs(2), 'one', false, patience)).toBe(true);
    const contradicted = new Witnesses(patience);
    expect(contradicted.hear(logs(2), 'one', false, 0)).toBe(false);
    expect(contradicted.hear(logs(2, '0x01'), 'two', false, 1)).toBe(false);
    expect(contradicted.hear(logs(2), 'one', false, patience)).toBe(false);
  });
});
