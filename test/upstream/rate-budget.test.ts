import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RateBudget } from '../../src/upstream/rate-budget.ts';
import { hang, rpcError } from '../support/fake-node.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fakeNode, until, watch } from './setup.ts';

/** Calls at these moments, in ms; gives when each was let through. */
const run = (budget: RateBudget, moments: readonly number[], patience = Number.POSITIVE_INFINITY): number[] =>
  moments.flatMap((now) => {
    const wait = budget.reserve(now, patience);
    return wait === undefined ? [] : [now + wait];
  });

const mostInASecond = (moments: readonly number[]): number =>
  Math.max(0, ...moments.map((from) => moments.filter((at) => at >= from && at < from + 1000).length));

describe('a rate budget', () => {
  test('lets no second have more calls than configured, whenever they come, and whatever is refused', () => {
    const event = fc.record({ gap: fc.nat(400), calls: fc.integer({ min: 1, max: 8 }), refused: fc.boolean() });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.array(event, { maxLength: 60 }), (rate, events) => {
        const budget = new RateBudget({ requestsPerSecond: rate });
        let now = 0;
        const through = events.flatMap(({ gap, calls, refused }) => {
          now += gap;
          if (refused) budget.refused(now);
          return run(
            budget,
            Array.from({ length: calls }, () => now),
            2000,
          );
        });
        expect(mostInASecond(through)).toBeLessThanOrEqual(rate);
      }),
    );
  });

  test('gives a turn that was given back to the next who comes, and lets no second have more calls for it', () => {
    const event = fc.record({ gap: fc.nat(300), calls: fc.integer({ min: 1, max: 8 }), left: fc.array(fc.nat()) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.array(event, { maxLength: 60 }), (rate, events) => {
        const budget = new RateBudget({ requestsPerSecond: rate });
        let now = 0;
        let turns: number[] = [];
        for (const { gap, calls, left } of events) {
          now += gap;
          for (let call = 0; call < calls; call += 1) turns.push(...run(budget, [now], 2000));
          for (const index of left) {
            const ahead = turns.filter((turn) => turn > now);
            const turn = ahead[index % ahead.length];
            if (turn === undefined) continue;
            turns = turns.filter((other) => other !== turn);
            budget.giveBack(turn);
            expect(budget.waitMs(now)).toBeLessThanOrEqual(turn - now);
          }
        }
        expect(mostInASecond(turns)).toBeLessThanOrEqual(rate);
      }),
    );
  });

  test('forgets a turn that was given back once its moment has passed', () => {
    const budget = new RateBudget({ requestsPerSecond: 1 });
    expect(run(budget, [0, 0, 0])).toHaveLength(3);
    budget.giveBack(1100);
    expect(budget.reserve(1200, 5000)).toBe(2100);
  });

  test('lets steady calls below the rate through without a wait', () => {
    const budget = new RateBudget({ requestsPerSecond: 100 });
    const moments = Array.from({ length: 500 }, (_, index) => index * 12);
    expect(run(budget, moments)).toEqual(moments);
  });

  test('turns a call away that would wait longer than it can, without holding up the next', () => {
    const budget = new RateBudget({ requestsPerSecond: 1 });
    expect(budget.reserve(0, 0)).toBe(0);
    expect(budget.reserve(0, 1000)).toBeUndefined();
    expect(budget.waitMs(0)).toBe(1100);
  });

  test('knows no limit before the first refusal', () => {
    const budget = new RateBudget({ requestsPerSecond: undefined });
    expect(
      run(
        budget,
        Array.from({ length: 1000 }, () => 5),
      ),
    ).toEqual(Array.from({ length: 1000 }, () => 5));
    expect(budget.rateAt(5)).toBe(Number.POSITIVE_INFINITY);
  });

  test('asks less from a refusal on, near the refused rate slowly more again, then much more, and forgets it after some minutes', () => {
    const budget = new RateBudget({ requestsPerSecond: undefined });
    run(
      budget,
      Array.from({ length: 1000 }, (_, index) => index * 10),
    );
    budget.refused(10_000);
    const cut = budget.rateAt(10_000);
    expect(cut).toBeGreaterThan(65);
    expect(cut).toBeLessThan(75);
    const refused = cut / 0.7;
    expect(budget.rateAt(14_000)).toBeCloseTo(refused, 5);
    expect(budget.rateAt(16_000)).toBeLessThan(1.05 * refused);
    expect(budget.rateAt(25_000)).toBeGreaterThan(5 * refused);
    expect(budget.rateAt(159_000)).toBeLessThan(Number.POSITIVE_INFINITY);
    expect(budget.rateAt(160_000)).toBe(Number.POSITIVE_INFINITY);
  });

  /** A minute of more calls than a node takes a second, from the moment it first refuses; it refuses what is too much. */
  const overload = (limit: number): { taken: number; refused: number } => {
    const budget = new RateBudget({ requestsPerSecond: undefined });
    const taken: number[] = [];
    let refused = 0;
    for (let now = 0; now < 60_000; ) {
      now += 1 + (budget.reserve(now, Number.POSITIVE_INFINITY) ?? 0);
      if (taken.filter((at) => at > now - 1000).length < limit) taken.push(now);
      else {
        refused += 1;
        budget.refused(now);
      }
    }
    return { taken: taken.length, refused };
  };

  test.each([10, 40, 150])('holds a node that takes %i calls a second close below that, with few refusals', (limit) => {
    const { taken, refused } = overload(limit);
    expect(taken).toBeGreaterThan(0.8 * 60 * limit);
    expect(refused).toBeLessThan(0.02 * taken + limit);
  });

  test('asks a node that refused for some seconds as much as before within a quarter of a minute', () => {
    const budget = new RateBudget({ requestsPerSecond: undefined });
    for (let now = 0; now < 4000; now += 25) {
      budget.reserve(now, 0);
      budget.refused(now);
    }
    expect(budget.rateAt(4000)).toBeLessThan(15);
    expect(budget.rateAt(19_000)).toBeGreaterThan(40);
  });

  test('takes the refusals of one second for one lesson, and those of the next for another', () => {
    const budget = new RateBudget({ requestsPerSecond: 100 });
    run(
      budget,
      Array.from({ length: 100 }, (_, index) => index * 10),
    );
    for (let n = 0; n < 50; n += 1) budget.refused(1000);
    const once = budget.rateAt(1000);
    expect(once).toBeGreaterThan(30);
    run(
      budget,
      Array.from({ length: 100 }, (_, index) => 1000 + index * 10),
    );
    budget.refused(2000);
    expect(budget.rateAt(2000)).toBeLessThan(once);
  });

  test('never learns to ask a node more than configured, nor less than five times a second', () => {
    const budget = new RateBudget({ requestsPerSecond: 100 });
    for (let second = 1; second < 20; second += 1) budget.refused(second * 1000);
    expect(budget.rateAt(19_000)).toBe(5);
    expect(budget.rateAt(500_000)).toBe(100);
  });

  test('bends a learned rate rather than turn a call away', () => {
    const budget = new RateBudget({ requestsPerSecond: undefined });
    budget.refused(0);
    const through = run(
      budget,
      Array.from({ length: 12 }, () => 0),
      1200,
    );
    expect(through).toEqual([0, 0, 0, 0, 0, 1100, 1100, 1100, 1100, 1100, 0, 0]);
  });

  test('has calls wait for what probes used up, but not for long', () => {
    const budget = new RateBudget({ requestsPerSecond: 10 });
    budget.spend(10, 0);
    expect(budget.waitMs(0)).toBe(1100);
    budget.spend(10_000, 0);
    expect(budget.waitMs(0)).toBeLessThan(6500);
  });

  test('has a call come at once where probes have left room in the second, however small the budget', () => {
    const budget = new RateBudget({ requestsPerSecond: 5 });
    budget.spend(3, 0);
    expect(run(budget, [0, 0, 0])).toEqual([0, 0, 1100]);
  });
});

