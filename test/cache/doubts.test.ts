import { expect, it } from 'vitest';
import { DoubtLedger } from '../../src/cache/doubt-ledger.ts';
import { Doubts, EVERYBODY } from '../../src/cache/doubts.ts';
import { RedisLink } from '../../src/cache/redis-link.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RedisServer, withRedis } from './redis.ts';

it('believes an upstream again for what it says later, and others all the time', () => {
  const doubts = new Doubts();
  expect(doubts.add('a', 100)).toBe(true);
  expect(doubts.add('a', 90)).toBe(false);
  expect([doubts.cover('a', 100), doubts.cover('a', 101), doubts.cover('b', 1)]).toEqual([true, false, false]);
  expect(doubts.cover(undefined, 1)).toBe(false);
  doubts.add(EVERYBODY, 200);
  expect([doubts.cover('b', 200), doubts.cover(undefined, 200), doubts.cover('b', 201)]).toEqual([true, true, false]);
});

it('remembers a bounded number of doubts, and rather believes nobody', () => {
  const doubts = new Doubts();
  for (let n = 0; n < 2500; n += 1) doubts.add(`node ${n}`, 1000 + n);
  expect([...doubts].length).toBeLessThanOrEqual(1001);
  for (let n = 0; n < 2500; n += 1) expect(doubts.cover(`node ${n}`, 1000 + n)).toBe(true);
});

const LINK = { channel: 'c', patience: 5000, silence: 10_000, backoff: { initial: 20, max: 100 }, pending: 1000 };
const OPTIONS = { key: 'doubts', ttl: 3600, skew: 10_000 };

const connected = async (server: RedisServer) => {
  const observer = { noted: () => {} };
  const link = new RedisLink({ ...LINK, url: server.url }, { clock: systemClock, random: Math.random, observer });
  link.start();
  await expect.poll(() => link.up).toBe(true);
  const clock = new FakeClock();
  const replica = () => {
    const doubts = new Doubts();
    const ledger = new DoubtLedger(OPTIONS, link, doubts, clock);
    return { doubts, ledger, doubt: (who: string) => doubts.add(who, clock.wall() + OPTIONS.skew) };
  };
  return { clock, link, replica, [Symbol.dispose]: () => link.close() };
};

withRedis('the ledger of doubts', () => {
  it('tells each what the others doubt, and takes in what nobody could be told', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    const [one, other] = [to.replica(), to.replica()];
    one.doubt('a');
    expect(await one.ledger.reckon()).toEqual({ learned: [], written: ['a'] });
    other.doubt(EVERYBODY);
    expect(await other.ledger.reckon()).toEqual({ learned: ['a'], written: [EVERYBODY] });
    expect(await one.ledger.reckon()).toEqual({ learned: [EVERYBODY], written: [] });
    for (const { doubts } of [one, other]) {
      expect(doubts.cover('a', to.clock.wall())).toBe(true);
      expect(doubts.cover('b', to.clock.wall())).toBe(true);
    }
    expect(await other.ledger.reckon()).toEqual({ learned: [], written: [] });
  });

  it('writes nothing anew that is as good as known, but every later doubt', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    const [one, other] = [to.replica(), to.replica()];
    one.doubt('a');
    await one.ledger.reckon();
    to.clock.advance(50);
    other.doubt('a');
    expect(await other.ledger.reckon()).toEqual({ learned: [], written: [] });
    to.clock.advance(OPTIONS.skew);
    other.doubt('a');
    expect((await other.ledger.reckon()).written).toEqual(['a']);
    expect((await one.ledger.reckon()).learned).toEqual(['a']);
  });

  it('forgets what no answer is left for, keeps a bounded number, and leaves nothing behind for ever', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    const one = to.replica();
    one.doubt('old');
    await one.ledger.reckon();
    to.clock.advance(OPTIONS.ttl * 1000 + OPTIONS.skew + 1);
    expect(await to.replica().ledger.reckon()).toEqual({ learned: [], written: [] });
    expect(await one.ledger.reckon()).toEqual({ learned: [], written: [] });
    expect(Number(await server.run('TTL', 'doubts'))).toBeGreaterThan(OPTIONS.ttl - 60);
    for (let round = 0; round < 2; round += 1) {
      const many = to.replica();
      for (let n = 0; n < 900; n += 1) many.doubt(`${round}/${n}`);
      await many.ledger.reckon();
    }
    expect(Number(await server.run('ZCARD', 'doubts'))).toBeLessThanOrEqual(1000);
  });

  it('is nothing without a server, or where something else stands in its place', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    const one = to.replica();
    one.doubt('a');
    await server.run('SET', 'doubts', 'x');
    expect(await one.ledger.reckon()).toEqual({ learned: [], written: [] });
    to.link.close();
    expect(await one.ledger.reckon()).toEqual({ learned: [], written: [] });
    expect(one.doubts.cover('a', 0)).toBe(true);
  });
});
