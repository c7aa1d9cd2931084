import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../support/fake-clock.ts';
import * as say from '../support/fake-node.ts';
import { Wires } from '../support/wires.ts';
import { ask, fakeNode, gist, messageOf, own, reach, request, until, watch } from './setup.ts';

const MIB = 1024 * 1024;

/** The outcome of one call that the node meets with `behaviour`. */
const meet = async (behaviour: unknown) => {
  const node = await fakeNode({ ws: false });
  node.on('eth_call', () => behaviour);
  const { upstream, lost } = await reach(node, 'http', { responseSize: MIB });
  const outcome = await ask(upstream, 'eth_call');
  const after = await ask(upstream, 'eth_chainId');
  return { outcome, node, lost, after };
};

describe('over HTTP', () => {
  const cases: readonly [title: string, behaviour: unknown, gist: string, words: RegExp][] = [
    ['half a JSON text is a bad reply', say.truncated(), 'failed bad_reply', /cut off/],
    ['an answer with another id is a bad reply', say.wrongId(), 'failed bad_reply', /another id/],
    [
      'an answer with the right id as a string is a bad reply',
      say.raw('{"id":"$id","result":1}'),
      'failed bad_reply',
      /./,
    ],
    ['an answer without an id is a bad reply', say.missingId(), 'failed bad_reply', /another id/],
    ['two answers in one body are a bad reply', say.twice(), 'failed bad_reply', /not JSON/],
    ['an array where one answer should be is a bad reply', say.raw('[{"id":$id,"result":1}]'), 'failed bad_reply', /./],
    [
      'a notification instead of an answer is a bad reply',
      say.raw('{"method":"m","params":[]}'),
      'failed bad_reply',
      /./,
    ],
    ['a web page with status 200 is a bad reply', say.html200(), 'failed bad_reply', /markup/],
    ['an empty body is a bad reply', say.raw(''), 'failed bad_reply', /empty body/],
    ['text that is no JSON is a bad reply', say.notJson(), 'failed bad_reply', /not JSON/],
    ['a redirect is not followed', say.redirect('http://127.0.0.1:1/?token=secret'), 'failed bad_reply', /redirect/],
    ['a connection reset before the answer is a transport failure', say.reset(), 'failed transport', /closed/],
    ['a connection closed within the answer is a transport failure', say.closeMidBody(), 'failed transport', /closed/],
    [
      'an error with HTTP status 500 is the error it says',
      say.answerWithStatus(500, say.rpcError(3, 'execution reverted')),
      'refused execution reverted',
      /^$/,
    ],
    [
      'a result under HTTP status 500 is not believed',
      say.answerWithStatus(500, '0x1'),
      'failed transport',
      /HTTP 500/,
    ],
    [
      'a web page with status 502 is a transport failure',
      say.status(502, '<h1>', { 'content-type': 'text/html' }),
      'failed transport',
      /HTTP 502 with text\/html/,
    ],
    ['status 503 means overloaded', say.status(503), 'failed overloaded', /HTTP 503/],
    ['status 504 means timeout', say.status(504), 'failed timeout', /HTTP 504/],
    ['status 401 is a transport failure', say.status(401), 'failed transport', /HTTP 401/],
    [
      'a refusal by virtual hosts says what to do',
      say.status(403, 'invalid host specified\n'),
      'failed transport',
      /--http\.vhosts/,
    ],
    ['status 429 with a page means rate limited', say.rateLimited(), 'failed rate_limited', /HTTP 429/],
    [
      'status 429 with a JSON-RPC error means rate limited',
      say.answerWithStatus(429, say.rpcError(-32000, 'whatever')),
      'failed rate_limited',
      /whatever/,
    ],
    [
      'an unknown content encoding is a bad reply',
      say.status(200, 'x', { 'content-encoding': 'br' }),
      'failed bad_reply',
      /compressed/,
    ],
    [
      'a broken compressed body is a bad reply',
      say.status(200, 'x', { 'content-encoding': 'gzip' }),
      'failed bad_reply',
      /unpack/,
    ],
    ['a body compressed unasked is unpacked', say.gzipped('0x2a'), 'answered "0x2a"', /^$/],
    [
      "an error without an id is the node's error",
      say.raw('{"error":{"code":-32005,"message":"limit"}}'),
      'failed rate_limited',
      /limit/,
    ],
  ];

  test.each(cases)('%s', async (_title, behaviour, expected, words) => {
    const { outcome, after } = await meet(behaviour);
    expect(gist(outcome)).toBe(expected);
    expect(messageOf(outcome)).toMatch(words);
    expect(gist(after)).toBe('answered "0x539"');
  });

  test.each([
    ['never answers', say.hang(), /no answer within/],
    ['promises more bytes than it sends', say.contentLengthTooLong(), /did not end/],
  ])('a node that %s costs the call its time limit and no more', async (_title, behaviour, words) => {
    const wires = own(new Wires());
    const clock = new FakeClock();
    const node = await fakeNode({ ws: false });
    node.on('eth_call', () => behaviour);
    const { upstream } = await reach(node, 'http', {}, clock);
    const asked = ask(upstream, 'eth_call', 500);
    await until(() => node.count('eth_call') === 1);
    await wires.rest();
    clock.advance(500);
    const outcome = await asked;
    expect(gist(outcome)).toBe('failed timeout');
    expect(messageOf(outcome)).toMatch(words);
    expect(gist(await ask(upstream, 'eth_chainId'))).toBe('answered "0x539"');
  });

  test('of a body that never ends only about the size limit is read', async () => {
    const { outcome, node } = await meet(say.endless());
    expect(gist(outcome)).toBe('failed bad_reply');
    await until(() => node.connections === 1);
    expect(node.totalBytesWritten).toBeLessThan(12 * MIB);
  });

  test('a body that is announced too large is not waited for', async () => {
    const { outcome } = await meet(say.status(200, '{', { 'content-length': String(2 * MIB) }));
    expect(gist(outcome)).toBe('failed bad_reply');
    expect(messageOf(outcome)).toMatch(/size limit/);
  });

  test('a body of exactly the size limit is taken, one byte more is not', async () => {
    const envelope = '{"jsonrpc":"2.0","id":1,"result":""}'.length;
    const fits = await meet(say.huge(MIB - envelope));
    expect(fits.outcome.kind).toBe('answered');
    const bursts = await meet(say.huge(MIB - envelope + 1));
    expect(gist(bursts.outcome)).toBe('failed bad_reply');
  });

  test('a gzip bomb is unpacked up to the size limit and no further', async () => {
    const { outcome } = await meet(say.gzipBomb(16 * MIB));
    expect(gist(outcome)).toBe('failed bad_reply');
    expect(messageOf(outcome)).toMatch(/size limit/);
  });

  test('a body of several compressed parts counts as one', async () => {
    const part = gzipSync('a'.repeat(MIB / 2));
    const node = await fakeNode({ ws: false });
    node.on('eth_call', () => say.bytes(Buffer.concat([part, part, part]), { 'content-encoding': 'gzip' }));
    const { upstream } = await reach(node, 'http', { responseSize: MIB });
    expect(messageOf(await ask(upstream, 'eth_call'))).toMatch(/size limit/);
  });

  test('a node that nobody listens for is lost', async () => {
    const node = await fakeNode({ ws: false });
    const { upstream, lost } = await reach(node, 'http');
    await node.stop();
    const outcome = await ask(upstream, 'eth_call');
    expect(gist(outcome)).toBe('failed transport');
    expect(messageOf(outcome)).toBe('connection refused');
    expect(lost).toEqual(['connection refused']);
  });

  test('a connection reset within a call loses the node, a bad answer does not', async () => {
    expect((await meet(say.reset())).lost).toHaveLength(1);
    expect((await meet(say.notJson())).lost).toEqual([]);
  });

  test.each([
    ['seconds', () => '7', 7_000],
    ['an HTTP date', () => new Date(Date.now() + 60_000).toUTCString(), 60_000],
  ])('a wait given in %s is kept', async (_title, header, expected) => {
    const { outcome } = await meet(say.rateLimited(header()));
    const wait = outcome.kind === 'failed' ? outcome.retryAfterMs : undefined;
    expect(wait).toBeLessThanOrEqual(expected);
    expect(wait).toBeGreaterThan(expected - 5_000);
  });

  test('no message holds the address, the password or a header', async () => {
    const node = await fakeNode({ ws: false });
    const url = node.url.replace('://', '://user:hunter2@').concat('/path-secret?key=query-secret');
    const { upstream, reports } = watch(url, { headers: { 'X-Api-Key': 'header-secret' } });
    const behaviours = [say.reset(), say.redirect('http://elsewhere/x'), say.status(502), say.notJson(), say.hang()];
    const outcomes = [];
    for (const behaviour of behaviours) {
      node.on('eth_call', () => behaviour);
      outcomes.push(await ask(upstream, 'eth_call', 1000));
    }
    await node.stop();
    outcomes.push(await ask(upstream, 'eth_call'));
    expect(JSON.stringify([outcomes, reports])).not.toMatch(/secret|hunter2|127\.0\.0\.1|elsewhere|user:/);
    const sent = node.requests[0]?.headers;
    expect(sent?.['x-api-key']).toBe('header-secret');
    expect(sent?.authorization).toBe(`Basic ${Buffer.from('user:hunter2').toString('base64')}`);
    expect(sent?.['accept-encoding']).toBeUndefined();
  });

  test('a call that is given up is cancelled at once, and its connection closed', async () => {
    const node = await fakeNode({ ws: false });
    node.on('eth_call', () => say.hang());
    const { upstream } = await reach(node, 'http');
    const attempt = upstream.call(request('eth_call'), 60_000);
    await until(() => node.count('eth_call') === 1);
    attempt.cancel();
    expect(gist(await attempt.outcome)).toBe('cancelled');
    await until(() => node.connections === 0);
    expect(upstream.stats).toMatchObject({ inflight: 0, errorRate: 0 });
  });

  test('a call that is given up while it waits for a connection is never sent, and makes room', async () => {
    const node = await fakeNode({ ws: false });
    node.on('eth_call', () => say.hang());
    const { upstream } = await reach(node, 'http', { connections: 1, queue: 1 });
    const first = upstream.call(request('eth_call'), 60_000);
    const second = upstream.call(request('eth_gasPrice'), 60_000);
    second.cancel();
    const third = upstream.call(request('eth_chainId'), 60_000);
    expect(gist(await second.outcome)).toBe('cancelled');
    first.cancel();
    expect(gist(await third.outcome)).toBe('answered "0x539"');
    expect(node.count('eth_gasPrice')).toBe(0);
  });

  test('a call that is over leaves no timer behind', async () => {
    const node = await fakeNode({ ws: false });
    const clock = new FakeClock();
    const { upstream, reports } = await reach(node, 'http', {}, clock);
    await until(() => reports.length === 1);
    const before = clock.pending;
    await ask(upstream, 'eth_chainId');
    upstream.call(request('eth_chainId'), 10_000).cancel();
    expect(clock.pending).toBe(before);
  });

  test('a node that speaks no TLS is told from one that is gone', async () => {
    const node = await fakeNode({ ws: false });
    const { upstream, lost } = watch(node.url.replace('http:', 'https:'));
    const outcome = await ask(upstream, 'eth_chainId');
    expect([gist(outcome), messageOf(outcome)]).toEqual([
      'failed transport',
      expect.stringMatching(/^no TLS is spoken at its port: .* \(ERR_SSL_\w+\)$/),
    ]);
    expect(lost).toEqual([]);
  });

  test('no more connections are opened than allowed, and no more calls wait than allowed', async () => {
    const node = await fakeNode({ ws: false });
    node.on('eth_call', () => say.hang());
    const { upstream } = await reach(node, 'http', { connections: 2, queue: 3 });
    const attempts = Array.from({ length: 6 }, () => upstream.call(request('eth_call'), 60_000));
    const last = await attempts[5]!.outcome;
    expect(gist(last)).toBe('failed overloaded');
    expect(upstream.stats).toMatchObject({ inflight: 5, errorRate: 0 });
    await until(() => node.count('eth_call') === 2);
    expect(node.connections).toBe(2);
    for (const attempt of attempts) attempt.cancel();
  });

  test('questions of the gateway’s own do not wait behind calls that have taken all connections', async () => {
    const node = await fakeNode({ ws: false });
    node.on('eth_call', () => say.hang());
    const { upstream } = await reach(node, 'http', { connections: 1 });
    const attempts = [upstream.call(request('eth_call'), 60_000), upstream.call(request('eth_call'), 60_000)];
    await until(() => node.count('eth_call') === 1);
    const one = await upstream.probe([request('eth_chainId')], 10_000);
    const several = await upstream.probe([request('eth_chainId'), request('net_version')], 10_000);
    expect([...one, ...several].map(gist)).toEqual(['answered "0x539"', 'answered "0x539"', 'answered "1337"']);
    expect(node.count('eth_call')).toBe(1);
    for (const attempt of attempts) attempt.cancel();
  });

  test('a call that never got a connection says nothing about the node', async () => {
    const node = await fakeNode({ ws: false });
    node.on('eth_call', () => say.hang());
    const clock = new FakeClock();
    const { upstream } = await reach(node, 'http', { connections: 1 }, clock);
    const first = upstream.call(request('eth_call'), 60_000);
    const others = Array.from({ length: 10 }, () => upstream.call(request('eth_call'), 1000));
    clock.advance(1000);
    const outcomes = await Promise.all(others.map(({ outcome }) => outcome));
    expect(new Set(outcomes.map(gist))).toEqual(new Set(['failed overloaded']));
    expect(outcomes).toMatchObject(others.map(() => ({ unsent: true })));
    expect(upstream.stats).toMatchObject({ breaker: 'closed', errorRate: 0 });
    first.cancel();
  });

  test('an upstream that is closed ends its calls as cancelled', async () => {
    const node = await fakeNode({ ws: false });
    node.on('eth_call', () => say.hang());
    const { upstream } = await reach(node, 'http', { connections: 1 });
    const attempts = [upstream.call(request('eth_call'), 60_000), upstream.call(request('eth_call'), 60_000)];
    await until(() => node.count('eth_call') === 1);
    await upstream.close();
    const outcomes = await Promise.all(attempts.map(({ outcome }) => outcome));
    expect(outcomes.map(gist)).toEqual(['cancelled', 'cancelled']);
    expect(gist(await ask(upstream, 'eth_call'))).toBe('cancelled');
  });
});
