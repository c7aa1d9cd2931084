import { describe, expect, test } from 'vitest';
import { failedBecause, type FailureClass, type Outcome } from '../../src/core/outcome.ts';
import { Statistics } from '../../src/upstream/statistics.ts';
import { upstreamDefaults } from '../../src/upstream/upstream-options.ts';
import { FakeClock } from '../support/fake-clock.ts';

const answered = (latencyMs: number): Outcome => ({ kind: 'answered', result: Buffer.from('1'), latencyMs });
const failed = (failure: FailureClass, retryAfterMs?: number): Outcome =>
  failedBecause(failure, 'words', { latencyMs: 9_999, retryAfterMs });
const refused: Outcome = {
  kind: 'refused',
  error: { code: 3, message: 'execution reverted' },
  raw: Buffer.from('{}'),
  latencyMs: 7,
};

const setUp = () => {
  const clock = new FakeClock();
  const stats = new Statistics(upstreamDefaults, clock, () => {});
  const run = (outcome: Outcome, times = 1): void => {
    for (let n = 0; n < times; n += 1) {
      const leave = stats.admit();
      if (leave !== undefined) stats.ended(leave, outcome);
    }
  };
  return { clock, stats, run };
};

describe('statistics', () => {
  test.each(['transport', 'timeout', 'overloaded', 'bad_reply'] as const)(
    "count %s as the node's own fault",
    (failure) => {
      const { stats, run } = setUp();
      run(failed(failure), 5);
      expect(stats.errorRate).toBeGreaterThan(0.8);
      expect(stats.breaker).toBe('open');
      expect(stats.latencyMs).toBeUndefined();
    },
  );

  test.each(['unsupported', 'missing_data', 'not_yet', 'unclassified'] as const)('count %s as an answer', (failure) => {
    const { stats, run } = setUp();
    run(failed(failure), 50);
    expect(stats).toMatchObject({ errorRate: 0, breaker: 'closed', latencyMs: 9_999 });
  });

  test("count the client's own errors as answers", () => {
    const { stats, run } = setUp();
    run(refused, 50);
    expect(stats).toMatchObject({ errorRate: 0, breaker: 'closed', latencyMs: 7 });
  });

  test('take a rate limit for no fault, and keep away as long as the node asks, or a second', () => {
    const { clock, stats, run } = setUp();
    run(failed('rate_limited'), 50);
    expect(stats).toMatchObject({ errorRate: 0, breaker: 'closed', latencyMs: undefined, limitedUntil: 1_000 });
    run(failed('rate_limited', 5_000));
    run(failed('rate_limited', 10));
    expect(stats.limitedUntil).toBe(5_000);
    clock.advance(5_000);
    expect(stats.limitedUntil).toBe(0);
  });

  test('keep away from an overloaded node that says for how long', () => {
    const { stats, run } = setUp();
    run(failed('overloaded', 3_000));
    expect(stats.limitedUntil).toBe(3_000);
  });

  test('learn nothing from what was given up', () => {
    const { stats, run } = setUp();
    run({ kind: 'cancelled' }, 50);
    expect(stats).toMatchObject({ errorRate: 0, breaker: 'closed', latencyMs: undefined, inflight: 0 });
  });

  test('take it for an error, though not for a reason to open the breaker, that another node answered first', () => {
    const { stats } = setUp();
    for (let n = 0; n < 30; n += 1) stats.overtaken();
    expect(stats.errorRate).toBeGreaterThan(0.9);
    expect(stats).toMatchObject({ breaker: 'closed', latencyMs: undefined, inflight: 0 });
  });

  test('count what is under way', () => {
    const { stats } = setUp();
    const leave = stats.admit();
    stats.admit();
    expect(stats.inflight).toBe(2);
    stats.ended(leave!, refused);
    expect(stats.inflight).toBe(1);
  });

  test('do not count a call that the breaker turned away', () => {
    const { stats, run } = setUp();
    run(failed('transport'), 5);
    expect(stats.admit()).toBeUndefined();
    expect(stats.inflight).toBe(0);
  });

  test('forget errors with time alone', () => {
    const { clock, stats, run } = setUp();
    run(failed('timeout'), 4);
    const before = stats.errorRate;
    clock.advance(upstreamDefaults.errorMemory * 3);
    expect(stats.errorRate).toBeLessThan(before / 4);
  });

  test('a false answer weighs heavily however many others went well, and is forgotten slowly', () => {
    const { clock, stats, run } = setUp();
    run(answered(5), 1000);
    stats.disproved();
    expect(stats.errorRate).toBe(0.5);
    stats.disproved();
    expect(stats.errorRate).toBeGreaterThan(0.6);
    expect(stats.breaker).toBe('closed');
    clock.advance(upstreamDefaults.lieMemory * 5);
    expect(stats.errorRate).toBeLessThan(0.05);
  });

  test('a probe of which anything was answered went well, and half-opens the breaker, which a good call closes', () => {
    const { clock, stats, run } = setUp();
    run(failed('transport'), 5);
    clock.advance(upstreamDefaults.breaker.cooldown);
    stats.probed([failed('bad_reply'), failed('transport')]);
    expect(stats.breaker).toBe('open');
    for (let n = 0; n < 3; n += 1) stats.probed([failed('unsupported'), failed('bad_reply'), answered(3)]);
    expect(stats.breaker).toBe('half-open');
    run(answered(3));
    expect(stats.breaker).toBe('closed');
    expect(stats.inflight).toBe(0);
  });

  test('failed probes raise the error rate but do not open the breaker', () => {
    const { stats } = setUp();
    for (let n = 0; n < 20; n += 1) stats.probed([failed('transport'), failed('transport')]);
    expect(stats.errorRate).toBeGreaterThan(0.9);
    expect(stats.breaker).toBe('closed');
    stats.probed([]);
  });
});
