import { describe, expect, test } from 'vitest';
import type { RawJson } from '../../src/jsonrpc/message.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { FakeClock } from '../support/fake-clock.ts';
import * as say from '../support/fake-node.ts';
import { ask, fakeNode, gist, messageOf, reach, request, until, watch } from './setup.ts';

const MIB = 1024 * 1024;
const newHeads: RawJson = Buffer.from('["newHeads"]');

describe.each(['ws', 'ipc'] as const)('over %s', (way) => {
  const setUp = async (clock?: Clock) => {
    const node = await fakeNode({ ipc: true });
    return { node, ...(await reach(node, way, { responseSize: MIB }, clock)) };
  };

  test('many calls in flight each get their own answer, in whatever order answers come', async () => {
    const { node, upstream } = await setUp();
    node.on('eth_call', ([n]) => say.delay(Number(n) % 7, n));
    const numbers = Array.from({ length: 300 }, (_, n) => n);
    const outcomes = await Promise.all(numbers.map((n) => ask(upstream, 'eth_call', 10_000, `[${n}]`)));
    expect(outcomes.map(gist)).toEqual(numbers.map((n) => `answered ${n}`));
    expect(node.sockets).toBe(1);
    const ids = node.requests.filter(({ method }) => method === 'eth_call').map(({ text }) => JSON.parse(text).id);
    expect(new Set(ids).size).toBe(numbers.length);
  });

  test("the node's own errors are told apart as over HTTP", async () => {
    const { node, upstream } = await setUp();
    node.once('eth_call', () => say.rpcError(3, 'execution reverted', '0x08c379a0'));
    expect(gist(await ask(upstream, 'eth_call'))).toBe('refused execution reverted');
    expect(gist(await ask(upstream, 'eth_foo'))).toBe('failed unsupported');
  });

  test('an answer to a call never made is ignored and counted, and so is one without an id', async () => {
    const clock = new FakeClock();
    const { node, upstream, strays } = await setUp(clock);
    for (const [index, answer] of [say.wrongId(), say.missingId()].entries()) {
      node.on('eth_call', () => answer);
      const asked = ask(upstream, 'eth_call', 50);
      await until(() => strays().length === index + 1);
      clock.advance(50);
      expect(gist(await asked)).toBe('failed timeout');
    }
    expect(strays()).toEqual(['unasked_answer', 'unasked_answer']);
    expect(gist(await ask(upstream, 'eth_chainId'))).toBe('answered "0x539"');
  });

  test('an answer that comes twice is taken once, and the other one counted', async () => {
    const { node, upstream, strays } = await setUp();
    node.on('eth_call', () => say.twice('0x2a'));
    expect(gist(await ask(upstream, 'eth_call'))).toBe('answered "0x2a"');
    await until(() => strays().length === 1);
    expect(strays()).toEqual(['late_answer']);
  });

  test('an answer after the time limit is ignored and counted', async () => {
    const clock = new FakeClock();
    const { node, upstream, strays } = await setUp(clock);
    const late = Promise.withResolvers<string>();
    node.on('eth_call', () => late.promise);
    const asked = ask(upstream, 'eth_call', 10);
    clock.advance(10);
    expect(gist(await asked)).toBe('failed timeout');
    late.resolve('0x1');
    await until(() => strays().includes('late_answer'));
  });

  test('a call that is given up is cancelled at once and says nothing about the node', async () => {
    const { node, upstream } = await setUp();
    node.on('eth_call', () => say.hang());
    const attempt = upstream.call(request('eth_call'), 60_000);
    attempt.cancel();
    expect(gist(await attempt.outcome)).toBe('cancelled');
    expect(upstream.stats).toMatchObject({ inflight: 0, errorRate: 0 });
    expect(gist(await ask(upstream, 'eth_chainId'))).toBe('answered "0x539"');
  });

  test.each([
    ['resets the connection', say.reset()],
    ['closes it within an answer', say.closeMidBody()],
  ])(
    'a node that %s fails all calls in flight and is lost once; then the socket comes back',
    async (_title, behaviour) => {
      const { node, upstream, lost, opened } = await setUp();
      node.on('eth_call', () => say.hang()).on('eth_gasPrice', () => behaviour);
      const calls = [ask(upstream, 'eth_call'), ask(upstream, 'eth_call'), ask(upstream, 'eth_gasPrice')];
      const outcomes = await Promise.all(calls);
      for (const outcome of outcomes) expect(gist(outcome)).toMatch(/^failed (transport|bad_reply)$/);
      expect(lost).toHaveLength(1);
      await until(() => opened() === 2);
      expect(gist(await ask(upstream, 'eth_chainId'))).toBe('answered "0x539"');
    },
  );

  test('the node is told to be lost before the calls on it fail', async () => {
    const { node, upstream } = await setUp();
    const order: string[] = [];
    upstream.onLost(() => order.push('lost'));
    node.on('eth_call', () => say.reset());
    await ask(upstream, 'eth_call').then(() => order.push('failed'));
    expect(order).toEqual(['lost', 'failed']);
  });

  test('a message larger than the size limit closes the socket', async () => {
    const { node, upstream, lost } = await setUp();
    node.on('eth_call', () => say.huge(2 * MIB));
    const outcome = await ask(upstream, 'eth_call');
    expect(gist(outcome)).toBe('failed bad_reply');
    expect(messageOf(outcome)).toMatch(/size limit/);
    expect(lost).toHaveLength(1);
  });

  test('of a message that never ends only about the size limit is read', async () => {
    const { node, upstream } = await setUp();
    node.on('eth_call', () => say.endless());
    expect(gist(await ask(upstream, 'eth_call'))).toBe('failed bad_reply');
    expect(node.totalBytesWritten).toBeLessThan(12 * MIB);
  });

  test('a node that never answers costs the call its time limit, and the socket stays', async () => {
    const { node, upstream, lost } = await setUp();
    node.on('eth_call', () => say.hang());
    expect(gist(await ask(upstream, 'eth_call', 30))).toBe('failed timeout');
    expect(lost).toEqual([]);
  });

  test('no more calls are in flight than allowed', async () => {
    const node = await fakeNode({ ipc: true });
    const { upstream } = await reach(node, way, { pending: 2 });
    node.on('eth_call', () => say.hang());
    const attempts = Array.from({ length: 3 }, () => upstream.call(request('eth_call'), 60_000));
    expect(gist(await attempts[2]!.outcome)).toBe('failed overloaded');
    expect(upstream.stats.inflight).toBe(2);
    for (const attempt of attempts) attempt.cancel();
  });

  test('no more bytes wait to be written than allowed', async () => {
    const node = await fakeNode({ ipc: true });
    const { upstream } = await reach(node, way, { sendBuffer: 50 });
    const attempts = [upstream.call(request('eth_chainId'), 10_000), upstream.call(request('eth_chainId'), 10_000)];
    const outcomes = await Promise.all(attempts.map(({ outcome }) => outcome));
    expect(outcomes.map(gist)).toEqual(['answered "0x539"', 'failed overloaded']);
  });

  test('a call that is over leaves no timer behind', async () => {
    const node = await fakeNode({ ipc: true });
    const clock = new FakeClock();
    const { upstream } = await reach(node, way, {}, clock);
    const before = clock.pending;
    await ask(upstream, 'eth_chainId');
    upstream.call(request('eth_chainId'), 10_000).cancel();
    expect(clock.pending).toBe(before);
  });

  test('an upstream that is closed ends its calls as cancelled and its socket for good', async () => {
    const { node, upstream, opened } = await setUp();
    node.on('eth_call', () => say.hang());
    const attempt = upstream.call(request('eth_call'), 60_000);
    await upstream.close();
    expect(gist(await attempt.outcome)).toBe('cancelled');
    await until(() => node.sockets === 0);
    expect(opened()).toBe(1);
  });

  test('while the node is gone calls fail at once, and after its return they work again', async () => {
    const { node, upstream, lost, opened } = await setUp();
    await node.stop();
    await until(() => lost.length === 1);
    expect(gist(await ask(upstream, 'eth_call', 60_000))).toBe('failed transport');
    await node.restart();
    await until(() => opened() === 2);
    expect(gist(await ask(upstream, 'eth_chainId'))).toBe('answered "0x539"');
    expect(lost).toHaveLength(1);
  });

  describe('feeds', () => {
    test('get the bytes of each event, and end once when the socket is lost', async () => {
      const { node, upstream } = await setUp();
      const events: string[] = [];
      let ended = 0;
      const feed = await upstream.subscribe(
        newHeads,
        (result) => events.push(JSON.parse(result.toString()).number),
        () => {
          ended += 1;
        },
      );
      expect(feed).toBeDefined();
      node.mine(3);
      await until(() => events.length === 3);
      expect(events).toEqual(['0x65', '0x66', '0x67']);
      node.closeSockets();
      await until(() => ended === 1);
      feed?.close();
      await upstream.close();
      expect(ended).toBe(1);
    });

    test('miss no event that comes before the answer to eth_subscribe', async () => {
      const { node, upstream, strays } = await setUp();
      const events: string[] = [];
      node.on('eth_subscribe', () => '0xfeed');
      const opening = upstream.subscribe(
        newHeads,
        (result) => events.push(result.toString()),
        () => {},
      );
      node.pushText(say.notification('0xfeed', 1));
      node.pushText(say.notification('0xbeef', 9));
      node.pushText(say.notification('0xfeed', 2));
      await opening;
      node.pushText(say.notification('0xfeed', 3));
      await until(() => events.length === 3);
      expect(events).toEqual(['1', '2', '3']);
      expect(strays()).toEqual(['unknown_subscription']);
    });

    test('keep only so many events that nobody is known to want', async () => {
      const { node, upstream, strays } = await setUp();
      const events: string[] = [];
      node.on('eth_subscribe', () => '0xfeed');
      const opening = upstream.subscribe(
        newHeads,
        (result) => events.push(result.toString()),
        () => {},
      );
      for (let n = 0; n < 300; n += 1) node.pushText(say.notification('0xfeed', n));
      await opening;
      await until(() => events.length === 256);
      expect(strays()).toHaveLength(44);
    });

    test('are unsubscribed when closed, and hear nothing more', async () => {
      const { node, upstream, strays } = await setUp();
      const events: unknown[] = [];
      let ended = 0;
      const feed = await upstream.subscribe(
        newHeads,
        (result) => events.push(result),
        () => {
          ended += 1;
        },
      );
      feed?.close();
      feed?.close();
      node.mine();
      await until(() => node.count('eth_unsubscribe') === 1);
      expect(gist(await ask(upstream, 'eth_chainId'))).toBe('answered "0x539"');
      expect(node.count('eth_unsubscribe')).toBe(1);
      expect(events).toEqual([]);
      expect(ended).toBe(0);
      expect(strays().length).toBeLessThanOrEqual(1);
    });

    test('are undefined where the node refuses, hangs or drops the socket', async () => {
      const { node, upstream } = await setUp();
      const subscribe = () =>
        upstream.subscribe(
          newHeads,
          () => {},
          () => {},
        );
      node.once('eth_subscribe', () => say.rpcError(-32601, 'notifications not supported'));
      expect(await subscribe()).toBeUndefined();
      node.once('eth_subscribe', () => say.reset());
      expect(await subscribe()).toBeUndefined();
    });

    test('are undefined where the node gives one the name of another, or a name as long as a book', async () => {
      const { node, upstream } = await setUp();
      const events: string[] = [];
      const subscribe = () =>
        upstream.subscribe(
          newHeads,
          (result) => events.push(result.toString()),
          () => {},
        );
      node.on('eth_subscribe', () => '0xfeed');
      expect(await subscribe()).toBeDefined();
      expect(await subscribe()).toBeUndefined();
      node.on('eth_subscribe', () => `0x${'f'.repeat(1000)}`);
      expect(await subscribe()).toBeUndefined();
      node.pushText(say.notification('0xfeed', 1));
      await until(() => events.length === 1);
    });

    test('are no more than allowed', async () => {
      const node = await fakeNode({ ipc: true });
      const { upstream } = await reach(node, way, { feeds: 1 });
      const subscribe = () =>
        upstream.subscribe(
          newHeads,
          () => {},
          () => {},
        );
      expect((await Promise.all([subscribe(), subscribe()])).map((feed) => feed !== undefined)).toEqual([true, false]);
    });

    test('keep only so many bytes of events that nobody is known to want', async () => {
      const { node, upstream, strays } = await setUp();
      const events: number[] = [];
      node.on('eth_subscribe', () => '0xfeed');
      const opening = upstream.subscribe(
        newHeads,
        (result) => events.push(result.length),
        () => {},
      );
      for (let n = 0; n < 3; n += 1) node.pushText(say.notification('0xfeed', 'a'.repeat(MIB * 0.4)));
      await opening;
      await until(() => events.length === 2);
      expect(strays()).toEqual(['unknown_subscription']);
    });

    test('that were never asked for are ignored and counted', async () => {
      const { node, strays } = await setUp();
      node.pushText(say.notification('0x99', {}));
      node.pushText('{"jsonrpc":"2.0","method":"eth_subscription","params":[1]}');
      await until(() => strays().length === 2);
      expect(strays()).toEqual(['unknown_subscription', 'malformed']);
    });
  });
});

