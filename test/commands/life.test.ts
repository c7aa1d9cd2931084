import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { delay, type FakeNode, hang, startFakeNode } from '../support/fake-node.ts';
import { rpc } from '../support/gateway.ts';
import { root, runCommand } from '../support/run-command.ts';
import { WsClient } from '../support/ws-client.ts';

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  readonly opsUrl: string;
  /** The exit code, once it has ended. */
  readonly ended: Promise<number | null>;
}

describe('the life of the process', () => {
  let node: FakeNode;
  let folder: string;

  beforeAll(async () => {
    node = await startFakeNode();
    node.on('eth_call', () => '0x1');
    folder = mkdtempSync(join(tmpdir(), 'headgate-life-'));
  });

  afterAll(async () => {
    await node.stop();
    rmSync(folder, { recursive: true });
  });

  /** Runs the gateway from a file until it is ready. */
  const start = async (drain: object): Promise<Started> => {
    const file = join(folder, `${Math.random()}.yaml`);
    const config = { server: { port: 0, drain }, ops: { port: 0 }, chains: [{ upstreams: [{ url: node.url }] }] };
    writeFileSync(file, JSON.stringify(config));
    const child = spawn(process.execPath, ['src/main.ts', '-c', file], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit').then(([code]) => code as number | null);
    const urls: string[] = [];
    if (child.stdout === null) throw new Error('no output');
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
      if (url !== undefined) urls.push(url);
      if (urls.length === 2) break;
    }
    child.stdout.resume();
    const [url = '', opsUrl = ''] = urls;
    await expect.poll(async () => (await fetch(`${opsUrl}/readyz`)).status).toBe(200);
    return { child, url, opsUrl, ended };
  };

  /** From now on: waits until a client's call that the node has not seen yet is there. */
  const nextCall = () => {
    const seen = node.requests.length;
    return () => expect.poll(() => node.requests.slice(seen).some(({ method }) => method === 'eth_call')).toBe(true);
  };

  it('says "not ready" on SIGTERM and serves on, and ends at once on a second signal', async () => {
    const { child, url, opsUrl, ended } = await start({ delay: '1h', timeout: '1h' });
    child.kill('SIGTERM');
    await expect.poll(async () => (await fetch(`${opsUrl}/readyz`)).status).toBe(503);
    expect((await fetch(`${opsUrl}/livez`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await rpc(url, 'eth_call', [{}])).json.result).toBe('0x1');
    child.kill('SIGINT');
    expect(await ended).toBe(1);
  });

  it('ends with 0 after the delay', async () => {
    const { child, ended } = await start({ delay: '500ms', timeout: '60s' });
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('finishes the calls under way, and hands WebSocket clients over', async () => {
    node.on('eth_call', () => delay(800, '0x1'));
    const { child, url, ended } = await start({ delay: '0s', timeout: '60s' });
    const client = await WsClient.open(url.replace('http', 'ws'));
    const arrived = nextCall();
    const answer = rpc(url, 'eth_call', [{}]);
    await arrived();
    child.kill('SIGTERM');
    expect(await client.closed()).toBe(1012);
    expect((await answer).json.result).toBe('0x1');
    expect(await ended).toBe(0);
    node.on('eth_call', () => '0x1');
  });

  it('does not end on SIGHUP, by which others have their file read again', async () => {
    const { child, url, ended } = await start({ delay: '0s', timeout: '5s' });
    const told = new Promise<void>((resolve) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        if (chunk.includes('SIGHUP: reload is not in this version')) resolve();
      });
    });
    child.kill('SIGHUP');
    await told;
    expect((await rpc(url, 'eth_call', [{}])).json.result).toBe('0x1');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('ends with 1 where calls had to be cut off', async () => {
    node.on('eth_call', () => hang());
    const { child, url, ended } = await start({ delay: '0s', timeout: '200ms' });
    const arrived = nextCall();
    const answer = rpc(url, 'eth_call', [{}]).catch(() => 'cut off');
    await arrived();
    child.kill('SIGTERM');
    expect(await ended).toBe(1);
    expect(await answer).toBe('cut off');
    node.on('eth_call', () => '0x1');
  });

  it('says in words that a certificate is none, and does not start', async () => {
    const cert = join(folder, 'tls.crt');
    const key = join(folder, 'tls.key');
    const file = join(folder, 'tls.yaml');
    writeFileSync(cert, 'no certificate');
    writeFileSync(key, 'no key');
    const server = { port: 0, tls: { cert, key } };
    writeFileSync(file, JSON.stringify({ server, ops: { port: 0 }, chains: [{ upstreams: [{ url: node.url }] }] }));
    const { code, stderr } = await runCommand(process.execPath, ['src/main.ts', '-c', file], { cwd: root });
    expect(code).toBe(1);
    expect(stderr).toContain(`${cert} and ${key} (in the file: server.tls) are no certificate with its key`);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
