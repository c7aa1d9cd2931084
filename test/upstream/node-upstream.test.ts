import { describe, expect, test } from 'vitest';
import { identify } from '../../src/upstream/identify.ts';
import { createUpstream } from '../../src/upstream/node-upstream.ts';
import { upstreamDefaults } from '../../src/upstream/upstream-options.ts';
import { FakeClock } from '../support/fake-clock.ts';
import * as say from '../support/fake-node.ts';
import { Wires } from '../support/wires.ts';
import { ask, fakeNode, gist, messageOf, own, reach, request, until, watch } from './setup.ts';

/** Which way the node was asked a method. */
const ways = (node: say.FakeNode, method: string): string[] =>
  node.requests.filter((asked) => asked.method === method).map(({ transport }) => transport);

describe('the way of a call', () => {
  test.each([
    ['auto', false, 'ws'],
    ['auto', true, 'http'],
    ['ws', false, 'ws'],
    ['ws', true, 'http'],
    ['http', false, 'http'],
  ] as const)('with calls: %s and heavy: %s is %s, at a node nearby with both', async (calls, heavy, expected) => {
    const node = await fakeNode();
    const { upstream } = watch(node.url, { calls });
    await until(() => upstream.pushes);
    await upstream.call(request('eth_gasPrice', '[]', heavy), 10_000).outcome;
    expect(ways(node, 'eth_gasPrice')).toEqual([expected]);
  });

  test('is HTTP while the socket is not open', async () => {
    const node = await fakeNode({ ws: false });
    const { upstream, reports } = watch(node.url, { calls: 'ws' });
    await until(() => reports.some(({ kind }) => kind === 'socket_failed'));
    expect(gist(await ask(upstream, 'eth_chainId'))).toBe('answered "0x539"');
    expect(upstream.pushes).toBe(false);
  });

  test('is HTTP when the socket has no room', async () => {
    const node = await fakeNode();
    node.on('eth_call', () => say.hang());
    const { upstream } = watch(node.url, { calls: 'ws', pending: 1 });
    await until(() => upstream.pushes);
    const attempts = [upstream.call(request('eth_call'), 60_000), upstream.call(request('eth_call'), 60_000)];
    await until(() => node.count('eth_call') === 2);
    expect(ways(node, 'eth_call').sort()).toEqual(['http', 'ws']);
    for (const attempt of attempts) attempt.cancel();
  });

  test.each(['ws', 'ipc'] as const)('is the socket for everything where the node has only %s', async (way) => {
    const node = await fakeNode({ ipc: true });
    const { upstream } = await reach(node, way, { calls: 'http' });
    await upstream.call(request('eth_gasPrice', '[]', true), 10_000).outcome;
    expect(ways(node, 'eth_gasPrice')).toEqual([way]);
  });
});

describe('a WebSocket that was not configured', () => {
  test('is tried at the same host and port, with the same credentials', async () => {
    const node = await fakeNode();
    const { upstream } = watch(node.url.replace('://', '://u:p@'), { headers: { 'X-Key': 'k' }, calls: 'ws' });
    await until(() => upstream.pushes);
    await ask(upstream, 'eth_gasPrice');
    const asked = node.requests.find(({ method }) => method === 'eth_gasPrice');
    expect(asked).toMatchObject({ transport: 'ws', headers: { 'x-key': 'k', authorization: expect.any(String) } });
  });

  test('is left alone for minutes where it is turned away, and nothing is lost by that', async () => {
    const node = await fakeNode({ ws: false });
    const { reports, lost } = watch(node.url);
    await until(() => reports.length === 1);
    expect(reports).toEqual([{ kind: 'socket_failed', why: 'no WebSocket: HTTP 400', retryMs: 300_000 }]);
    expect(lost).toEqual([]);
  });

  test('is tried again soon where nobody listened', async () => {
    const node = await fakeNode();
    await node.stop();
    const { upstream, reports, lost } = watch(node.url);
    await until(() => reports.length >= 2);
    expect(reports[0]).toMatchObject({ kind: 'socket_failed', why: 'connection refused' });
    expect(lost).toEqual([]);
    await node.restart();
    await until(() => upstream.pushes);
  });
});

describe('a WebSocket beside HTTP', () => {
  test('is not used where it answers for another chain', async () => {
    const node = await fakeNode();
    const other = await fakeNode({ chainId: 5 });
    const { upstream, reports, lost, opened } = watch(node.url, { ws: other.wsUrl, calls: 'ws' });
    await until(() => reports.some(({ kind }) => kind === 'socket_lost'));
    expect(reports[0]).toMatchObject({ kind: 'socket_lost', why: expect.stringContaining('another chain') });
    expect(gist(await ask(upstream, 'eth_chainId'))).toBe('answered "0x539"');
    expect([upstream.pushes, opened(), lost]).toEqual([false, 0, []]);
    expect(
      await upstream.subscribe(
        Buffer.from('["newHeads"]'),
        () => {},
        () => {},
      ),
    ).toBeUndefined();
  });

  test('is compared again until both have answered', async () => {
    const node = await fakeNode();
    node.once('eth_chainId', () => say.status(503)).once('eth_chainId', () => '0x539');
    const wires = own(new Wires());
    const clock = new FakeClock();
    const { upstream, opened } = watch(node.url, {}, clock);
    await until(() => node.count('eth_chainId') === 2);
    await wires.rest();
    expect(upstream.pushes).toBe(false);
    while (opened() === 0) {
      clock.advance(1_000);
      await wires.rest();
    }
    expect(upstream.pushes).toBe(true);
  });

  test('tells by its loss that the node may be another one now', async () => {
    const node = await fakeNode();
    const { upstream, lost, opened } = watch(node.url, { calls: 'http' });
    await until(() => opened() === 1);
    node.closeSockets();
    await until(() => lost.length === 1);
    await until(() => opened() === 2);
    expect(upstream.pushes).toBe(true);
  });
});

