import { afterEach, expect, test } from 'vitest';
import {
  createOpsListener,
  type ExplainQuery,
  type OpsDeps,
  type OpsListener,
  type OpsOptions,
} from '../../src/ingress/ops.ts';
import { ask } from './ops-request.ts';
import { systemClock } from '../../src/lib/clock.ts';

const TOKEN = 'token-of-the-operator';

const listeners: OpsListener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

/** A listener before a gateway of two chains, of which `two` is not ready; what is done to it is written down. */
const serving = async (options: Partial<OpsOptions> = {}, deps: Partial<OpsDeps> = {}) => {
  const done: string[] = [];
  const chains = [
    { name: 'one', ready: true, reason: 'geth-1 is healthy' },
    { name: 'two', ready: false, reason: 'every upstream is down' },
  ];
  const listener = createOpsListener(
    { host: '127.0.0.1', port: 0, hosts: [], token: TOKEN, ...options },
    {
      clock: systemClock,
      metrics: () =>
        Promise.resolve({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: 'headgate_up 1\n' }),
      ready: (chain) => {
        const asked = chains.filter(({ name }) => chain === undefined || name === chain);
        return asked.length === 0 ? undefined : { ready: asked.every(({ ready }) => ready), chains: asked };
      },
      status: () => ({ version: '1.2.3', uptimeSeconds: 5, chains: [] }),
      page: { html: '<!doctype html><title>headgate</title>', policy: "default-src 'none'" },
      explain: (query: ExplainQuery) => (query.chain === 'three' ? undefined : Promise.resolve({ query })),
      drain: (name) => name === 'geth-1' && done.push(`drain ${name}`) > 0,
      undrain: (name) => name === 'geth-1' && done.push(`undrain ${name}`) > 0,
      purge: async () => done.push('purge') && 7,
      reload: () => Promise.resolve(done.push('reload') > 0 && { ok: true as const }) as Promise<{ ok: true }>,
      failed: (error) => done.push(`failed ${String(error)}`),
      ...deps,
    },
  );
  listeners.push(listener);
  const { port } = await listener.listen();
  return { port, done };
};

const authorized = { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` } };

test('GET /metrics gives the metrics under the content type that Prometheus expects', async () => {
  const { port } = await serving();
  const { status, headers, body } = await ask(port, '/metrics');
  expect([status, headers['content-type'], body]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
    'headgate_up 1\n',
  ]);
});

test('GET /livez says that the process runs, whatever the chains are', async () => {
  const { port } = await serving({}, { ready: () => ({ ready: false, chains: [] }) });
  expect(await ask(port, '/livez')).toMatchObject({ status: 200, body: 'ok\n' });
});

test('GET /readyz is 503 while any chain is not ready, and says which and why', async () => {
  const { port } = await serving();
  expect(await ask(port, '/readyz')).toMatchObject({ status: 503, body: 'not ready: two: every upstream is down\n' });
  expect(await ask(port, '/readyz?chain=one')).toMatchObject({ status: 200, body: 'ready\n' });
  expect(await ask(port, '/readyz?chain=two')).toMatchObject({ status: 503 });
  expect(await ask(port, '/readyz?chain=three')).toMatchObject({ status: 404, json: { error: 'unknown_chain' } });
});

test('GET /readyz?verbose tells every chain with its reason as JSON', async () => {
  const { port } = await serving();
  expect(await ask(port, '/readyz?verbose')).toMatchObject({
    status: 503,
    json: {
      ready: false,
      chains: [
        { name: 'one', ready: true, reason: 'geth-1 is healthy' },
        { name: 'two', ready: false },
      ],
    },
  });
});

test('a gateway that drains is not ready although its chains are', async () => {
  const { port } = await serving(
    {},
    { ready: () => ({ ready: false, chains: [{ name: 'one', ready: true, reason: '' }] }) },
  );
  expect(await ask(port, '/readyz')).toMatchObject({ status: 503, body: 'not ready: draining\n' });
});

test('GET /status is JSON, and GET / the page under its content security policy', async () => {
  const { port } = await serving();
  expect(await ask(port, '/status')).toMatchObject({
    status: 200,
    json: { version: '1.2.3', uptimeSeconds: 5, chains: [] },
  });
  const page = await ask(port, '/');
  expect(page.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'",
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
  expect(page.body).toContain('headgate');
});

test('nothing is readable for pages of other origins', async () => {
  const { port } = await serving();
  for (const path of ['/status', '/metrics', '/', '/readyz']) {
    const { headers } = await ask(port, path, { headers: { origin: 'https://other.example' } });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  }
});

test('GET /explain hands on chain, method and params, with [] for params that are left out', async () => {
  const { port } = await serving();
  const params = '[{"to":"0x1"},"latest"]';
  expect((await ask(port, `/explain?chain=one&method=eth_call&params=${encodeURIComponent(params)}`)).json).toEqual({
    query: { chain: 'one', method: 'eth_call', params },
  });
  expect((await ask(port, '/explain?method=eth_gasPrice')).json).toEqual({
    query: { method: 'eth_gasPrice', params: '[]' },
  });
});

test.each([
  ['/explain', 400],
  ['/explain?method=eth_call&params=nonsense', 400],
  ['/explain?method=eth_call&params=7', 400],
  ['/explain?method=eth_call&params=null', 400],
  ['/explain?method=eth_call&chain=three', 404],
])('GET %s is refused with %i and words', async (path, status) => {
  const { port } = await serving();
  expect(await ask(port, path)).toMatchObject({
    status,
    json: { error: expect.any(String), message: expect.any(String) },
  });
});

test.each(['/metrics', '/livez', '/readyz?chain=one', '/status', '/', '/explain?method=eth_call'])(
  'HEAD %s is GET without the body',
  async (path) => {
    const { port } = await serving();
    const head = await ask(port, path, { method: 'HEAD' });
    const get = await ask(port, path);
    expect([head.status, head.body, head.headers['content-type']]).toEqual([
      get.status,
      '',
      get.headers['content-type'],
    ]);
  },
);

test('what is not there is 404 and what takes another method 405, in JSON and with the methods that it takes', async () => {
  const { port } = await serving();
  expect(await ask(port, '/nothing')).toMatchObject({ status: 404, json: { error: 'not_found' } });
  expect(await ask(port, '/', { method: 'POST', body: '{}' })).toMatchObject({
    status: 405,
    headers: { allow: 'GET, HEAD' },
  });
  for (const method of ['PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    expect(await ask(port, '/status', { method })).toMatchObject({
      status: 405,
      json: { error: 'method_not_allowed' },
    });
  }
  expect(await ask(port, '/admin/reload')).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  expect(await ask(port, '/admin/upstreams/geth-1/drain')).toMatchObject({ status: 405, headers: { allow: 'POST' } });
});

const ADMIN = [
  '/admin/upstreams/geth-1/drain',
  '/admin/upstreams/geth-1/undrain',
  '/admin/cache/purge',
  '/admin/reload',
];

test.each(ADMIN)('POST %s does nothing without the right token', async (path) => {
  const { port, done } = await serving();
  const wrong = [
    undefined,
    '',
    TOKEN,
    'Bearer',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Basic ${TOKEN}`,
    `Bearer x ${TOKEN}`,
  ];
  for (const authorization of wrong) {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    expect(await ask(port, path, { method: 'POST', headers })).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="headgate"' },
      json: { error: 'unauthorized' },
    });
  }
  expect(done).toEqual([]);
});

