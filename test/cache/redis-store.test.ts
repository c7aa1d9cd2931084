import { expect, it } from 'vitest';
import type { Lasting } from '../../src/cache/answers.ts';
import { Doubts } from '../../src/cache/doubts.ts';
import { RedisLink } from '../../src/cache/redis-link.ts';
import { RedisStore } from '../../src/cache/redis-store.ts';
import type { StoredAnswer } from '../../src/cache/stored-answer.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { blockOf } from './chain.ts';
import { RedisServer, withRedis } from './redis.ts';

const LINK = {
  channel: 'tidings',
  patience: 5000,
  silence: 10_000,
  backoff: { initial: 20, max: 100 },
  pending: 1000,
};
const STORE = {
  prefix: 'headgate:1:',
  compressAbove: 1000,
  largest: 100_000,
  recentTtl: 60,
  finalTtl: 3600,
  skew: 10_000,
};

const lasting = (key: string, final = false): Lasting => ({ kind: 'lasting', key, flight: key, final });
const included = (key: string): Lasting => ({ kind: 'included', key, flight: key });

const connected = async (server: RedisServer, options: Partial<typeof STORE> = {}) => {
  const link = new RedisLink(
    { ...LINK, url: server.url },
    { clock: systemClock, random: Math.random, observer: { noted: () => {} } },
  );
  link.start();
  await expect.poll(() => link.up).toBe(true);
  const clock = new FakeClock();
  const store = new RedisStore({ ...STORE, ...options }, link, clock, new Doubts());
  const answer = (result = '"0x1"', changes: Partial<StoredAnswer> = {}): StoredAnswer => ({
    result: Buffer.from(result),
    upstream: 'a',
    askedAt: clock.wall(),
    block: undefined,
    settled: false,
    ...changes,
  });
  const put = async (identity: Lasting, one: StoredAnswer, chain = '1:0x0'): Promise<void> => {
    store.put(chain, identity, one);
    await expect.poll(() => store.get(chain, identity)).toEqual(one);
  };
  const keys = async (): Promise<string[]> => ((await server.run('KEYS', '*')) as string[]).toSorted();
  return { answer, clock, keys, link, put, store, [Symbol.dispose]: () => link.close() };
};

withRedis('RedisStore', () => {
  it('gives what was put in, to the same chain alone', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    await to.put(included('tx'), to.answer('{"a":1}', { block: blockOf(7), settled: true }));
    expect(await to.store.get('1:0x0', included('other'))).toBeUndefined();
    expect(await to.store.get('2:0x0', included('tx'))).toBeUndefined();
  });

  it('lets nothing stay for ever, and what is final for longer', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    const ttls: number[] = [];
    for (const [identity, changes] of [
      [lasting('recent'), {}],
      [lasting('final', true), {}],
      [included('recent tx'), { block: blockOf(7) }],
      [included('final tx'), { block: blockOf(7), settled: true }],
    ] as const) {
      await server.run('FLUSHALL');
      await to.put(identity, to.answer('1', changes));
      ttls.push(Number(await server.run('TTL', (await to.keys())[0] ?? '')));
    }
    expect(ttls.map((ttl) => ttl > 60)).toEqual([false, true, false, true]);
    expect(Math.min(...ttls)).toBeGreaterThan(0);
  });

  it('compresses what is large, and refuses what is larger', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    await to.put(lasting('large'), to.answer(`"${'x'.repeat(90_000)}"`));
    expect(Number(await server.run('STRLEN', (await to.keys())[0] ?? ''))).toBeLessThan(2000);
    to.store.put('1:0x0', lasting('larger'), to.answer(`"${'x'.repeat(100_000)}"`));
    await to.put(lasting('next'), to.answer());
    expect(await to.keys()).toHaveLength(2);
  });

  it('meets neither the entries of another version nor what is no entry', async () => {
    await using server = await RedisServer.start();
    using older = await connected(server, { prefix: 'headgate:0:' });
    using newer = await connected(server);
    await older.put(lasting('k'), older.answer('"old"'));
    expect(await newer.store.get('1:0x0', lasting('k'))).toBeUndefined();
    await newer.put(lasting('k'), newer.answer('"new"'));
    expect((await older.store.get('1:0x0', lasting('k')))?.result.toString()).toBe('"old"');
    const [, key = ''] = await newer.keys();
    for (const junk of ['', 'x', '{}', Buffer.alloc(100)]) {
      await server.run('SET', key, junk);
      expect(await newer.store.get('1:0x0', lasting('k'))).toBeUndefined();
    }
    await server.run('DEL', key);
    await server.run('LPUSH', key, 'a list');
    expect(await newer.store.get('1:0x0', lasting('k'))).toBeUndefined();
    expect(newer.link.up).toBe(true);
  });

  it('believes nothing of a forgotten upstream that was asked before, by whatever clock', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    await to.put(lasting('a'), to.answer());
    await to.put(lasting('b'), to.answer('1', { upstream: 'b' }));
    to.clock.advance(60_000);
    to.store.forget('a');
    expect(await to.store.get('1:0x0', lasting('a'))).toBeUndefined();
    expect(await to.store.get('1:0x0', lasting('b'))).toBeDefined();
    to.store.put('1:0x0', lasting('a'), to.answer('"fast clock"', { askedAt: to.clock.wall() + 9000 }));
    await to.put(lasting('c'), to.answer('1', { upstream: 'b' }));
    expect(await to.store.get('1:0x0', lasting('a'))).toBeUndefined();
    to.clock.advance(20_000);
    await to.put(lasting('a'), to.answer());
  });

  it('removes every entry and nothing else, and says how many', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    await server.run('SET', 'somebody else', '1');
    const entries = Array.from({ length: 2500 }, (_, n) => [`headgate:1:1:0x0:${n}`, '1']);
    await server.run('MSET', ...entries.flat());
    expect(await to.store.clear()).toBe(2500);
    expect(await to.keys()).toEqual(['somebody else']);
    to.clock.advance(20_000);
    await to.put(lasting('after'), to.answer());
  });

  it('believes nothing that it could not remove', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    await to.put(lasting('k'), to.answer());
    const [key = ''] = await to.keys();
    const value = (await to.link.ask(['GET', key])) as Buffer;
    expect(await to.store.clear()).toBe(1);
    await server.run('SET', key, value);
    expect(await to.store.get('1:0x0', lasting('k'))).toBeUndefined();
    to.clock.advance(STORE.skew + 1);
    await to.put(lasting('k'), to.answer());
    to.link.close();
    expect(await to.store.clear()).toBe(0);
  });
});