describe('an upstream with a budget', () => {
  const request = { method: 'eth_blockNumber', params: Buffer.from('[]'), heavy: false };

  test('sends each call when its turn has come', async () => {
    const node = await fakeNode({ ws: false });
    const clock = new FakeClock();
    const { upstream } = watch(node.url, { requestsPerSecond: 1 }, clock);
    expect(await upstream.call(request, 10_000).outcome).toMatchObject({ kind: 'answered' });
    const second = upstream.call(request, 10_000);
    expect(upstream.stats.limitedUntil).toBeGreaterThan(1_000);
    clock.advance(1_000);
    expect(node.count(request.method)).toBe(1);
    clock.advance(200);
    expect(await second.outcome).toMatchObject({ kind: 'answered' });
    expect(node.count(request.method)).toBe(2);
  });

  test('turns calls away that would wait too long, without blame', async () => {
    const node = await fakeNode({ ws: false });
    const { upstream } = watch(node.url, { requestsPerSecond: 1 }, new FakeClock());
    const outcomes = await Promise.all([1, 2, 3].map(() => upstream.call(request, 500).outcome));
    expect(outcomes.map((outcome) => (outcome.kind === 'failed' ? outcome.failure : outcome.kind))).toEqual([
      'answered',
      'rate_limited',
      'rate_limited',
    ]);
    expect(upstream.stats).toMatchObject({ errorRate: 0, inflight: 0 });
  });

  test('ends the calls that wait when it is closed, or when nobody wants them', async () => {
    const node = await fakeNode({ ws: false });
    const clock = new FakeClock();
    const { upstream } = watch(node.url, { requestsPerSecond: 1 }, clock);
    await upstream.call(request, 10_000).outcome;
    const [unwanted, waiting] = [upstream.call(request, 10_000), upstream.call(request, 10_000)];
    const timers = clock.pending;
    unwanted.cancel();
    expect(await unwanted.outcome).toEqual({ kind: 'cancelled' });
    expect(clock.pending).toBe(timers);
    await upstream.close();
    expect(await waiting.outcome).toEqual({ kind: 'cancelled' });
    expect(clock.pending).toBe(0);
    clock.advance(10_000);
    expect(node.count(request.method)).toBe(1);
  });

  test('has those behind a call that nobody wants any more move up, and gives the last turn to the next who comes', async () => {
    const node = await fakeNode({ ws: false });
    const clock = new FakeClock();
    const { upstream } = watch(node.url, { requestsPerSecond: 1 }, clock);
    await upstream.call(request, 60_000).outcome;
    const waiting = Array.from({ length: 6 }, () => upstream.call(request, 60_000));
    for (const call of waiting.slice(0, 4)) call.cancel();
    const next = upstream.call(request, 60_000);
    for (const [index, call] of [...waiting.slice(4), next].entries()) {
      clock.advance(1_112);
      expect(await call.outcome).toMatchObject({ kind: 'answered' });
      expect(node.count(request.method)).toBe(2 + index);
    }
    expect(upstream.stats.inflight).toBe(0);
  });

  test('gives the time that a call has left when its turn comes, and no more', async () => {
    const node = await fakeNode({ ws: false });
    const clock = new FakeClock();
    const { upstream } = watch(node.url, { requestsPerSecond: 1 }, clock);
    await upstream.call(request, 10_000).outcome;
    node.on(request.method, () => hang());
    const [unwanted, call] = [upstream.call(request, 10_000), upstream.call(request, 5_000)];
    unwanted.cancel();
    clock.advance(1_200);
    await until(() => node.count(request.method) === 2);
    clock.advance(3_850);
    expect(await call.outcome).toMatchObject({ kind: 'failed', failure: 'timeout' });
  });

  test('counts probes, which never wait', async () => {
    const node = await fakeNode({ ws: false });
    const { upstream } = watch(node.url, { requestsPerSecond: 1 }, new FakeClock());
    for (let n = 0; n < 3; n += 1) expect(await upstream.probe([request], 500)).toMatchObject([{ kind: 'answered' }]);
    expect(upstream.stats.limitedUntil).toBeGreaterThan(2_000);
  });

  test('asks a node less that answers 429', async () => {
    const node = await fakeNode({ ws: false });
    const clock = new FakeClock();
    const { upstream } = watch(node.url, { requestsPerSecond: undefined, limitedPause: 0 }, clock);
    await Promise.all(Array.from({ length: 20 }, () => upstream.call(request, 10_000).outcome));
    expect(upstream.stats.limitedUntil).toBe(0);
    node.once(request.method, () => rpcError(429, 'too many requests'));
    await upstream.call(request, 10_000).outcome;
    const calls = Array.from({ length: 30 }, () => upstream.call(request, 60_000));
    clock.advance(1_100);
    await calls[0]?.outcome;
    expect(upstream.stats.limitedUntil).toBeGreaterThan(0);
    for (const call of calls.slice(1)) call.cancel();
    await Promise.all(calls.map(({ outcome }) => outcome));
    expect(node.count(request.method)).toBeLessThan(40);
  });
});
