import { request as httpRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeNode, rpcError, startFakeNode } from '../support/fake-node.ts';
import { post, rpc, startGateway, type TestGateway } from '../support/gateway.ts';

/** By node:http, since fetch lets nobody choose the Host header or a method's odd manners. */
const raw = (
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Buffer },
): Promise<{ status: number; headers: Record<string, unknown>; text: string }> =>
  new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: options.method ?? 'POST', headers: options.headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    request.on('error', reject);
    request.end(options.body);
  });

describe('the RPC listener over HTTP', () => {
  let node: FakeNode;
  let gateway: TestGateway;

  beforeAll(async () => {
    node = await startFakeNode({ head: 100 });
    node.on('eth_call', () => '0x2a');
    gateway = await startGateway({
      server: { limits: { bodySize: '64KiB', batchItems: 5, jsonDepth: 8 }, hosts: ['gate.example'] },
      chains: [{ name: 'mainnet', upstreams: [{ name: 'one', url: node.url }] }],
    });
    await gateway.ready();
  });

  afterAll(async () => {
    await gateway.close();
    await node.stop();
  });

  it.each(['1.0', '9007199254740993', '"\\u0041"', 'null', '-3e2', '""', '"a b"'])(
    'gives back the id %s byte for byte',
    async (id) => {
      const { text, status } = await post(
        gateway.url,
        `{"jsonrpc":"2.0","id":${id},"method":"eth_call","params":[{}]}`,
      );
      expect(status).toBe(200);
      expect(text).toBe(`{"jsonrpc":"2.0","id":${id},"result":"0x2a"}`);
    },
  );

  it('says which upstream answered, after how many attempts, and at which head', async () => {
    const { headers } = await rpc(gateway.url, 'eth_call', [{ data: '0x01' }], { 'x-request-id': 'mine-7' });
    expect(headers.get('x-headgate-upstream')).toBe('one');
    expect(headers.get('x-headgate-attempts')).toBe('1');
    expect(headers.get('x-headgate-block')).toBe('100');
    expect(headers.get('x-request-id')).toBe('mine-7');
    expect(headers.get('content-type')).toBe('application/json');
  });

  it('answers a batch in the order of its requests, with the headers that hold for all', async () => {
    const batch = [
      { jsonrpc: '2.0', id: 3, method: 'eth_call', params: [{}] },
      { jsonrpc: '2.0', method: 'eth_call', params: [{}] },
      { jsonrpc: '2.0', id: 1, method: 'eth_chainId' },
      { id: 2, method: 'eth_chainId' },
    ];
    const { json, status, headers } = await post(gateway.url, batch);
    expect(status).toBe(200);
    expect(json.map((item: { id: number }) => item.id)).toEqual([3, 1, 2]);
    expect(json[2].error).toMatchObject({ code: -32600, data: { reason: 'invalid_request' } });
    expect(headers.get('x-headgate-block')).toBe('100');
    expect(headers.get('x-headgate-upstream')).toBeNull();
  });

  it.each([
    ['a notification', { jsonrpc: '2.0', method: 'eth_call', params: [{}] }],
    ['a batch of notifications', [{ jsonrpc: '2.0', method: 'eth_chainId' }]],
  ])('answers %s with 204 and no body', async (_what, body) => {
    expect(await post(gateway.url, body)).toMatchObject({ status: 204, text: '' });
  });

  it.each([
    ['', 400, -32700, 'parse_error'],
    ['{', 400, -32700, 'parse_error'],
    ['[]', 400, -32600, 'empty_batch'],
    [JSON.stringify(Array.from({ length: 6 }, () => ({}))), 400, -32600, 'batch_too_large'],
    ['{"jsonrpc":"2.0","id":1,"id":1,"method":"eth_chainId"}', 400, -32600, 'duplicate_key'],
    ['{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[[[[[[[[[]]]]]]]]]}', 400, -32600, 'too_deep'],
    ['{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}', 400, -32600, 'invalid_request'],
    ['{"jsonrpc":"2.0","id":1,"method":"admin_peers"}', 200, -32601, 'method_denied'],
    ['{"jsonrpc":"2.0","id":1,"method":"\\u0061dmin_peers"}', 200, -32601, 'method_denied'],
    ['{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":["0x0","0x01x"]}', 200, -32602, 'invalid_params'],
  ])('refuses %s', async (body, status, code, reason) => {
    const answer = await post(gateway.url, body);
    expect(answer.status).toBe(status);
    expect(answer.json.error).toMatchObject({ code, data: { reason } });
  });

  it('refuses a body over the limit with 413 and a JSON-RPC error', async () => {
    const answer = await post(gateway.url, `{"pad":"${'x'.repeat(70_000)}"}`);
    expect(answer.status).toBe(413);
    expect(answer.json).toMatchObject({ id: null, error: { code: -32600, data: { reason: 'body_too_large' } } });
  });

  it('refuses a body by the length that it announces, be that more than all bodies together may have', async () => {
    const answer = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const headers = { 'content-length': String(2 * 1024 ** 3) };
      const request = httpRequest(gateway.url, { method: 'POST', headers }, (response) => {
        response.once('data', (chunk: Buffer) => {
          resolve({ status: response.statusCode, text: chunk.toString() });
          request.destroy();
        });
      });
      request.on('error', reject);
      request.flushHeaders();
    });
    expect(answer.status).toBe(413);
    expect(answer.text).toContain('"reason":"body_too_large"');
  });

  it('answers a client that would rather speak HTTP/2 as if it had not said so', async () => {
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' };
    const call = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';
    const answer = await raw(gateway.url, { headers, body: call });
    expect(answer).toMatchObject({ status: 200, text: '{"jsonrpc":"2.0","id":1,"result":"0x539"}' });
    expect((await raw(gateway.url, { method: 'GET', headers })).text).toContain('<!doctype html>');
  });

  it('unpacks gzip within the limit, and refuses a bomb', async () => {
    const call = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';
    const headers = { 'content-encoding': 'gzip' };
    expect((await post(gateway.url, gzipSync(call), headers)).json.result).toBe('0x539');
    const bomb = await post(gateway.url, gzipSync(' '.repeat(10_000_000)), headers);
    expect(bomb.status).toBe(413);
    expect(bomb.json.error.data.reason).toBe('body_too_large');
    expect((await post(gateway.url, 'no gzip', headers)).status).toBe(400);
    expect((await post(gateway.url, call, { 'content-encoding': 'br' })).json.error.data.reason).toBe(
      'invalid_request',
    );
  });

  it.each(['text/plain', undefined, 'application/json-rpc'])('takes content type %s as JSON', async (type) => {
    const headers = type === undefined ? {} : { 'content-type': type };
    const { text } = await raw(gateway.url, { headers, body: '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}' });
    expect(text).toBe('{"jsonrpc":"2.0","id":1,"result":"0x539"}');
  });

  it('serves the chain by its name and by its id, and says which there are where it does not know one', async () => {
    const call = { jsonrpc: '2.0', id: 1, method: 'eth_chainId' };
    expect((await post(`${gateway.url}/mainnet`, call)).json.result).toBe('0x539');
    expect((await post(`${gateway.url}/1337`, call)).json.result).toBe('0x539');
    const unknown = await post(`${gateway.url}/sepolia`, call);
    expect(unknown.status).toBe(404);
    expect(unknown.json.error).toMatchObject({ code: -32600, data: { reason: 'unknown_chain' } });
    expect(unknown.json.error.message).toContain('/mainnet');
    expect(unknown.json.id).toBe(1);
  });

  it.each(['GET', 'POST'])('answers %s of a path that cannot be read with a JSON-RPC error', async (method) => {
    const { status, text, headers } = await raw(`${gateway.url}/%zz`, { method });
    expect([status, JSON.parse(text)]).toMatchObject([400, { id: null, error: { code: -32600 } }]);
    expect(headers).toMatchObject({ 'access-control-allow-origin': '*', 'content-type': 'application/json' });
    expect(headers).toHaveProperty('x-request-id');
  });

  it.each(['PUT', 'DELETE', 'PATCH'])('answers %s with 405', async (method) => {
    expect((await raw(gateway.url, { method })).status).toBe(405);
  });

  it('lets every page read every answer, errors too, and answers preflights', async () => {
    const answer = await post(gateway.url, '{', { origin: 'https://shop.example' });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-expose-headers')).toContain('x-headgate-block');
    const preflight = await raw(gateway.url, { method: 'OPTIONS', headers: { origin: 'https://shop.example' } });
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-headers']).toContain('x-headgate-min-block');
  });

  it('serves only hosts of this machine, so that no web page can reach it by a name of its own', async () => {
    const body = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';
    const evil = await raw(gateway.url, { headers: { host: 'evil.example' }, body });
    expect(evil.status).toBe(403);
    expect(JSON.parse(evil.text).error).toMatchObject({ code: -32016, data: { reason: 'host_denied' } });
    expect((await raw(gateway.url, { headers: { host: 'gate.example:8545' }, body })).status).toBe(200);
    expect((await raw(gateway.url, { headers: { host: 'localhost' }, body })).status).toBe(200);
  });

  it('shows a browser a page, and answers probes', async () => {
    const page = await fetch(gateway.url);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).toContain('1337');
    expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
    expect((await raw(gateway.url, { method: 'HEAD' })).status).toBe(200);
  });

  it('passes a revert through untouched', async () => {
    node.once('eth_call', () => rpcError(3, 'execution reverted: limit exceeded', '0x08c379a0'));
    const { json, headers } = await rpc(gateway.url, 'eth_call', [{ data: '0x02' }]);
    expect(json.error).toEqual({ code: 3, message: 'execution reverted: limit exceeded', data: '0x08c379a0' });
    expect(headers.get('x-headgate-attempts')).toBe('1');
  });

  it('passes a large result through', async () => {
    const large = `0x${'ab'.repeat(2_000_000)}`;
    node.once('eth_call', () => large);
    const { json } = await rpc(gateway.url, 'eth_call', [{ data: '0x03' }]);
    expect(json.result).toBe(large);
  });

  it('reads at the block that the client wants at least, and says not_yet when it does not come', async () => {
    const soon = await rpc(gateway.url, 'eth_blockNumber', [], { 'x-headgate-min-block': '100' });
    expect(soon.json.result).toBe('0x64');
    const bad = await rpc(gateway.url, 'eth_blockNumber', [], { 'x-headgate-min-block': '0x64' });
    expect(bad.json.error.data.reason).toBe('invalid_request');
  });
});

describe('a gateway with restricted origins', () => {
  it('answers other origins without CORS headers', async () => {
    await using node = await startFakeNode();
    await using gateway = await startGateway({
      server: { cors: { origins: ['https://shop.example'] } },
      chains: [{ upstreams: [{ url: node.url }] }],
    });
    await gateway.ready();
    const mine = await rpc(gateway.url, 'eth_chainId', [], { origin: 'https://shop.example' });
    expect(mine.headers.get('access-control-allow-origin')).toBe('https://shop.example');
    const other = await rpc(gateway.url, 'eth_chainId', [], { origin: 'https://evil.example' });
    expect(other.json.result).toBe('0x539');
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });
});
