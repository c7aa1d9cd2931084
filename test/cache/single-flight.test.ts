import { describe, expect, it } from 'vitest';
import { SingleFlight } from '../../src/cache/single-flight.ts';
import type { Call } from '../../src/core/call.ts';
import { localReply, refuse, type Reply } from '../../src/core/reply.ts';
import { Cancellation } from '../../src/lib/cancellation.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { aCall } from '../telemetry/events.ts';
import { ScriptedBranch } from './chain.ts';

/** Flights whose questions are answered by hand. */
const flying = () => {
  const clock = new FakeClock();
  const flights = new SingleFlight(clock);
  const asked: { readonly call: Call; readonly answer: (reply: Reply) => void }[] = [];
  const ask = (call: Call): Promise<Reply> => {
    const { promise, resolve } = Promise.withResolvers<Reply>();
    asked.push({ call, answer: resolve });
    return promise;
  };
  const join = (changes: Partial<Call> = {}, identity = 'x') =>
    flights.join(identity, aCall('eth_call', { deadline: 1000, ...changes }), ask);
  return { clock, flights, asked, join };
};

const truth = localReply(Buffer.from('"0x1"'), { source: 'miss', upstream: 'a', attempts: 1, block: 100 });
/** Lets everything run that waits for nothing but its turn. */
const turn = () => new Promise((resolve) => setImmediate(resolve));
const settled = async (promise: Promise<unknown>): Promise<boolean> => {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await turn();
  return done;
};

