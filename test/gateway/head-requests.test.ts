import { get, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeNode, startFakeNode } from '../support/fake-node.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

/** How a GET request begins to be answered; the rest is not waited for. */
const beginning = (url: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => resolve(response.destroy())).on('error', reject);
  });

/** The whole answer to a HEAD request, on a connection of its own. */
const whole = (url: string): Promise<{ response: IncomingMessage; body: string }> =>
  new Promise((resolve, reject) => {
    request(url, { method: 'HEAD', agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ response, body }));
    })
      .on('error', reject)
      .end();
  });

/** Status and headers, but for those that differ from one answer to the next, or belong to a body. */
const told = ({ statusCode, headers }: IncomingMessage) => [
  statusCode,
  ...Object.entries(headers).filter(([name]) => !['date', 'x-request-id', 'transfer-encoding'].includes(name)),
];

describe('a HEAD request', () => {
  let node: FakeNode;
  let gateway: TestGateway;

  beforeAll(async () => {
    node = await startFakeNode();
    node.on('eth_getLogs', () => []);
    gateway = await startGateway({
      chains: [{ name: 'main', routing: { timeout: '2s' }, upstreams: [{ url: node.url }] }],
    });
    await gateway.ready();
  });

  afterAll(async () => {
    await gateway.close();
    await node.close();
  });

  it.each([
    ['/', 200],
    ['/main', 200],
    ['/1337', 200],
    ['/nowhere', 404],
    ['/livez', 200],
    ['/readyz', 200],
    ['/events', 200],
    ['/main/events?heads=1', 200],
    ['/events?fromBlock=99', 200],
    ['/events?fromBlock=latest', 400],
    ['/nowhere/events', 404],
    ['/main/events/more', 404],
  ])('for %s is answered as GET is, without the body', async (path, status) => {
    const { response, body } = await whole(`${gateway.url}${path}`);
    expect([response.statusCode, body]).toEqual([status, '']);
    expect(told(response)).toEqual(told(await beginning(`${gateway.url}${path}`)));
  });

  it.each(['/', '/livez', '/readyz', '/status', '/metrics', '/explain?method=eth_call', '/explain', '/nothing'])(
    'for %s of the ops listener is answered as GET is, without the body',
    async (path) => {
      const { response, body } = await whole(`${gateway.opsUrl}${path}`);
      const answered = await beginning(`${gateway.opsUrl}${path}`);
      expect([response.statusCode, response.headers['content-type'], body]).toEqual([
        answered.statusCode,
        answered.headers['content-type'],
        '',
      ]);
    },
  );

  it('for events is over with its answer, so that the connection can be used again', async () => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    const lines = (method: string, path: string) => `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n`;
    socket.write(`${lines('HEAD', '/events')}\r\n${lines('GET', '/livez')}connection: close\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200 [^]*\r\n\r\nHTTP\/1.1 200 [^]*\r\n\r\nok\n$/);
  });

  it('for events leaves no subscription behind', async () => {
    await whole(`${gateway.url}/events?fromBlock=90&heads=1`);
    const metrics = async () => (await fetch(`${gateway.opsUrl}/metrics`)).text();
    await expect.poll(metrics).not.toMatch(/^headgate_subscriptions\{.*\} [1-9]/m);
  });

  it('for events is told, as GET is, that no node can serve them', async () => {
    await using gone = await startFakeNode();
    await using alone = await startGateway({
      chains: [{ name: 'main', routing: { timeout: '300ms' }, upstreams: [{ url: gone.url }] }],
    });
    await alone.ready();
    await gone.stop();
    const { response } = await whole(`${alone.url}/events?fromBlock=1`);
    expect(response.statusCode).toBe(503);
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
  });
});