test.each(ADMIN)('POST %s is forbidden to everybody while no token is configured', async (path) => {
  for (const token of [undefined, '']) {
    const { port, done } = await serving({ token });
    for (const authorization of ['Bearer ', 'Bearer undefined', `Bearer ${TOKEN}`]) {
      expect(await ask(port, path, { method: 'POST', headers: { authorization } })).toMatchObject({ status: 403 });
    }
    expect(done).toEqual([]);
  }
});

test('with the token each admin path does its work and says what came of it', async () => {
  const { port, done } = await serving();
  for (const path of ADMIN)
    expect(await ask(port, path, authorized)).toMatchObject({ status: 200, json: { ok: true } });
  expect(done).toEqual(['drain geth-1', 'undrain geth-1', 'purge', 'reload']);
  expect((await ask(port, '/admin/cache/purge', authorized)).json).toEqual({ ok: true, purged: 7 });
});

test('the scheme word of the token may be written in any case, and a body of any kind is passed over', async () => {
  const { port } = await serving();
  const headers = { authorization: `bearer ${TOKEN}`, 'content-type': 'application/x-www-form-urlencoded' };
  expect(await ask(port, '/admin/reload', { method: 'POST', headers, body: 'a=b' })).toMatchObject({ status: 200 });
});

test('an upstream that does not exist is 404, whatever is in its name', async () => {
  const { port, done } = await serving();
  for (const name of ['geth-9', '%3Cscript%3E', 'geth-1%2F..%2Freload', '__proto__']) {
    expect(await ask(port, `/admin/upstreams/${name}/drain`, authorized)).toMatchObject({ status: 404 });
  }
  expect(done).toEqual([]);
});

test('a reload that is refused says why', async () => {
  const { port } = await serving(
    {},
    { reload: () => Promise.resolve({ ok: false, message: 'headgate.yaml:3:5 unknown key' }) },
  );
  expect(await ask(port, '/admin/reload', authorized)).toMatchObject({
    status: 422,
    json: { error: 'reload_refused', message: 'headgate.yaml:3:5 unknown key' },
  });
});

test('on loopback another Host header is refused on every path', async () => {
  const { port, done } = await serving({ hosts: ['gate.internal'] });
  for (const path of ['/', '/metrics', '/status', '/livez', '/nothing']) {
    expect(await ask(port, path, { headers: { host: 'evil.example' } })).toMatchObject({
      status: 403,
      json: { error: 'host_denied' },
    });
  }
  const headers = { ...authorized.headers, host: `evil.example:${port}` };
  expect(await ask(port, '/admin/reload', { method: 'POST', headers })).toMatchObject({ status: 403 });
  expect(done).toEqual([]);
  for (const host of ['localhost', `localhost:${port}`, '[::1]:1', '127.0.0.1', 'gate.internal:80']) {
    expect(await ask(port, '/livez', { headers: { host } })).toMatchObject({ status: 200 });
  }
});

test('a fault of ours is 500, told to whoever keeps the log and not to the client', async () => {
  const { port, done } = await serving({}, { metrics: () => Promise.reject(new Error('inner workings')) });
  const { status, body } = await ask(port, '/metrics');
  expect(status).toBe(500);
  expect(body).not.toContain('inner workings');
  expect(done).toEqual(['failed Error: inner workings']);
});

test('a port in use is told with its address and the flag that changes it', async () => {
  const { port } = await serving();
  await expect(serving({ port })).rejects.toMatchObject({
    name: 'ListenError',
    code: 'EADDRINUSE',
    message: `127.0.0.1:${port} is in use by another program: end that one, or choose another port with --ops-port (in the file: ops.port)`,
  });
});

test('an address that this machine does not have is told with the flag that changes it', async () => {
  await expect(serving({ host: '192.0.2.1' })).rejects.toMatchObject({
    code: 'EADDRNOTAVAIL',
    message: expect.stringContaining('--ops-host'),
  });
});
