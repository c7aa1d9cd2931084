import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RedisLink } from '../../src/cache/redis-link.ts';
import { ReplicaBus } from '../../src/cache/replica-bus.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { RedisServer, withRedis } from './redis.ts';

const replica = async (server: RedisServer, name: string) => {
  const link = new RedisLink(
    {
      url: server.url,
      channel: 'tidings',
      patience: 5000,
      silence: 10_000,
      backoff: { initial: 20, max: 100 },
      pending: 5000,
    },
    { clock: systemClock, random: Math.random, observer: { noted: () => {} } },
  );
  link.start();
  await expect.poll(() => link.up).toBe(true);
  const bus = new ReplicaBus(link, name);
  const heard: unknown[] = [];
  bus.listen({
    head: (chain, header) => heard.push(['head', chain, header.toString()]),
    sent: (chain, sent) => heard.push(['sent', chain, sent]),
    forget: (upstream) => heard.push(['forget', upstream]),
    purge: () => heard.push(['purge']),
  });
  return { bus, heard, link, [Symbol.dispose]: () => link.close() };
};

const sent = { hash: `0x${'ab'.repeat(32)}`, nonce: 7, upstream: 'a', sender: `0x${'cd'.repeat(20)}` };

withRedis('ReplicaBus', () => {
  it('tells every other replica, in order, and not the one that speaks', async () => {
    await using server = await RedisServer.start();
    using one = await replica(server, 'one');
    using two = await replica(server, 'two');
    using three = await replica(server, 'three');
    one.bus.head('1:0x0', Buffer.from('{"number":"0x1"}'));
    one.bus.sent('1:0x0', sent);
    one.bus.sent('1:0x0', { ...sent, nonce: undefined, sender: undefined });
    one.bus.forget('geth-1');
    one.bus.purge();
    const told = [
      ['head', '1:0x0', '{"number":"0x1"}'],
      ['sent', '1:0x0', sent],
      ['sent', '1:0x0', { ...sent, nonce: undefined, sender: undefined }],
      ['forget', 'geth-1'],
      ['purge'],
    ];
    await expect.poll(() => two.heard).toEqual(told);
    await expect.poll(() => three.heard).toEqual(told);
    expect(one.heard).toEqual([]);
  });

  it('passes over what it does not understand', async () => {
    await using server = await RedisServer.start();
    using one = await replica(server, 'one');
    const kinds = ['head', 'sent', 'forget', 'later', 7, null];
    const field = fc.oneof(fc.constantFrom(...kinds), fc.jsonValue({ maxDepth: 1 }));
    const names = ['from', 'kind', 'chain', 'header', 'hash', 'nonce', 'upstream', 'sender'];
    const message = fc.oneof(
      fc.string(),
      fc.json({ maxDepth: 2 }),
      fc.dictionary(fc.constantFrom(...names), field).map((fields) => JSON.stringify(fields)),
    );
    for (const text of fc.sample(message, 500)) one.link.publish(text);
    one.link.publish(JSON.stringify({ kind: 'forget', upstream: 'x'.repeat(300_000) }));
    one.link.publish(JSON.stringify({ kind: 'sent', chain: '1', hash: '0x1', upstream: 'a' }));
    one.link.publish(JSON.stringify({ kind: 'forget', upstream: 'x'.repeat(256) }));
    one.link.publish(JSON.stringify({ ...sent, kind: 'sent', chain: '1', upstream: 'x'.repeat(256) }));
    one.link.publish(`{"kind":"head","header":"","chain":${'['.repeat(50_000)}${']'.repeat(50_000)}}`);
    one.link.publish(JSON.stringify({ kind: 'forget', upstream: 'the last' }));
    await expect.poll(() => one.heard.at(-1)).toEqual(['forget', 'the last']);
    for (const [kind, ...rest] of one.heard as [string, ...unknown[]][]) {
      if (kind === 'head') expect(rest).toEqual([expect.any(String), expect.any(String)]);
      if (kind === 'sent') expect(rest[1]).toMatchObject({ hash: expect.stringMatching(/^0x[0-9a-f]{64}$/) });
      if (kind === 'sent') expect((rest[1] as typeof sent).upstream.length).toBeLessThan(256);
      if (kind === 'forget') expect(String(rest[0]).length).toBeLessThan(256);
    }
  });

  it('says nothing while the server is gone, and is heard again after it came back', async () => {
    await using server = await RedisServer.start();
    using one = await replica(server, 'one');
    using two = await replica(server, 'two');
    await server.kill();
    await expect.poll(() => one.link.up || two.link.up).toBe(false);
    one.bus.forget('lost');
    await server.restart();
    await expect.poll(() => one.link.up && two.link.up).toBe(true);
    one.bus.forget('heard');
    await expect.poll(() => two.heard).toEqual([['forget', 'heard']]);
  });
});
