import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeNode, startFakeNode } from '../support/fake-node.ts';
import { rpc } from '../support/gateway.ts';
import { type Finished, root, runCommand } from '../support/run-command.ts';
import { authority, TlsFront } from '../support/tls-front.ts';
import { WsClient } from '../support/ws-client.ts';

const PASSWORD = 'pa55word-of-the-node';
const BASIC = Buffer.from(`user:${PASSWORD}`).toString('base64');

/** The environment of a process that believes the test authority, or does not. */
const trust = (trusted: boolean) => ({ NODE_EXTRA_CA_CERTS: trusted ? authority : undefined });

/** A gateway in a process of its own: what it trusts is decided when a process starts. */
class Gateway {
  readonly #child: ChildProcess;
  /** All that it wrote. */
  output = '';

  constructor(file: string, trusted: boolean) {
    this.#child = spawn(process.execPath, ['src/main.ts', '-c', file, '--log-level', 'debug'], {
      cwd: root,
      env: { ...process.env, ...trust(trusted) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
  }

  /** Where it listens: for calls, and for operators. */
  async urls(): Promise<[string, string]> {
    const found = (): string[] => this.output.match(/http:\/\/127\.0\.0\.1:\d+/g) ?? [];
    await expect.poll(() => found().length).toBeGreaterThanOrEqual(2);
    const [url = '', opsUrl = ''] = found();
    return [url, opsUrl];
  }

  async close(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

interface Shown {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
}

describe('upstreams behind TLS', () => {
  let node: FakeNode;
  let folder: string;
  const fronts: TlsFront[] = [];
  const gateways: Gateway[] = [];

  beforeAll(async () => {
    node = await startFakeNode();
    node.on('eth_call', ([call]) => (call as { data: string }).data);
    folder = mkdtempSync(join(tmpdir(), 'headgate-tls-'));
  });

  afterAll(async () => {
    await Promise.all(gateways.map((gateway) => gateway.close()));
    await Promise.all(fronts.map((front) => front.close()));
    await node.close();
    rmSync(folder, { recursive: true });
  });

  const front = async (...words: Parameters<typeof TlsFront.start> extends [number, ...infer Rest] ? Rest : never) => {
    const started = await TlsFront.start(node.port, ...words);
    fronts.push(started);
    return started;
  };

  const url = (scheme: string, { port }: TlsFront, host = '127.0.0.1') =>
    `${scheme}://user:${PASSWORD}@${host}:${port}`;

  const written = (upstreams: Readonly<Record<string, string>>, more: object = {}): string => {
    const file = join(folder, `${Object.keys(upstreams).join('-')}.yaml`);
    const all = Object.entries(upstreams).map(([name, at]) => ({ name, url: at, ...more }));
    const health = { interval: '500ms' };
    const server = { port: 0, drain: { delay: '0s' } };
    writeFileSync(
      file,
      JSON.stringify({ server, ops: { port: 0 }, chains: [{ name: 'main', health, upstreams: all }] }),
    );
    return file;
  };

  const start = async (file: string, trusted = true) => {
    const gateway = new Gateway(file, trusted);
    gateways.push(gateway);
    const [rpcUrl, opsUrl] = await gateway.urls();
    const shown = async (name: string): Promise<Shown | undefined> => {
      const status = (await (await fetch(`${opsUrl}/status`)).json()) as { chains: { upstreams: Shown[] }[] };
      return status.chains[0]?.upstreams.find((one) => one.name === name);
    };
    return { gateway, rpcUrl, opsUrl, shown };
  };

  const check = (file: string, trusted = true): Promise<Finished> =>
    runCommand(process.execPath, ['src/main.ts', 'check', '-c', file, '--online'], {
      cwd: root,
      env: trust(trusted),
    });

  /** Calls that nobody can answer from memory. */
  const call = async (rpcUrl: string, count: number): Promise<unknown[]> => {
    const results: unknown[] = [];
    for (let n = 0; n < count; n += 1) {
      const { json } = await rpc(rpcUrl, 'eth_call', [{ data: `0x${Math.random().toString(16).slice(2, 10)}00` }]);
      results.push(json.result);
    }
    return results;
  };

  const everything = async (opsUrl: string): Promise<string> => {
    const paths = ['/', '/status', '/metrics', '/readyz?verbose', '/explain?method=eth_call&params=[{},"latest"]'];
    return (await Promise.all(paths.map(async (path) => (await fetch(`${opsUrl}${path}`)).text()))).join('\n');
  };

  it('are called by https on connections that stay open, with the basic auth of their url, which nothing shows', async () => {
    const tls = await front();
    const { gateway, rpcUrl, opsUrl, shown } = await start(written({ one: url('https', tls) }, { calls: 'http' }));
    await expect.poll(async () => (await shown('one'))?.state).toBe('healthy');
    const connections = tls.spoken.length;
    const asked = node.requests.length;
    const results = await call(rpcUrl, 30);
    expect(results).toHaveLength(30);
    expect(results).not.toContain(undefined);
    const calls = node.requests.slice(asked).filter(({ method }) => method === 'eth_call');
    expect(calls.map(({ transport }) => transport)).toEqual(Array.from({ length: 30 }, () => 'http'));
    expect(tls.spoken.length - connections).toBeLessThan(10);
    const heard = [await everything(opsUrl), gateway.output].join('\n');
    expect(heard).toContain('healthy');
    for (const secret of [PASSWORD, BASIC]) expect(heard).not.toContain(secret);
  });

  it('offer wss at the same host and port, which is found, has the same basic auth, and brings heads', async () => {
    const tls = await front({ protocols: ['h2', 'http/1.1'] });
    const from = node.requests.length;
    const { rpcUrl, shown } = await start(written({ found: url('https', tls, 'localhost') }));
    await expect.poll(async () => (await shown('found'))?.state).toBe('healthy');
    const feeds = () => node.requests.slice(from).filter(({ method }) => method === 'eth_subscribe');
    await expect.poll(() => feeds().length).toBeGreaterThan(0);
    expect(new Set(node.requests.slice(from).map(({ headers }) => headers.authorization))).toEqual(
      new Set([`Basic ${BASIC}`]),
    );
    const client = await WsClient.open(rpcUrl.replace('http', 'ws'));
    const { result } = await client.call('eth_subscribe', ['newHeads']);
    node.mine();
    const event = JSON.parse(await client.find((text) => text.includes('eth_subscription')));
    expect(event.params).toMatchObject({
      subscription: result,
      result: { number: `0x${node.chain.head.toString(16)}` },
    });
    await client.close();
    // Where a server would rather speak HTTP/2, it is told that we do not, or not asked.
    expect(new Set(tls.spoken)).toEqual(new Set(['http/1.1', false]));
  });

  it('are called by wss where that is their url', async () => {
    const tls = await front();
    const { rpcUrl, shown } = await start(written({ socket: url('wss', tls) }));
    await expect.poll(async () => (await shown('socket'))?.state).toBe('healthy');
    const asked = node.requests.length;
    expect(await call(rpcUrl, 5)).not.toContain(undefined);
    const calls = node.requests.slice(asked).filter(({ method }) => method === 'eth_call');
    expect(calls.map(({ transport }) => transport)).toEqual(['ws', 'ws', 'ws', 'ws', 'ws']);
  });

  /** What a gateway, and a check, say of these upstreams, in a status and by an exit code. */
  const judged = async (
    upstreams: Readonly<Record<string, string>>,
    words: Readonly<Record<string, RegExp>>,
    trusted: boolean,
  ): Promise<void> => {
    const file = written(upstreams);
    const checked = check(file, trusted);
    const { gateway, opsUrl, shown } = await start(file, trusted);
    for (const [name, expected] of Object.entries(words)) {
      await expect.poll(async () => (await shown(name))?.reason, { message: name }).toMatch(expected);
      expect((await shown(name))?.state).not.toBe('healthy');
    }
    const { code, stdout, stderr } = await checked;
    expect(code).toBe(2);
    for (const [name, expected] of Object.entries(words)) {
      const line = stderr.split('\n').find((one) => one.startsWith(`main/${name}: cannot be reached: `));
      expect(line).toMatch(expected);
    }
    const heard = [await everything(opsUrl), gateway.output, stdout, stderr].join('\n');
    for (const secret of [PASSWORD, BASIC]) expect(heard).not.toContain(secret);
  };

  it('with a certificate of an unknown authority are not called, and it is said how to make it known', async () => {
    const tls = await front();
    const untrusted = /authority that is not known here: .* NODE_EXTRA_CA_CERTS/;
    await judged({ https: url('https', tls), wss: url('wss', tls) }, { https: untrusted, wss: untrusted }, false);
    expect(tls.spoken).toEqual([]);
  });

  it('whose certificate is over or of another host, or that speak no TLS, or HTTP/2 alone, are told from each other', async () => {
    const over = await front({ proof: 'node-expired' });
    const other = await front({ proof: 'node-elsewhere' });
    const h2 = await front({ protocols: ['h2'] });
    const upstreams = {
      'over-https': url('https', over),
      'over-wss': url('wss', over),
      'other-https': url('https', other),
      'other-wss': url('wss', other),
      'plain-https': node.url.replace('http', 'https'),
      'plain-wss': node.wsUrl.replace('ws', 'wss'),
      h2: url('https', h2),
    };
    const expired = /certificate has expired: renew it/;
    const elsewhere = /certificate is for another host than the one in its url/;
    const noTls = /no TLS is spoken at its port: begin its url with/;
    const words = {
      'over-https': expired,
      'over-wss': expired,
      'other-https': elsewhere,
      'other-wss': elsewhere,
      'plain-https': noTls,
      'plain-wss': noTls,
      h2: /speaks HTTP\/2 alone/,
    };
    await judged(upstreams, words, true);
  });
});