describe('over ws', () => {
  test('a message that is cut off fails the call that it was to answer, at once', async () => {
    const node = await fakeNode();
    const { upstream, lost } = await reach(node, 'ws');
    node.on('eth_call', () => say.truncated());
    expect(gist(await ask(upstream, 'eth_call', 60_000))).toBe('failed bad_reply');
    expect(lost).toEqual([]);
  });

  test('a message that is no JSON is ignored and counted', async () => {
    const node = await fakeNode();
    const clock = new FakeClock();
    const { upstream, strays } = await reach(node, 'ws', {}, clock);
    node.on('eth_call', () => say.html200());
    const asked = ask(upstream, 'eth_call', 30);
    await until(() => strays().length === 1);
    clock.advance(30);
    expect(gist(await asked)).toBe('failed timeout');
    expect(strays()).toEqual(['malformed']);
  });

  test('a socket that is half open is noticed by pings, and one that lives is left alone', async () => {
    const node = await fakeNode();
    const clock = new FakeClock();
    const { upstream, lost } = await reach(node, 'ws', { pingInterval: 1_000 }, clock);
    for (let ping = 2; ping < 6; ping += 1) {
      // The answer comes after the pong.
      await ask(upstream, 'eth_chainId');
      clock.advance(1_000);
      await until(() => node.pings === ping);
    }
    await ask(upstream, 'eth_chainId');
    expect(lost).toEqual([]);
    node.freeze();
    const call = ask(upstream, 'eth_call', 60_000);
    clock.advance(2_000);
    expect(gist(await call)).toBe('failed transport');
    expect(lost).toEqual(['no sign of life: the WebSocket is half open']);
  });

  test('a handshake that is not answered is given up and tried again', async () => {
    const node = await fakeNode();
    node.freeze();
    const { upstream, reports } = watch(node.wsUrl, { connectTimeout: 500 });
    await until(() => reports.length >= 2);
    expect(reports[0]).toMatchObject({ kind: 'socket_failed', why: 'the WebSocket handshake failed' });
    node.thaw();
    await until(() => upstream.pushes);
  });

  test('the calls of one turn of the event loop leave in one write', async () => {
    const node = await fakeNode();
    const { upstream } = await reach(node, 'ws');
    await ask(upstream, 'eth_chainId');
    const before = node.reads;
    await Promise.all(Array.from({ length: 20 }, () => ask(upstream, 'eth_chainId')));
    expect(node.reads - before).toBe(1);
  });
});

describe('over ipc', () => {
  test.each([
    ['is no JSON', say.notJson('Bad Gateway')],
    ['is cut off', say.raw('{"jsonrpc":"2.0","id":$id]}]')],
  ])('a message that %s closes the socket, since nothing after it can be told apart', async (_title, behaviour) => {
    const node = await fakeNode({ ipc: true });
    const { upstream, lost } = await reach(node, 'ipc');
    node.on('eth_call', () => behaviour);
    expect(gist(await ask(upstream, 'eth_call', 60_000))).toBe('failed bad_reply');
    await until(() => lost.length === 1);
  });

  test('the calls of one turn of the event loop leave in one write', async () => {
    const node = await fakeNode({ ipc: true });
    const { upstream } = await reach(node, 'ipc');
    await ask(upstream, 'eth_chainId');
    const before = node.reads;
    await Promise.all(Array.from({ length: 20 }, () => ask(upstream, 'eth_chainId')));
    expect(node.reads - before).toBe(1);
  });
});
