import { expect, it } from 'vitest';
import { Answers } from '../../src/cache/answers.ts';
import { cached } from '../../src/cache/cache.ts';
import { MemoryStore } from '../../src/cache/memory-store.ts';
import { Doubts } from '../../src/cache/doubts.ts';
import { RedisLink } from '../../src/cache/redis-link.ts';
import { RedisStore } from '../../src/cache/redis-store.ts';
import { SingleFlight } from '../../src/cache/single-flight.ts';
import type { Call } from '../../src/core/call.ts';
import { localReply, type Reply } from '../../src/core/reply.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { hashOf, ScriptedBranch } from './chain.ts';
import { RedisServer, withRedis } from './redis.ts';

const ANSWERS = {
  compressAbove: 1000,
  largest: 100_000,
  recentTtl: 60,
  finalTtl: 3600,
  skew: 0,
  prefix: 'headgate:1:',
};

/** One replica's layer, before a router that says how often it was asked. */
const replica = async (server: RedisServer, settled = 1000) => {
  const link = new RedisLink(
    {
      url: server.url,
      channel: 'tidings',
      patience: 5000,
      silence: 10_000,
      backoff: { initial: 20, max: 100 },
      pending: 100,
    },
    { clock: systemClock, random: Math.random, observer: { noted: () => {} } },
  );
  link.start();
  await expect.poll(() => link.up).toBe(true);
  const branch = new ScriptedBranch(1000);
  const memory = new MemoryStore({ memory: 1024 * 1024 });
  const store = new RedisStore(ANSWERS, link, systemClock, new Doubts());
  const layer = cached({
    branch,
    answers: new Answers('main', branch, memory),
    flights: new SingleFlight(systemClock),
    shared: { store, name: (height = -1) => (height <= settled ? '1:0x0' : undefined), wall: () => systemClock.wall() },
  });
  const deadline = systemClock.now() + 10_000;
  let held: Promise<unknown> = Promise.resolve();
  let asked = 0;
  const handle = layer(async (call) => {
    asked += 1;
    const { number, hash } = branch.at(1000);
    const included = JSON.stringify({ blockNumber: `0x${number.toString(16)}`, blockHash: hash });
    const result = Buffer.from(call.method === 'eth_call' ? `"0x${asked}"` : included);
    await held;
    return localReply(result, { source: 'miss', upstream: 'a' });
  });
  const ask = (changes: Partial<Call> = {}): Promise<Reply> =>
    handle(branch.pinned('eth_call', [{}], 1000, { deadline, ...changes }));
  const atHeight = (number: number): Promise<Reply> =>
    handle(branch.call('eth_call', [{}, `0x${number.toString(16)}`], { deadline }));
  const receipt = (): Promise<Reply> =>
    handle(branch.call('eth_getTransactionReceipt', [hashOf(7, 'tx')], { deadline }));
  const hold = (until: Promise<unknown>): void => {
    held = until;
  };
  const count = (): number => asked;
  return { ask, atHeight, branch, count, hold, memory, receipt, [Symbol.dispose]: () => link.close() };
};

const stored = (server: RedisServer, count: number) => expect.poll(() => server.run('DBSIZE')).toBe(count);

withRedis('cached, with what replicas share', () => {
  it('gives again what another replica has asked for, and keeps it', async () => {
    await using server = await RedisServer.start();
    using one = await replica(server);
    using two = await replica(server);
    expect((await one.ask()).info.source).toBe('miss');
    await stored(server, 1);
    expect(await two.ask()).toMatchObject({ result: Buffer.from('"0x1"'), info: { source: 'hit', upstream: 'a' } });
    await server.run('FLUSHALL');
    expect((await two.ask()).info.source).toBe('hit');
    expect(two.count()).toBe(0);
  });

  it('asks the server once for all who want the same', async () => {
    await using server = await RedisServer.start();
    using one = await replica(server);
    await one.ask();
    await stored(server, 1);
    using two = await replica(server);
    await server.run('CONFIG', 'RESETSTAT');
    const replies = await Promise.all(Array.from({ length: 50 }, () => two.ask()));
    expect(replies.map(({ info }) => info.source)).toEqual(['hit', ...Array.from({ length: 49 }, () => 'coalesced')]);
    expect(String(await server.run('INFO', 'commandstats'))).toMatch(/cmdstat_get:calls=1,/);
  });

  it('takes nothing over that is not on its own branch', async () => {
    await using server = await RedisServer.start();
    using one = await replica(server);
    using two = await replica(server);
    using three = await replica(server);
    three.branch.reorganise(1000, 'other');
    await one.ask();
    await one.receipt();
    await stored(server, 2);
    for (const read of [two.ask, two.receipt]) expect((await read()).info.source).toBe('hit');
    for (const read of [three.ask, three.receipt]) expect((await read()).info.source).toBe('miss');
    expect(two.count()).toBe(0);
    expect(await three.receipt()).toMatchObject({ info: { source: 'hit' } });
  });

  it('shares what names a height, or is no more remembered, only as far as the chain is known to be the same', async () => {
    await using server = await RedisServer.start();
    using one = await replica(server, 500);
    using two = await replica(server, 500);
    for (const each of [one, two]) expect((await each.atHeight(501)).info.source).toBe('miss');
    await one.atHeight(500);
    await stored(server, 1);
    expect((await two.atHeight(500)).info.source).toBe('hit');
    await one.receipt();
    await stored(server, 2);
    using strange = await replica(server, -1);
    expect((await strange.receipt()).info.source).toBe('miss');
  });

  it('tells nobody what he finds to be false', async () => {
    await using server = await RedisServer.start();
    using one = await replica(server);
    await one.ask();
    await stored(server, 1);
    using two = await replica(server);
    const reply = await two.ask({ accept: () => false });
    expect(reply.info.source).toBe('miss');
    expect(two.count()).toBe(1);
  });

  it('hands nobody an answer of an upstream that was given up while it was asked', async () => {
    await using server = await RedisServer.start();
    using one = await replica(server);
    const held = Promise.withResolvers<void>();
    one.hold(held.promise);
    const slow = one.ask();
    await expect.poll(() => one.count()).toBe(1);
    one.memory.forget('a');
    held.resolve();
    expect((await slow).ok).toBe(true);
    expect((await one.ask()).info.source).toBe('miss');
    await stored(server, 1);
    using two = await replica(server);
    expect(await two.ask()).toMatchObject({ result: Buffer.from('"0x2"') });
  });
});
