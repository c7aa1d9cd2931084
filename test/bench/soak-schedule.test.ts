import { describe, expect, it } from 'vitest';
import { chaos, oneAtATime } from '../../bench/soak/schedule.ts';

const options = { seed: 7, seconds: 600, nodes: 3, pace: 1 };

describe('the schedule of faults', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(chaos(options)).toEqual(chaos(options));
    expect(chaos(options)).not.toEqual(chaos({ ...options, seed: 8 }));
  });

  it('holds every kind of fault, at least seventeen a minute', () => {
    const { grave, mild } = chaos(options);
    expect(new Set([...grave, ...mild].map(({ kind }) => kind)).size).toBe(20);
    expect(grave.length + mild.length).toBeGreaterThan(17 * 10);
  });

  it('lets the faults of a node whose word is worth nothing come one after the other', () => {
    const { grave, mild } = chaos(options);
    expect(grave.every(({ node, afterMs }) => node >= 0 && node < 3 && afterMs > 0)).toBe(true);
    expect(new Set(mild.map(({ kind }) => kind))).toEqual(
      new Set(['latency', 'rate-limit', 'rate-limit-told', 'some-500']),
    );
  });

  it('goes through the four plain faults and all nodes in turn', () => {
    const { grave } = oneAtATime({ ...options, seconds: 120 });
    expect(new Set(grave.map(({ kind }) => kind))).toEqual(new Set(['kill', 'freeze', 'withhold', 'restart-behind']));
    expect(new Set(grave.map(({ node }) => node))).toEqual(new Set([0, 1, 2]));
  });
});
