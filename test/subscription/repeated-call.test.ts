import { describe, expect, it } from 'vitest';
import { localReply, refuse, type Reply } from '../../src/core/reply.ts';
import type { Cancellation } from '../../src/lib/cancellation.ts';
import { RepeatedCall } from '../../src/subscription/repeated-call.ts';
import { ByteBudget } from '../../src/lib/byte-budget.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** Bytes of the results that are kept. */
const ROOM = 100;
const line = { onDrain: () => {} };
const value = (text: string): Reply => localReply(Buffer.from(JSON.stringify(text)));
const failure = refuse('no_upstream', 'nobody is there');

/** A call whose answers the test gives in turn, the last one for good. */
const repeating = (...answers: (Reply | Error)[]) => {
  const clock = new FakeClock();
  const results = new ByteBudget(ROOM);
  const asked: Cancellation[] = [];
  const faults: unknown[] = [];
  const told: string[] = [];
  const repeated = new RepeatedCall(
    { initial: 1000, max: 4000 },
    { results, clock, random: () => 0.999_999, faulted: (error) => faults.push(error) },
    async (cancellation) => {
      asked.push(cancellation);
      const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? failure;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  );
  const opened = repeated.open(line, (result) => told.push(JSON.parse(result.toString())) > 0);
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const after = async (ms: number): Promise<number> => {
    clock.advance(ms);
    await settled();
    return asked.length;
  };
  return { clock, results, asked, faults, told, repeated, opened, settled, after };
};

describe('a call that is made again and again', () => {
  it('is made again soon where it failed, though no head moves, and less and less often', async () => {
    const { told, opened, settled, after } = repeating(failure, failure, failure, failure, value('a'));
    opened.start();
    await settled();
    expect([await after(999), await after(1), await after(1999), await after(1)]).toEqual([1, 2, 2, 3]);
    expect([await after(3999), await after(1), await after(3999), await after(1)]).toEqual([3, 4, 4, 5]);
    expect(told).toEqual(['a']);
    expect(await after(100_000)).toBe(5);
  });

  it('waits as at first after a failure that follows a success, and not at all when the head moves', async () => {
    const { told, repeated, opened, settled, after } = repeating(failure, value('a'), failure, value('b'), value('c'));
    opened.start();
    await settled();
    expect(await after(1000)).toBe(2);
    repeated.run();
    await settled();
    expect([await after(0), await after(999), await after(1)]).toEqual([3, 3, 4]);
    repeated.run();
    await settled();
    expect(told).toEqual(['a', 'b', 'c']);
  });

  it('is made again after a fault of ours, of which the operator is told', async () => {
    const fault = new Error('a bug');
    const { told, faults: met, opened, settled, after } = repeating(fault, value('a'));
    opened.start();
    await settled();
    expect(met).toEqual([fault]);
    expect(await after(1000)).toBe(2);
    expect(told).toEqual(['a']);
  });

  it('is not made where nobody listens, and leaves no timer and no question behind when it is closed', async () => {
    const { clock, asked, repeated, opened, settled, after } = repeating(failure);
    repeated.run();
    await settled();
    expect(asked).toEqual([]);
    opened.start();
    await settled();
    expect(clock.pending).toBe(1);
    opened.close();
    repeated.close();
    expect([clock.pending, asked[0]?.cancelled]).toEqual([0, true]);
    repeated.run();
    expect(await after(100_000)).toBe(1);
  });

  it('is not tried again once the last one who listened has left', async () => {
    const { clock, opened, settled, after } = repeating(failure);
    opened.start();
    await settled();
    opened.close();
    expect(await after(100_000)).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('is made once more for who comes later where its result was too large to be kept', async () => {
    const { asked, results, told, repeated, opened, settled } = repeating(value('x'.repeat(ROOM)));
    opened.start();
    await settled();
    const late: number[] = [];
    repeated.open(line, (result) => late.push(result.length) > 0).start();
    await settled();
    expect([asked.length, told.length, late]).toEqual([2, 1, [ROOM + 2]]);
    expect(results.keep(ROOM)).toBeDefined();
  });

  it('keeps its result for who comes later, until it is closed', async () => {
    const { asked, results, repeated, opened, settled } = repeating(value('x'.repeat(ROOM - 2)));
    opened.start();
    await settled();
    const late: number[] = [];
    repeated.open(line, (result) => late.push(result.length) > 0).start();
    await settled();
    expect([asked.length, late, results.keep(1)]).toEqual([1, [ROOM], undefined]);
    repeated.close();
    expect(results.keep(ROOM)).toBeDefined();
  });
});