describe('SingleFlight', () => {
  it('asks once for all who ask for the same at the same time', async () => {
    const { asked, flights, join } = flying();
    const replies = Array.from({ length: 500 }, () => join());
    const other = join({}, 'y');
    expect(asked).toHaveLength(2);
    expect(flights.size).toBe(2);
    for (const { answer } of asked) answer(truth);
    const sources = (await Promise.all(replies)).map(({ info }) => info.source);
    expect(sources).toEqual(['miss', ...Array.from({ length: 499 }, () => 'coalesced')]);
    expect((await other).info.source).toBe('miss');
    expect(flights.size).toBe(0);
  });

  it('tells each call the head that it came with', async () => {
    const { asked, join } = flying();
    const replies = [100, 101].map((number) => join({ head: new ScriptedBranch(number).head }));
    asked[0]?.answer(truth);
    expect((await Promise.all(replies)).map(({ info }) => info.block)).toEqual([100, 101]);
  });

  it('does not wait for the reading of the one who asked first, on whom the others do not depend', () => {
    const { asked, join } = flying();
    void join({ memory: { take: () => new Promise(() => {}), settle: () => true } });
    expect(asked[0]?.call.memory).toBeUndefined();
  });

  it('shares what came of it with nobody who comes later', async () => {
    const { asked, join } = flying();
    const first = [join(), join()];
    asked[0]?.answer(refuse('upstreams_failed', 'all are gone'));
    expect((await Promise.all(first)).map(({ ok }) => ok)).toEqual([false, false]);
    const second = join();
    expect(asked).toHaveLength(2);
    asked[1]?.answer(truth);
    expect(await second).toBe(truth);
  });

  it('throws a fault of ours on to all who wait, and asks anew for the next', async () => {
    const { clock, flights, join } = flying();
    const { promise, reject } = Promise.withResolvers<Reply>();
    const waiting = [0, 1, 2].map(() => flights.join('x', aCall('eth_call', { deadline: 1000 }), () => promise));
    reject(new TypeError('a bug'));
    const ends = await Promise.allSettled(waiting);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect([flights.size, clock.pending]).toEqual([0, 0]);
    void join();
    expect(flights.size).toBe(1);
  });

  it('goes on for the others when the one who asked first leaves', async () => {
    const { asked, join } = flying();
    const cancellation = new Cancellation();
    const first = join({ cancellation });
    const second = join();
    cancellation.cancel();
    expect(await first).toMatchObject({ ok: false });
    expect(asked[0]?.call.cancellation.cancelled).toBe(false);
    asked[0]?.answer(truth);
    expect(await second).toMatchObject({ ok: true, info: { source: 'coalesced' } });
  });

  it('is given up when the last one has left, and then belongs to nobody', async () => {
    const { asked, flights, join } = flying();
    const cancellations = [new Cancellation(), new Cancellation()];
    const replies = cancellations.map((cancellation) => join({ cancellation }));
    cancellations[0]?.cancel();
    expect(asked[0]?.call.cancellation.cancelled).toBe(false);
    cancellations[1]?.cancel();
    expect(asked[0]?.call.cancellation.cancelled).toBe(true);
    expect(flights.size).toBe(0);
    await Promise.all(replies);
    const later = join();
    asked[0]?.answer(refuse('upstreams_failed', 'cancelled'));
    await turn();
    expect(flights.size).toBe(1);
    asked[1]?.answer(truth);
    expect(await later).toBe(truth);
  });

  it('is joined by nobody more once the chain turned out to be another one, and still answers those who wait', async () => {
    const { asked, flights, join } = flying();
    const before = join();
    flights.startOver();
    const after = join();
    expect(asked).toHaveLength(2);
    const other = localReply(Buffer.from('"0x2"'), { source: 'miss' });
    asked[0]?.answer(truth);
    asked[1]?.answer(other);
    expect(await before).toBe(truth);
    expect(await after).toBe(other);
    expect(flights.size).toBe(0);
  });

  it('asks nothing for a client who has left already', async () => {
    const { asked, join } = flying();
    const cancellation = new Cancellation();
    cancellation.cancel();
    expect(await join({ cancellation })).toMatchObject({ ok: false });
    expect(asked).toHaveLength(0);
  });

  it('keeps nobody longer than his time, though it has more', async () => {
    const { asked, clock, join } = flying();
    const patient = join({ deadline: 1000 });
    const hasty = join({ deadline: 400 });
    clock.advance(399);
    expect(await settled(hasty)).toBe(false);
    clock.advance(1);
    expect(await hasty).toMatchObject({ ok: false, reason: 'timeout' });
    expect(await settled(patient)).toBe(false);
    asked[0]?.answer(truth);
    expect(await patient).toBe(truth);
    expect(clock.pending).toBe(0);
  });

  it('is made once more for those who have time left when its own has run out', async () => {
    const { asked, clock, join } = flying();
    const first = join({ deadline: 1000 });
    const [second, third] = [1500, 1200].map((deadline) => join({ deadline }));
    clock.advance(1000);
    asked[0]?.answer(refuse('timeout', 'too slow'));
    expect(await first).toMatchObject({ ok: false, reason: 'timeout' });
    expect(asked.map(({ call }) => call.deadline)).toEqual([1000, 1500]);
    const fourth = join({ deadline: 1600 });
    expect(asked).toHaveLength(2);
    clock.advance(200);
    expect(await third).toMatchObject({ ok: false, reason: 'timeout' });
    asked[1]?.answer(truth);
    expect(await second).toMatchObject({ ok: true });
    expect(await fourth).toMatchObject({ ok: true });
  });

  it('is made once more where it failed before its own time was out, but for want of more', async () => {
    const { asked, clock, join } = flying();
    const first = join({ deadline: 1000 });
    clock.advance(900);
    const second = join({ deadline: 1900 });
    clock.advance(50);
    asked[0]?.answer(refuse('upstreams_failed', 'every node wants to be left alone for longer than there is time'));
    expect(await first).toMatchObject({ ok: false, reason: 'upstreams_failed' });
    expect(asked.map(({ call }) => call.deadline)).toEqual([1000, 1900]);
    asked[1]?.answer(truth);
    expect(await second).toMatchObject({ ok: true });
  });

  it('is not made again for a failure that came in time, nor for the client’s own error', async () => {
    const { asked, clock, join } = flying();
    const early = [join({ deadline: 1000 }), join({ deadline: 2000 })];
    asked[0]?.answer(refuse('upstreams_failed', 'all are gone'));
    expect((await Promise.all(early)).map(({ ok }) => ok)).toEqual([false, false]);
    const late = [join({ deadline: 1000 }), join({ deadline: 2000 })];
    clock.advance(1000);
    asked[1]?.answer({ ...refuse('timeout', ''), reason: undefined } as Reply);
    expect((await Promise.all(late)).map(({ ok }) => ok)).toEqual([false, false]);
    expect(asked).toHaveLength(2);
  });

  it('leaves nothing behind: no timer, no listener', async () => {
    const { asked, clock, flights, join } = flying();
    const cancellation = new Cancellation();
    const replies = [join({ cancellation }), join({ cancellation }), join()];
    asked[0]?.answer(truth);
    await Promise.all(replies);
    expect(clock.pending).toBe(0);
    cancellation.cancel();
    expect(flights.size).toBe(0);
    expect(asked[0]?.call.cancellation.cancelled).toBe(false);
  });
});
