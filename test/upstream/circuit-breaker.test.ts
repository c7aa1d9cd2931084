import { describe, expect, test } from 'vitest';
import { breakerDefaults, CircuitBreaker, tooManyFaults } from '../../src/upstream/circuit-breaker.ts';
import { FakeClock } from '../support/fake-clock.ts';

const options = { ...breakerDefaults, consecutive: 3, cooldown: 1_000, maxCooldown: 3_000 };

const broken = () => {
  const clock = new FakeClock();
  const breaker = new CircuitBreaker(options, clock);
  for (let n = 0; n < 3; n += 1) breaker.failed();
  return { clock, breaker };
};

describe('the rule', () => {
  test.each([
    [{ consecutive: 2, faults: 2, attempts: 2 }, false],
    [{ consecutive: 3, faults: 3, attempts: 3 }, true],
    [{ consecutive: 0, faults: 10, attempts: 20 }, true],
    [{ consecutive: 0, faults: 9, attempts: 20 }, false],
    [{ consecutive: 0, faults: 18, attempts: 19 }, false],
  ])('of %j says %s', (record, expected) => {
    expect(tooManyFaults(options, record)).toBe(expected);
  });
});

describe('a circuit breaker', () => {
  test('opens after faults in a row, which a success or a good probe interrupts', () => {
    const breaker = new CircuitBreaker(options, new FakeClock());
    breaker.failed();
    breaker.failed();
    breaker.succeeded();
    breaker.failed();
    breaker.failed();
    expect(breaker.state).toBe('closed');
    breaker.failed();
    expect(breaker.state).toBe('open');
    expect(breaker.admit()).toBe(false);
  });

  test('opens when half of many attempts fail, though others succeed between', () => {
    const breaker = new CircuitBreaker(options, new FakeClock());
    for (let n = 0; n < 10; n += 1) {
      expect(breaker.state).toBe('closed');
      breaker.succeeded();
      breaker.failed();
    }
    expect(breaker.state).toBe('open');
  });

  test('forgets faults of long ago', () => {
    const clock = new FakeClock();
    const breaker = new CircuitBreaker(options, clock);
    for (let n = 0; n < 60; n += 1) {
      breaker.failed();
      breaker.succeeded();
      clock.advance(options.window);
    }
    expect(breaker.state).toBe('closed');
  });

  test('stays open for its cooldown even when a late answer or a probe is good', () => {
    const { clock, breaker } = broken();
    clock.advance(999);
    breaker.succeeded();
    expect(breaker.state).toBe('open');
    clock.advance(1);
    expect(breaker.state).toBe('half-open');
  });

  test('half open lets one trial through at a time', () => {
    const { clock, breaker } = broken();
    clock.advance(1_000);
    expect([breaker.admit(), breaker.admit()]).toEqual([true, false]);
    breaker.withdrawn();
    expect([breaker.admit(), breaker.admit()]).toEqual([true, false]);
  });

  test('half open closes with a good trial or probe', () => {
    const { clock, breaker } = broken();
    clock.advance(1_000);
    breaker.succeeded();
    expect(breaker.state).toBe('closed');
    breaker.failed();
    breaker.failed();
    expect(breaker.state).toBe('closed');
  });

  test('half open opens again with a bad trial or probe, for twice as long each time, up to a limit', () => {
    const { clock, breaker } = broken();
    for (const cooldown of [1_000, 2_000, 3_000, 3_000]) {
      clock.advance(cooldown - 1);
      expect(breaker.state).toBe('open');
      clock.advance(1);
      expect(breaker.state).toBe('half-open');
      breaker.probeFailed();
    }
  });

  test('closed does not count failed probes', () => {
    const breaker = new CircuitBreaker(options, new FakeClock());
    for (let n = 0; n < 10; n += 1) breaker.probeFailed();
    expect(breaker.state).toBe('closed');
  });
});