describe('a probe', () => {
  const questions = [request('eth_chainId'), request('eth_foo'), request('eth_blockNumber')];

  test('asks everything in one HTTP request, and puts the answers in order', async () => {
    const node = await fakeNode({ ws: false });
    const { upstream } = watch(node.url);
    node.reverseBatches = true;
    const outcomes = await upstream.probe(questions, 10_000);
    expect(outcomes.map(gist)).toEqual(['answered "0x539"', 'failed unsupported', 'answered "0x64"']);
    expect([node.posts, upstream.stats.inflight]).toEqual([1, 0]);
  });

  test.each(['ws', 'ipc'] as const)('over %s asks everything in one write', async (way) => {
    const node = await fakeNode({ ipc: true });
    const { upstream } = await reach(node, way);
    await upstream.probe([request('eth_chainId')], 10_000);
    const before = node.reads;
    const outcomes = await upstream.probe(questions, 10_000);
    expect(outcomes.map(gist)).toEqual(['answered "0x539"', 'failed unsupported', 'answered "0x64"']);
    expect(node.reads - before).toBe(1);
  });

  test('asks one by one where the node takes no batches, and remembers that until the node is lost', async () => {
    const node = await fakeNode({ ws: false, batches: false });
    const { upstream, lost } = watch(node.url);
    for (const posts of [4, 7]) {
      const outcomes = await upstream.probe(questions, 10_000);
      expect(outcomes.map(gist)).toEqual(['answered "0x539"', 'failed unsupported', 'answered "0x64"']);
      expect(node.posts).toBe(posts);
    }
    node.once('eth_call', () => say.reset());
    await ask(upstream, 'eth_call');
    expect(lost).toHaveLength(1);
    await upstream.probe(questions, 10_000);
    expect(node.posts).toBe(7 + 1 + 4);
  });

  test.each([
    ['a web page', say.html200(), 'failed bad_reply'],
    ['status 429', say.rateLimited(), 'failed rate_limited'],
    ['status 503', say.status(503), 'failed overloaded'],
    [
      'a rate limit without an id',
      say.raw('{"error":{"code":-32005,"message":"limit"},"id":null}'),
      'failed rate_limited',
    ],
    ['a reset', say.reset(), 'failed transport'],
    [
      'more answers than questions',
      say.raw(`[${'{"id":0,"result":1},'.repeat(7)}{"id":1,"result":1}]`),
      'failed bad_reply',
    ],
    ['an empty batch', say.raw('[]'), 'failed bad_reply'],
  ])('answered with %s fails as a whole and is not asked again', async (_title, behaviour, expected) => {
    const node = await fakeNode({ ws: false });
    node.on('eth_chainId', () => behaviour);
    const { upstream } = watch(node.url);
    const outcomes = await upstream.probe(questions, 10_000);
    expect(outcomes.map(gist)).toEqual([expected, expected, expected]);
    expect(node.posts).toBe(1);
  });

  test('fails only the item that a batch leaves out', async () => {
    const node = await fakeNode({ ws: false });
    node.on('eth_chainId', () => say.raw('[{"id":1,"result":"0x1"},{"id":3,"result":"0x3"},{"id":9,"result":"0x9"}]'));
    const { upstream } = watch(node.url);
    const outcomes = await upstream.probe(questions, 10_000);
    expect(outcomes.map(gist)).toEqual(['answered "0x1"', 'failed bad_reply', 'answered "0x3"']);
  });

  test('takes the last of doubled answers in a batch, ignores those that nobody asked for, and counts both', async () => {
    const node = await fakeNode({ ws: false });
    const answers = [1, 9, 1, 2, 3].map((id, at) => `{"id":${id},"result":${at}}`);
    node.on('eth_chainId', () => say.raw(`[${answers.join()}]`));
    const { upstream, strays } = watch(node.url);
    const outcomes = await upstream.probe(questions, 10_000);
    expect(outcomes.map(gist)).toEqual(['answered 2', 'answered 3', 'answered 4']);
    expect(strays()).toEqual(['late_answer', 'unasked_answer']);
  });

  test('waits for the first socket of a node that has nothing else', async () => {
    const node = await fakeNode();
    const { upstream } = watch(node.wsUrl);
    expect((await upstream.probe(questions, 10_000)).map(gist)[0]).toBe('answered "0x539"');
  });

  test('of a node without a connection fails at its time limit', async () => {
    const node = await fakeNode();
    await node.stop();
    const { upstream } = watch(node.wsUrl);
    expect((await upstream.probe(questions, 50)).map(gist)).toEqual(Array(3).fill('failed transport'));
  });

  test('passes an open breaker, and half-opens it once it has rested, for one call that closes it', async () => {
    const node = await fakeNode({ ws: false });
    const clock = new FakeClock();
    const { upstream } = watch(node.url, {}, clock);
    node.on('eth_call', () => say.notJson());
    for (let n = 0; n < 5; n += 1) await ask(upstream, 'eth_call');
    expect(upstream.stats.breaker).toBe('open');
    const turnedAway = await ask(upstream, 'eth_chainId');
    expect([gist(turnedAway), messageOf(turnedAway)]).toEqual(['failed overloaded', 'the circuit breaker is open']);
    expect(node.count('eth_chainId')).toBe(0);
    await upstream.probe(questions, 10_000);
    expect(upstream.stats.breaker).toBe('open');
    clock.advance(upstreamDefaults.breaker.cooldown);
    await upstream.probe(questions, 10_000);
    expect(upstream.stats.breaker).toBe('half-open');
    expect((await Promise.all([ask(upstream, 'eth_chainId'), ask(upstream, 'eth_chainId')])).map(gist)).toEqual([
      'answered "0x539"',
      'failed overloaded',
    ]);
    expect(upstream.stats.breaker).toBe('closed');
  });

  test('teaches which client the node runs, on which the wording of errors depends', async () => {
    const node = await fakeNode({ ws: false, client: 'Nethermind/v1.31.0+3f2a8e1b/linux-x64/dotnet9.0.0' });
    // EIP-1474's "resource unavailable", which Nethermind says of pruned state, and others of other things.
    node.on('eth_call', () => say.rpcError(-32002, 'whatever'));
    const { upstream } = watch(node.url);
    expect(gist(await ask(upstream, 'eth_call'))).not.toBe('failed missing_data');
    expect(await identify(upstream, 10_000)).toMatchObject({ client: expect.stringMatching(/^Nethermind/) });
    expect(gist(await ask(upstream, 'eth_call'))).toBe('failed missing_data');
  });
});

