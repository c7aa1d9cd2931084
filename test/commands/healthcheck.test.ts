import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { healthcheck } from '../../src/commands/healthcheck.ts';
import type { Overrides } from '../../src/commands/overrides.ts';
import { captured } from '../support/captured.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** An ops listener that answers `status`, or nothing at all; its port. */
const listen = async (status: number | undefined): Promise<number> => {
  const server = createServer((request, response) => {
    if (status !== undefined) response.writeHead(request.url === '/readyz' ? status : 404).end();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

const run = async (overrides: Overrides, text?: string, timeoutMs = 20_000) => {
  const { stdout, stderr, out, err } = captured();
  const file = text === undefined ? undefined : 'h.yaml';
  const deps = { env: {}, readFile: () => text ?? '', stdout, stderr, timeoutMs };
  const code = await healthcheck({ file, named: true, overrides }, deps);
  return { code, out: out(), err: err() };
};

test('an instance that is ready is code 0', async () => {
  expect(await run({ opsPort: await listen(200) })).toEqual({ code: 0, out: 'ready\n', err: '' });
});

test('one that is not is code 1', async () => {
  expect(await run({ opsPort: await listen(503) })).toEqual({ code: 1, out: '', err: 'not ready (503)\n' });
});

test('the file says where it listens, and flags and environment beat it', async () => {
  const port = await listen(200);
  expect((await run({}, `ops: { port: ${port} }`)).code).toBe(0);
  expect((await run({ opsPort: port }, 'ops: { port: 1 }')).code).toBe(0);
});

test.each(['0.0.0.0', '::'])('one that is bound to %s is asked on loopback', async (opsHost) => {
  expect((await run({ opsHost, opsPort: await listen(200) })).code).toBe(0);
  expect((await run({}, `ops: { host: '${opsHost}', port: ${await listen(200)} }`)).code).toBe(0);
});

test('a file that was broken since the instance started does not make it look dead', async () => {
  expect((await run({}, `ops: { port: ${await listen(200)} }\nchains: oops\nwombat: [`)).code).toBe(0);
});

test('nobody there is code 1', async () => {
  const port = await listen(200);
  await new Promise((resolve) => servers.pop()?.close(resolve));
  const { code, err } = await run({ opsPort: port });
  expect(code).toBe(1);
  expect(err).toMatch(new RegExp(`^no answer from 127\\.0\\.0\\.1:${port}: .*ECONNREFUSED`));
});

test('one that does not answer in time is code 1', async () => {
  const port = await listen(undefined);
  expect(await run({ opsPort: port }, undefined, 300)).toEqual({
    code: 1,
    out: '',
    err: `no answer from 127.0.0.1:${port}: none within 300 ms\n`,
  });
});

test('a file that is not there is code 1, whoever listens at the usual port', async () => {
  const { stdout, stderr, err } = captured();
  const readFile = () => {
    throw new Error('no such file');
  };
  const options = { file: '/nowhere/headgate.yaml', named: true, overrides: {} };
  expect(await healthcheck(options, { env: {}, readFile, stdout, stderr, timeoutMs: 300 })).toBe(1);
  expect(err()).toContain('/nowhere/headgate.yaml does not tell where');
});

test('an instance that was given URLs is found although the environment names a file that is not there', async () => {
  const { stdout, stderr } = captured();
  const readFile = () => {
    throw new Error('no such file');
  };
  const options = { file: '/etc/headgate/headgate.yaml', named: false, overrides: { opsPort: await listen(200) } };
  expect(await healthcheck(options, { env: {}, readFile, stdout, stderr })).toBe(0);
});
