import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { forwardPort } from '../../src/devnet/port-forward.ts';
import { root } from '../support/run-command.ts';

const ask = async (port: string, method: string, params: readonly unknown[] = []): Promise<unknown> => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const answer = await fetch(`http://127.0.0.1:${port}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  return ((await answer.json()) as { result?: unknown }).result;
};

describe('a devnet by itself', () => {
  it('offers three nodes of one chain with a ticking contract, and ends cleanly on SIGTERM', async () => {
    const child = spawn(process.execPath, ['src/devnet/run.ts', '127.0.0.1', '0'], { cwd: root });
    const exited = once(child, 'exit');
    try {
      const ports: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        ports.push(line.split(':').at(-1) ?? '');
        if (ports.length === 3) break;
      }
      const blocks = await Promise.all(ports.map((port) => ask(port, 'eth_getBlockByNumber', ['0x1', false])));
      expect(blocks[0]).toMatchObject({ number: '0x1' });
      expect(blocks[1]).toEqual(blocks[0]);
      expect(blocks[2]).toEqual(blocks[0]);
      await expect
        .poll(() => ask(ports[2] ?? '', 'eth_getLogs', [{ fromBlock: '0x0', toBlock: 'latest' }]), { timeout: 20_000 })
        .not.toEqual([]);
      child.kill('SIGTERM');
      expect(await exited).toEqual([0, null]);
      await expect(ask(ports[0] ?? '', 'eth_chainId')).rejects.toThrow();
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describe('a forwarded port', () => {
  const echo = async () => {
    const server = createServer((socket) => socket.on('error', () => {}).pipe(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { server, port: (server.address() as { port: number }).port };
  };

  it('passes bytes both ways', async () => {
    const { server, port } = await echo();
    const door = await forwardPort('127.0.0.1', 0, port);
    const caller = connect(door.port, '127.0.0.1');
    caller.write('hello');
    const [data] = await once(caller, 'data');
    expect(String(data)).toBe('hello');
    caller.destroy();
    await door.close();
    server.close();
  });

  it('hangs up on the caller when nobody listens behind it, and when it is closed', async () => {
    const { server, port } = await echo();
    const door = await forwardPort('127.0.0.1', 0, port);
    const caller = connect(door.port, '127.0.0.1').on('error', () => {});
    caller.write('hello');
    await once(caller, 'data');
    const gone = once(caller, 'close');
    await door.close();
    await gone;
    server.close();
    await once(server, 'close');
    const shut = await forwardPort('127.0.0.1', 0, port);
    const refused = connect(shut.port, '127.0.0.1').on('error', () => {});
    await once(refused, 'close');
    await shut.close();
  });
});
