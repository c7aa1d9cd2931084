import { describe, expect, test } from 'vitest';
import { breakerDefaults, CircuitBreaker, tooManyFaults } from '../../src/upstream/circuit-breaker.ts';
import { FakeClock } from '../support/fake-clock.ts';

const options = { ...breakerDefaults, consecutive: 3, cooldown: 1_000, maxCooldown: 3_000, relapse: 10_000, probes: 3 };

const setUp = () => {
  const clock = new FakeClock();
  const seen: string[] = [];
  const breaker = new CircuitBreaker(options, clock, () => seen.push(breaker.state));
  /** A call that is begun and over at once; false where it was turned away. */
  const call = (end: 'succeeded' | 'failed' | 'withdrawn'): boolean => {
    const leave = breaker.admit();
    if (leave !== undefined) breaker[end](leave);
    return leave !== undefined;
  };
  const breakIt = (): void => {
    for (let n = 0; n < 3; n += 1) call('failed');
  };
  /** Ms until a good probe every ms half-opens it. */
  const rest = (): number => {
    const start = clock.now();
    while (breaker.state === 'open') {
      clock.advance(1);
      breaker.probeSucceeded();
    }
    return clock.now() - start;
  };
  return { clock, breaker, seen, call, breakIt, rest };
};

const broken = () => {
  const all = setUp();
  all.breakIt();
  return all;
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
  test('opens after faults in a row, which a good call interrupts', () => {
    const { breaker, call } = setUp();
    call('failed');
    call('failed');
    call('succeeded');
    call('failed');
    call('failed');
    expect(breaker.state).toBe('closed');
    call('failed');
    expect(breaker.state).toBe('open');
    expect(breaker.admit()).toBeUndefined();
  });

  test('opens when half of many attempts fail, though others succeed between', () => {
    const { breaker, call } = setUp();
    for (let n = 0; n < 10; n += 1) {
      expect(breaker.state).toBe('closed');
      call('succeeded');
      call('failed');
    }
    expect(breaker.state).toBe('open');
  });

  test('opens as soon when probes go well all the while', () => {
    const { breaker, call } = setUp();
    for (let n = 0; n < 3; n += 1) {
      expect(breaker.state).toBe('closed');
      call('failed');
      for (let probe = 0; probe < 50; probe += 1) breaker.probeSucceeded();
    }
    expect(breaker.state).toBe('open');
  });

  test('forgets faults of long ago', () => {
    const { clock, breaker, call } = setUp();
    for (let n = 0; n < 60; n += 1) {
      call('failed');
      call('succeeded');
      clock.advance(options.window);
    }
    expect(breaker.state).toBe('closed');
  });

  test('stays open for its cooldown even when a late answer or a probe is good', () => {
    const { clock, breaker } = setUp();
    const leaves = Array.from({ length: 4 }, () => breaker.admit()!);
    for (const leave of leaves.slice(1)) breaker.failed(leave);
    clock.advance(999);
    breaker.succeeded(leaves[0]!);
    breaker.probeSucceeded();
    expect(breaker.state).toBe('open');
  });

  test('stays open after its cooldown until a probe goes well, which half-opens it', () => {
    const { clock, breaker } = broken();
    clock.advance(60_000);
    breaker.probeFailed();
    expect([breaker.state, breaker.admit()]).toEqual(['open', undefined]);
    breaker.probeSucceeded();
    expect(breaker.state).toBe('half-open');
  });

  test('half open lets one trial through at a time', () => {
    const { breaker, call, rest } = broken();
    rest();
    expect(breaker.turnsAway).toBe(false);
    const trial = breaker.admit();
    expect([trial?.trial, breaker.admit(), breaker.turnsAway]).toEqual([true, undefined, true]);
    breaker.withdrawn(trial!);
    expect(breaker.turnsAway).toBe(false);
    expect(call('withdrawn')).toBe(true);
    expect(breaker.state).toBe('half-open');
  });

  test('tells those who wait that there is room for a trial again', () => {
    const { call, rest, seen } = broken();
    rest();
    expect(seen).toEqual(['open', 'half-open']);
    call('withdrawn');
    expect(seen).toEqual(['open', 'half-open', 'half-open']);
  });

  test('half open closes with a good trial, and with no call that began before', () => {
    const { breaker, rest } = setUp();
    const leaves = Array.from({ length: 6 }, () => breaker.admit()!);
    for (const leave of leaves.slice(3)) breaker.failed(leave);
    rest();
    breaker.succeeded(leaves[0]!);
    breaker.failed(leaves[1]!);
    const trial = breaker.admit()!;
    breaker.withdrawn(leaves[2]!);
    expect([breaker.state, breaker.admit()]).toEqual(['half-open', undefined]);
    breaker.succeeded(trial);
    expect(breaker.state).toBe('closed');
  });

  test('however well its probes go, a node that fails every call is left alone for twice as long each time, up to a limit', () => {
    const { clock, breaker, call, rest } = broken();
    const rests = [1, 2, 3, 4].map(() => {
      const rested = rest();
      call('failed');
      return rested;
    });
    expect(rests).toEqual([1_000, 2_000, 3_000, 3_000]);
    let calls = 0;
    for (let ms = 0; ms < 60_000; ms += 50) {
      clock.advance(50);
      breaker.probeSucceeded();
      if (call('failed')) calls += 1;
    }
    expect(calls).toBe(20);
  });

  test('however long a node has failed every call, it is tried again within a block of 12 s once it is well', () => {
    const clock = new FakeClock();
    const breaker = new CircuitBreaker(breakerDefaults, clock, () => undefined);
    const begun = clock.now();
    /** When the last call failed: the node is well from then on. */
    let wellSince: number | undefined;
    for (let served = false; !served; ) {
      clock.advance(100);
      const passed = clock.now() - begun;
      if (passed % 2_000 === 0) breaker.probeSucceeded();
      const leave = breaker.admit();
      served = leave !== undefined && wellSince !== undefined;
      if (leave !== undefined) breaker[served ? 'succeeded' : 'failed'](leave);
      if (passed >= 3_600_000 && leave !== undefined) wellSince ??= clock.now();
    }
    if (wellSince === undefined) throw new Error('the node was never tried');
    expect(clock.now() - wellSince).toBeLessThan(12_000);
  });

  test('half open opens again with a bad probe, for twice as long', () => {
    const { breaker, rest } = broken();
    rest();
    breaker.probeFailed();
    expect(breaker.state).toBe('open');
    expect(rest()).toBe(2_000);
  });

  test('closes after good probes over a cooldown where nobody calls, and opens with the first failure, for longer', () => {
    const { clock, breaker, call, rest } = broken();
    rest();
    for (let n = 0; n < 10; n += 1) breaker.probeSucceeded();
    expect(breaker.state).toBe('half-open');
    clock.advance(1_000);
    breaker.probeSucceeded();
    expect(breaker.state).toBe('closed');
    call('failed');
    expect(breaker.state).toBe('open');
    expect(rest()).toBe(2_000);
    clock.advance(2_000);
    breaker.probeSucceeded();
    expect(breaker.state).toBe('half-open');
    breaker.probeSucceeded();
    expect(breaker.state).toBe('closed');
    call('succeeded');
    call('failed');
    expect(breaker.state).toBe('closed');
  });

  test('does not close by probes while a trial is under way', () => {
    const { clock, breaker, rest } = broken();
    rest();
    breaker.admit();
    clock.advance(5_000);
    for (let n = 0; n < 10; n += 1) breaker.probeSucceeded();
    expect(breaker.state).toBe('half-open');
  });

  test.each([
    ['soon after it closed goes on with the doubled cooldown', 9_999, 2_000],
    ['long after it closed begins anew', 10_000, 1_000],
  ])('opening %s', (_, later, cooldown) => {
    const { clock, call, breakIt, rest } = broken();
    rest();
    call('succeeded');
    clock.advance(later);
    breakIt();
    expect(rest()).toBe(cooldown);
  });

  test('tells each change of its state once it has changed', () => {
    const { seen, breaker, call, breakIt, rest } = setUp();
    call('succeeded');
    breakIt();
    rest();
    breaker.probeFailed();
    rest();
    call('succeeded');
    expect(seen).toEqual(['open', 'half-open', 'open', 'half-open', 'closed']);
  });

  test('closed does not count failed probes', () => {
    const { breaker } = setUp();
    for (let n = 0; n < 10; n += 1) breaker.probeFailed();
    expect(breaker.state).toBe('closed');
  });
});
