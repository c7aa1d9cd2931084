import { expect, it } from 'vitest';
import { Lineage } from '../../src/cache/lineage.ts';
import { RedisLink } from '../../src/cache/redis-link.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { hashOf, ScriptedBranch } from './chain.ts';
import { RedisServer, withRedis } from './redis.ts';

const LINK = { channel: 'c', patience: 5000, silence: 10_000, backoff: { initial: 20, max: 100 }, pending: 1000 };
const OPTIONS = { prefix: 'lineage:', step: 16, ttl: 60 };

const connected = async (server: RedisServer) => {
  const observer = { noted: () => {} };
  const link = new RedisLink({ ...LINK, url: server.url }, { clock: systemClock, random: Math.random, observer });
  link.start();
  await expect.poll(() => link.up).toBe(true);
  const found = async (branch: ScriptedBranch, chain = '1:0x0', lineage = new Lineage(OPTIONS, link)) => {
    await lineage.look(chain, branch.view);
    return lineage.name;
  };
  return { found, link, lineage: () => new Lineage(OPTIONS, link), [Symbol.dispose]: () => link.close() };
};

/** A chain with the same first block, and all others its own. */
const anew = (number: number, name: string): ScriptedBranch => {
  const branch = new ScriptedBranch(number);
  branch.reorganise(1, name);
  return branch;
};

withRedis('Lineage', () => {
  it('is the same for all who stand on one branch, wherever their heads are', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    const name = await to.found(new ScriptedBranch(1000));
    expect(name).toBe(hashOf(992));
    for (const number of [991, 1000, 1030, 1240]) {
      const lineage = to.lineage();
      const branch = new ScriptedBranch(number);
      await to.found(branch, '1:0x0', lineage);
      branch.grow(16);
      expect(await to.found(branch, '1:0x0', lineage)).toBe(name);
    }
  });

  it('is another one for a chain that was begun anew, and where too much time has passed', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    const name = await to.found(new ScriptedBranch(1000));
    expect(await to.found(new ScriptedBranch(1024), '2:0x0')).not.toBe(name);
    for (const other of [await to.found(anew(1000, 'anew')), await to.found(new ScriptedBranch(2000))]) {
      expect(other).toBeDefined();
      expect(other).not.toBe(name);
    }
  });

  it('is not known before a block that tells one chain from another, nor without a server', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    expect(await to.found(new ScriptedBranch(15))).toBeUndefined();
    expect(await to.found(new ScriptedBranch(16))).toBeDefined();
    to.link.close();
    expect(await to.found(new ScriptedBranch(1000))).toBeUndefined();
  });

  it('becomes one for two who named the chain at the same time', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    const [one, other] = [to.lineage(), to.lineage()];
    const [low, high] = [new ScriptedBranch(1000), new ScriptedBranch(1008)];
    await Promise.all([to.found(low, '1:0x0', one), to.found(high, '1:0x0', other)]);
    low.grow(8 + 16);
    high.grow(16);
    await to.found(low, '1:0x0', one);
    await to.found(high, '1:0x0', other);
    expect(one.name).toBe(other.name);
  });

  it('is looked for again once the chain turns out to be another one, also by a look that was under way', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    const lineage = to.lineage();
    const name = await to.found(new ScriptedBranch(1000), '1:0x0', lineage);
    lineage.startOver();
    expect(lineage.name).toBeUndefined();
    expect(await to.found(anew(1000, 'anew'), '1:0x0', lineage)).not.toBe(name);
    lineage.startOver();
    const late = lineage.look('1:0x0', new ScriptedBranch(1000).view);
    lineage.startOver();
    await late;
    expect(lineage.name).toBeUndefined();
  });

  it('believes no mark that is none', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    await server.run('SET', `lineage:1:0x0:${hashOf(992)}`, 'anything:else');
    expect(await to.found(new ScriptedBranch(1000))).toBeUndefined();
  });
});
