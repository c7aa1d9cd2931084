/**
 * Memory that idle WebSocket clients cost: `node bench/idle-clients.ts [--clients N]`. The gateway runs in a process of its own
 * before a stub node; each client makes one call, and then only answers pings. Needs a limit on open files (`ulimit -n`) above
 * the number of clients, in this process and in the gateway.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { startFakeNode } from '../test/support/fake-node.ts';
import { freePort } from './proxy/processes.ts';

const { values } = parseArgs({ options: { clients: { type: 'string', default: '10000' } } });
const count = Number(values.clients);

/** Resident memory of a process in MiB. */
const residentMiB = (pid: number): number =>
  Number(/^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

const connect = async (url: string): Promise<WebSocket> => {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, 'open');
  socket.send('{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}');
  await once(socket, 'message');
  return socket;
};

const node = await startFakeNode();
const port = await freePort();
const words = ['src/main.ts', node.url, '--port', String(port), '--ops-port', '0', '--log-level', 'warn'];
const gateway = spawn(process.execPath, words, { stdio: ['ignore', 'inherit', 'inherit'] });
const { pid } = gateway;
if (pid === undefined) throw new Error('the gateway did not start');
try {
  const ready = async (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await ready())) await sleep(50);
  const before = residentMiB(pid);
  const sockets: WebSocket[] = [];
  while (sockets.length < count) {
    const batch = Math.min(100, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => connect(`ws://127.0.0.1:${port}`)))));
  }
  await sleep(20_000);
  const after = residentMiB(pid);
  const open = sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length;
  console.log(`clients open after a round of pings       ${open} of ${count}`);
  console.log(`gateway before them                      ${before.toFixed(0)} MiB`);
  console.log(`gateway with them                        ${after.toFixed(0)} MiB`);
  console.log(`each                                     ${(((after - before) * 1024) / count).toFixed(1)} KiB`);
  for (const socket of sockets) socket.terminate();
} finally {
  gateway.kill('SIGKILL');
  await once(gateway, 'exit');
  await node.close();
}
