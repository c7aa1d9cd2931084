import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Call } from '../../src/core/call.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { Observer } from '../../src/core/observer.ts';
import { localReply, type Reply } from '../../src/core/reply.ts';
import { ByteBudget } from '../../src/lib/byte-budget.ts';
import { createHttp } from '../../src/ingress/http.ts';
import { Endpoints } from '../../src/ingress/target.ts';
import { WsIngress } from '../../src/ingress/ws.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLogObserver } from '../../src/telemetry/log-observer.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { post } from '../support/gateway.ts';
import { WsClient } from '../support/ws-client.ts';

const broken = (): never => {
  throw new TypeError('a bug of ours, with secret-of-ours in it');
};

/** A chain whose rooms have a bug: `eth_call` meets it, and nothing else. */
const handle = async ({ method }: Call): Promise<Reply> =>
  method === 'eth_call' || method === 'eth_subscribe' ? broken() : localReply(Buffer.from('"0x1"'));

describe('a fault of ours', () => {
  let http: FastifyInstance;
  let sockets: WsIngress;
  let url: string;
  let log: string[];
  /** Calls that ended in this word, and requests that were rejected by it. */
  let counted: { ended: unknown[]; rejected: string[] };
  let endpoint: Endpoint;

  beforeEach(async () => {
    log = [];
    const { log: logger } = createLogger({ level: 'info', format: 'json' }, ['secret-of-ours'], {
      write: (line) => log.push(line),
    });
    counted = { ended: [], rejected: [] };
    const observer: Observer = {
      ...createLogObserver(logger),
      callEnded: (_call, reply) => counted.ended.push(reply.ok ? 'ok' : reply.reason),
      rejected: (reason) => counted.rejected.push(reason),
    };
    endpoint = { name: 'main', handle, timeoutMs: 1000, head: () => undefined, chainId: () => 1n };
    const deps = {
      limits: { depth: 64, batchItems: 10 },
      clock: systemClock,
      observer,
      hide: (text: string) => text,
      endpoints: new Endpoints([endpoint], undefined),
      budget: new ByteBudget(100_000),
    };
    const options = {
      host: '127.0.0.1',
      hosts: [],
      cors: { origins: ['*'] },
      trusts: () => false,
      debug: true,
      newId: () => 'made',
      bodySize: 10_000,
    };
    const limits = { connections: 10, headerTimeout: 1000, requestTimeout: 1000, compression: false, tls: undefined };
    http = createHttp({ ...options, ...limits }, { ...deps, ready: broken, draining: () => false, page: broken });
    const connection = { queue: 10_000, subscriptionLimit: 1, pingInterval: 10_000 };
    sockets = new WsIngress({ ...options, connection }, deps);
    sockets.attach(http.server);
    await http.listen({ host: '127.0.0.1', port: 0 });
    url = `http://127.0.0.1:${(http.server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    sockets.terminate();
    await http.close();
  });

  const error = { code: -32603, message: expect.stringMatching(/log/), data: { reason: 'internal_error' } };
  const call = (id: unknown, method = 'eth_call') => ({ jsonrpc: '2.0', id, method, params: [] });

  /** One line, with the stack, and with no secret. */
  const told = (fields: object): void => {
    expect(log).toHaveLength(1);
    const line = JSON.parse(log[0] ?? '');
    expect(line).toMatchObject({ level: 'error', error: expect.stringMatching(/^TypeError: .*\n\s+at /), ...fields });
    expect(log[0]).not.toContain('secret-of-ours');
  };

  it('that a call meets is an internal error under its id by HTTP, logged with its stack, and counted', async () => {
    const { status, json } = await post(url, call('a7'), { 'x-request-id': 'r-1' });
    expect([status, json]).toEqual([500, { jsonrpc: '2.0', id: 'a7', error }]);
    told({ chain: 'main', method: 'eth_call', transport: 'http', requestId: 'r-1' });
    expect(counted).toEqual({ ended: ['internal_error'], rejected: [] });
  });

  it('that a call meets is the same by WebSocket, which stays open', async () => {
    const client = await WsClient.open(url.replace('http', 'ws'));
    expect((await client.call('eth_call', [], 9)).error).toEqual(error);
    told({ chain: 'main', method: 'eth_call', transport: 'ws' });
    expect(counted).toEqual({ ended: ['internal_error'], rejected: [] });
    expect((await client.call('eth_gasPrice')).result).toBe('0x1');
    await client.close();
  });

  it('that one item of a batch meets leaves the others alone', async () => {
    const { status, json } = await post(url, [call(1, 'eth_gasPrice'), call(2), call(3, 'eth_gasPrice')]);
    expect(status).toBe(200);
    expect(json).toEqual([
      { jsonrpc: '2.0', id: 1, result: '0x1' },
      { jsonrpc: '2.0', id: 2, error },
      { jsonrpc: '2.0', id: 3, result: '0x1' },
    ]);
    told({});
  });

  it('that is met before a call begins has the id, too, over both transports', async () => {
    Object.assign(endpoint, { head: broken });
    const { status, json } = await post(url, call(5));
    expect([status, json]).toEqual([500, { jsonrpc: '2.0', id: 5, error }]);
    told({ transport: 'http' });
    log.length = 0;
    const client = await WsClient.open(url.replace('http', 'ws'));
    expect((await client.call('eth_call', [], 6)).error).toEqual(error);
    told({ transport: 'ws' });
    expect(counted).toEqual({ ended: [], rejected: ['internal_error', 'internal_error'] });
    await client.close();
  });

  it('that is met while a client looks for its chain is the same by HTTP, and refuses a WebSocket with 500', async () => {
    Object.assign(endpoint, { chainId: broken });
    const { status, json } = await post(`${url}/7`, call(5));
    expect([status, json]).toEqual([500, { jsonrpc: '2.0', id: 5, error }]);
    told({ transport: 'http' });
    log.length = 0;
    await expect(WsClient.open(`${url.replace('http', 'ws')}/7`)).rejects.toThrow('HTTP 500');
    told({ transport: 'ws' });
    expect(counted.rejected).toEqual(['internal_error', 'internal_error']);
  });

  it.each(['/', '/readyz', '/events'])('that GET %s meets is an internal error', async (path) => {
    const answer = await fetch(`${url}${path}`);
    expect([answer.status, await answer.json()]).toEqual([500, { jsonrpc: '2.0', id: null, error }]);
    told({});
  });

  it('is not what a client is told of its own bytes', async () => {
    const { status, json } = await post(url, 'no gzip', { 'content-encoding': 'gzip' });
    expect([status, json.error]).toMatchObject([400, { code: -32700, data: { reason: 'parse_error' } }]);
    expect(log).toEqual([]);
  });

  it('is not a client that leaves in the middle of its request', async () => {
    const client = new AbortController();
    const sent = fetch(url, { method: 'POST', body: endless(), duplex: 'half', signal: client.signal } as RequestInit);
    await once(http.server, 'request');
    client.abort();
    await expect(sent).rejects.toThrow();
    expect((await post(url, call(1, 'eth_gasPrice'))).status).toBe(200);
    expect(log).toEqual([]);
    expect(counted.rejected).not.toContain('internal_error');
  });
});

const endless = (): ReadableStream =>
  new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('{')) });
