import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { RedisLink } from '../../src/cache/redis-link.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RedisServer, withRedis } from './redis.ts';

const OPTIONS = {
  channel: 'tidings',
  patience: 20,
  silence: 1000,
  backoff: { initial: 200, max: 10_000 },
  pending: 100,
};

/** A link whose time a test owns; the server's is real. */
const linking = (url: string) => {
  const clock = new FakeClock();
  const log: string[] = [];
  const observer = { noted: (level: string, message: string) => log.push(`${level} ${message}`) };
  const link = new RedisLink({ ...OPTIONS, url }, { clock, random: () => 0.999, observer });
  const up = () => expect.poll(() => link.up, { interval: 2 }).toBe(true);
  const down = () => expect.poll(() => link.up, { interval: 2 }).toBe(false);
  return { clock, log, link, up, down, [Symbol.dispose]: () => link.close() };
};

/** As long as somebody waits, and a moment more. */
const wait = ({ clock }: { clock: FakeClock }): void => {
  clock.advance(OPTIONS.patience);
  clock.advance(1);
};

withRedis('RedisLink', () => {
  it('asks, and hears what is published', async () => {
    await using server = await RedisServer.start();
    using to = linking(server.url);
    expect(await to.link.ask(['PING'])).toBeUndefined();
    to.link.start();
    await to.up();
    const heard: string[] = [];
    to.link.onMessage((message) => heard.push(message.toString()));
    expect(await to.link.ask(['SET', 'k', Buffer.from([0, 255])])).toBe('OK');
    expect(await to.link.ask(['GET', 'k'])).toEqual(Buffer.from([0, 255]));
    expect(await to.link.ask(['GET', 'none'])).toBeNull();
    expect(await to.link.ask(['NO', 'SUCH'])).toBeUndefined();
    to.link.publish('hello');
    await expect.poll(() => heard).toEqual(['hello']);
    expect(to.link.up).toBe(true);
  });

  it('lets nobody wait any more once somebody has waited in vain, and asks again when the server is quick', async () => {
    await using server = await RedisServer.start();
    using to = linking(server.url);
    to.link.start();
    await to.up();
    server.freeze();
    const waiting = Array.from({ length: 50 }, () => to.link.ask(['INCR', 'asked']));
    wait(to);
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => undefined));
    expect(to.link.up).toBe(false);
    expect(await to.link.ask(['INCR', 'asked'])).toBeUndefined();
    server.thaw();
    to.clock.advance(200);
    await to.up();
    expect(await to.link.ask(['GET', 'asked'])).toEqual(Buffer.from('50'));
    expect(to.log).toEqual([
      'info redis: in use',
      'warn redis: left aside: no reply within 20 ms',
      'info redis: in use',
    ]);
  });

  it('leaves a server aside that is slow again when it is tried, for longer each time', async () => {
    await using server = await RedisServer.start();
    using to = linking(server.url);
    to.link.start();
    await to.up();
    server.freeze();
    const asked = to.link.ask(['PING']);
    wait(to);
    await asked;
    to.clock.advance(200);
    to.clock.advance(OPTIONS.patience + 1);
    server.thaw();
    await expect.poll(() => server.run('PING')).toBe('PONG');
    // The late answer to the trial came in, and the next trial is 400 ms away.
    await expect
      .poll(
        () => {
          to.clock.advance(1);
          return to.link.up;
        },
        { interval: 1, timeout: 10_000 },
      )
      .toBe(true);
    expect(to.clock.now()).toBeGreaterThan(20 + 1 + 200 + 20 + 390);
  });

  it('waits longer after each failure, and begins anew once all was well for long', async () => {
    await using server = await RedisServer.start();
    using to = linking(server.url);
    to.link.start();
    await to.up();
    const trip = async (): Promise<void> => {
      server.freeze();
      const asked = to.link.ask(['PING']);
      wait(to);
      await asked;
      server.thaw();
      expect(to.link.up).toBe(false);
    };
    await trip();
    to.clock.advance(200);
    await to.up();
    await trip();
    to.clock.advance(399);
    expect(await server.run('PING')).toBe('PONG');
    expect(to.link.up).toBe(false);
    to.clock.advance(1);
    await to.up();
    to.clock.advance(OPTIONS.backoff.max + 1);
    await trip();
    to.clock.advance(200);
    await to.up();
  });

  it('gives up a connection on which nothing comes, and makes another one', async () => {
    await using server = await RedisServer.start();
    using to = linking(server.url);
    to.link.start();
    await to.up();
    server.freeze();
    const asked = to.link.ask(['PING']);
    wait(to);
    await asked;
    to.clock.advance(200);
    to.clock.advance(OPTIONS.silence);
    server.thaw();
    to.clock.advance(400);
    await to.up();
    expect(await to.link.ask(['PING'])).toBe('PONG');
  });

  it('answers at once what was under way when the server dies, and comes back with it', async () => {
    await using server = await RedisServer.start();
    using to = linking(server.url);
    to.link.start();
    await to.up();
    server.freeze();
    const asked = to.link.ask(['PING']);
    await server.kill();
    expect(await asked).toBeUndefined();
    await to.down();
    await server.restart();
    to.clock.advance(200);
    await to.up();
    expect(await to.link.ask(['PING'])).toBe('PONG');
  });

  it('blames no server for what the process itself was too busy to read', async () => {
    await using server = await RedisServer.start();
    using to = linking(server.url);
    to.link.start();
    await to.up();
    const asked = to.link.ask(['PING']);
    to.clock.advance(OPTIONS.patience);
    expect(await asked).toBe('PONG');
    to.clock.advance(1);
    expect(to.link.up).toBe(true);
  });

  it('has no more commands under way than it is told', async () => {
    await using server = await RedisServer.start();
    using to = linking(server.url);
    to.link.start();
    await to.up();
    const asked = await Promise.all(Array.from({ length: 150 }, () => to.link.ask(['PING'])));
    expect(asked.filter((reply) => reply === 'PONG')).toHaveLength(100);
    expect(await to.link.ask(['PING'])).toBe('PONG');
  });

  it('names neither the address nor the password when it is refused', async () => {
    await using server = await RedisServer.start('--requirepass', 'right');
    using to = linking(server.url.replace('redis://', 'redis://:wrong-secret@'));
    to.link.start();
    await expect.poll(() => to.log).toEqual(['warn redis: left aside: WRONGPASS']);
    expect(await to.link.ask(['PING'])).toBeUndefined();
  });

  it('tries again where nothing listens, and where something else does', async () => {
    const sockets: Socket[] = [];
    const stranger = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    }).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as { port: number };
    using to = linking(`redis://127.0.0.1:${port}`);
    to.link.start();
    await expect.poll(() => sockets.length).toBe(1);
    await expect
      .poll(() => {
        to.clock.advance(100);
        return sockets.length;
      })
      .toBeGreaterThan(3);
    expect(to.log).toHaveLength(1);
    stranger.close();
  });
});
