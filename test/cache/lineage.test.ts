import { expect, it } from 'vitest';
import { Lineage } from '../../src/cache/lineage.ts';
import { RedisLink } from '../../src/cache/redis-link.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { hashOf, ScriptedBranch } from './chain.ts';
import { RedisServer, withRedis } from './redis.ts';

const LINK = { channel: 'c', patience: 5000, silence: 10_000, backoff: { initial: 20, max: 100 }, pending: 1000 };
const OPTIONS = { prefix: 'lineage:', step: 16, depth: 48, ttl: 60 };

const connected = async (server: RedisServer) => {
  const observer = { noted: () => {} };
  const link = new RedisLink({ ...LINK, url: server.url }, { clock: systemClock, random: Math.random, observer });
  link.start();
  await expect.poll(() => link.up).toBe(true);
  const found = async (branch: ScriptedBranch, chain = '1:0x0', one = lineage()) => {
    await one.look(chain, branch.view);
    return one.name(branch.view);
  };
  const lineage = () => new Lineage(OPTIONS, link, systemClock);
  return { found, link, lineage, [Symbol.dispose]: () => link.close() };
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
    expect(name).toBeDefined();
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
    const name = await to.found(low, '1:0x0', one);
    expect(name).toBeDefined();
    expect(await to.found(high, '1:0x0', other)).toBe(name);
  });

  it('is looked for again once the chain turns out to be another one, also by a look that was under way', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    const lineage = to.lineage();
    const name = await to.found(new ScriptedBranch(1000), '1:0x0', lineage);
    lineage.startOver();
    expect(lineage.name(new ScriptedBranch(1000).view)).toBeUndefined();
    expect(await to.found(anew(1000, 'anew'), '1:0x0', lineage)).not.toBe(name);
    lineage.startOver();
    const late = lineage.look('1:0x0', new ScriptedBranch(1000).view);
    lineage.startOver();
    await late;
    expect(lineage.name(new ScriptedBranch(1000).view)).toBeUndefined();
  });

  it('believes no mark that is none', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    await server.run('SET', `lineage:1:0x0:${hashOf(992)}`, 'anything:else');
    expect(await to.found(new ScriptedBranch(1000))).toBeUndefined();
  });

  it('holds up to the highest block that stays, and for blocks told by hash beyond', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    // Final up to 936, which has its last mark at 928; taken to stay 48 below the head, up to 944.
    for (const { finality, upTo } of [
      { finality: 64, upTo: 944 },
      { finality: 10_000, upTo: 944 },
      { finality: 8, upTo: 992 },
    ]) {
      const lineage = to.lineage();
      const branch = new ScriptedBranch(1000, { finality });
      const name = await to.found(branch, '1:0x0', lineage);
      expect(name).toBeDefined();
      expect(lineage.name(branch.view, upTo)).toBe(name);
      expect(lineage.name(branch.view, upTo + 1)).toBeUndefined();
    }
  });

  it('is shared by two chains that part only up to where they parted, whichever goes on first and whatever is final', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    const parts = 1000;
    for (const [round, { finality, steps, atOnce = false }] of [
      { finality: 64, steps: [1, 1] },
      { finality: 0, steps: [1, 1], atOnce: true },
      { finality: 10_000, steps: [5, 3] },
      { finality: 64, steps: [40, 7], atOnce: true },
      { finality: 64, steps: [0, 16] },
      { finality: 64, steps: [300, 10] },
    ].entries()) {
      const chain = `${round}:0x0`;
      const readers = steps.map((step, index) => ({
        lineage: to.lineage(),
        branch: new ScriptedBranch(parts, { finality }),
        grow(): void {
          const before = this.branch.number;
          this.branch.grow(step);
          if (before === parts && step > 0) this.branch.reorganise(parts + 1, `branch-${index}`);
        },
        look(): Promise<string | undefined> {
          return to.found(this.branch, chain, this.lineage);
        },
        name(height?: number): string | undefined {
          return this.lineage.name(this.branch.view, height);
        },
      }));
      const [one, other] = readers;
      if (one === undefined || other === undefined) throw new Error('two are needed');
      const name = await one.look();
      expect(await other.look()).toBe(name);
      const sharedAbove = (): readonly number[] =>
        Array.from({ length: 80 }, (_, above) => parts + 1 + above).filter((height) => {
          const shared = one.name(height);
          return shared !== undefined && shared === other.name(height);
        });
      for (let turn = 0; turn < 60; turn += 1) {
        if (atOnce) for (const reader of readers) reader.grow();
        if (atOnce) await Promise.all(readers.map((reader) => reader.look()));
        for (const reader of atOnce ? [] : readers) {
          reader.grow();
          await reader.look();
          expect(sharedAbove()).toEqual([]);
        }
        expect(sharedAbove()).toEqual([]);
      }
      for (const reader of readers) expect(reader.name()).toBeDefined();
      if (steps[0] !== 0) expect(one.name()).not.toBe(other.name());
    }
  }, 60_000);

  it('stays through a reorganisation, also one that takes a mark back', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    const [one, other] = [to.lineage(), to.lineage()];
    const branch = new ScriptedBranch(1000);
    const name = await to.found(branch, '1:0x0', one);
    branch.grow(20);
    await to.found(branch, '1:0x0', one);
    branch.reorganise(1005, 'other');
    for (let number = branch.number; number < 1200; number += 1) {
      branch.grow();
      for (const lineage of [one, other]) expect(await to.found(branch, '1:0x0', lineage)).toBe(name);
    }
  });

  it('is not taken again by a chain that was out of reach for longer than it remembers', async () => {
    await using server = await RedisServer.start();
    using to = await connected(server);
    const lineage = to.lineage();
    const branch = new ScriptedBranch(1000);
    const name = await to.found(branch, '1:0x0', lineage);
    branch.grow(400);
    expect(lineage.name(branch.view)).toBeUndefined();
    const later = await to.found(branch, '1:0x0', lineage);
    expect(later).toBeDefined();
    expect(later).not.toBe(name);
  });
});