describe('the identity of a node', () => {
  test('is its chain, genesis and client, asked in one request', async () => {
    const node = await fakeNode({ ws: false, chainId: 1 });
    const { upstream } = watch(node.url);
    expect(await identify(upstream, 10_000)).toEqual({
      chainId: 1n,
      genesis: node.chain.hash(0),
      client: 'Geth/v1.16.7-stable/linux-amd64/go1.25.1',
    });
    expect(node.posts).toBe(1);
  });

  test('needs neither genesis nor client', async () => {
    const node = await fakeNode({ ws: false });
    node.on('eth_getBlockByNumber', () => null).on('web3_clientVersion', () => say.rpcError(-32601, 'no'));
    const { upstream } = watch(node.url);
    expect(await identify(upstream, 10_000)).toEqual({ chainId: 1337n, genesis: undefined, client: '' });
  });

  test('is not looked for in megabytes of brackets, which would take seconds to parse', async () => {
    const node = await fakeNode({ ws: false });
    const hash = node.chain.hash(0);
    const filler = Array.from({ length: 40_000 }, () => ({}));
    node.on('eth_getBlockByNumber', () => ({ hash, filler }));
    node.on('web3_clientVersion', () => `Nethermind/${'v'.repeat(100_000)}`);
    node.on('eth_call', () => say.rpcError(-32002, 'whatever'));
    const { upstream } = watch(node.url);
    expect(await identify(upstream, 10_000)).toEqual({ chainId: 1337n, genesis: undefined, client: '' });
    expect(gist(await ask(upstream, 'eth_call'))).not.toBe('failed missing_data');
    node.on('eth_chainId', () => filler);
    expect(await identify(upstream, 10_000)).toEqual({ failed: 'eth_chainId was not answered with a number' });
  });

  test.each([
    ['no', 'is not answered with a number'],
    ['0x', 'is not answered with a number'],
    [1337, 'is not answered with a number'],
    [null, 'is not answered with a number'],
    [say.status(403, 'invalid host specified'), '--http.vhosts'],
    [say.rpcError(-32602, 'invalid argument'), ''],
  ])('is not known where eth_chainId answers %j', async (answer, words) => {
    const node = await fakeNode({ ws: false });
    node.on('eth_chainId', () => answer);
    const { upstream } = watch(node.url);
    const identity = await identify(upstream, 10_000);
    expect(identity).toEqual({ failed: expect.stringContaining(words.replace('is not', 'was not')) });
  });
});

test('an address of no known kind is a mistake of whoever checked the config', () => {
  const deps = { clock: new FakeClock(), random: () => 0, report: () => {} };
  expect(() => createUpstream({ ...upstreamDefaults, name: 'a', url: 'ftp://user:secret@h' }, deps)).toThrow(
    /^upstream a has an address that is no URL of a known kind$/,
  );
});
