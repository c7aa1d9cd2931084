import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { startFakeNode } from '../support/fake-node.ts';
import { LogOracle, noFaults, Truth } from '../support/fold-oracle.ts';
import { root } from '../support/run-command.ts';
import { type ScriptedBlock, ScriptedChain } from '../support/scripted-chain.ts';
import { ScriptedNode } from '../support/scripted-node.ts';
import { WsClient } from '../support/ws-client.ts';
import { eventually, Reader, short } from './pool.ts';

/** Runs the gateway as a process of its own until it is ready, and gives its WebSocket URL. */
const run = async (file: string): Promise<{ readonly child: ChildProcess; readonly wsUrl: string }> => {
  const child = spawn(process.execPath, ['src/main.ts', '-c', file], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const urls: string[] = [];
  if (child.stdout === null) throw new Error('no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /127\.0\.0\.1:\d+/.exec(line)?.[0];
    if (url !== undefined) urls.push(url);
    if (urls.length === 2) break;
  }
  child.stdout.resume();
  await eventually(async () => (await fetch(`http://${urls[1]}/readyz`)).status).toBe(200);
  return { child, wsUrl: `ws://${urls[0]}` };
};

const kill = async (child: ChildProcess): Promise<void> => {
  child.kill('SIGKILL');
  await once(child, 'exit');
};

it('a client of a gateway that is killed goes on at the next one with its cursor', { timeout: 60_000 }, async () => {
  const chain = new ScriptedChain();
  const start = chain.extend(chain.genesis, 20);
  await using node = await startFakeNode();
  const view = new ScriptedNode(chain, start).attach(node);
  await using folder = await mkdtempDisposable(join(tmpdir(), 'headgate-killed-'));
  const file = join(folder.path, 'headgate.yaml');
  const chains = [{ blockTime: '500ms', health: { interval: '200ms' }, upstreams: [{ url: node.url }] }];
  writeFileSync(file, JSON.stringify({ server: { port: 0 }, ops: { port: 0 }, chains }));

  const first = await run(file);
  const client = await WsClient.open(`${first.wsUrl}/?cursor=1`);
  const before = new Reader(client, (await client.call('eth_subscribe', ['logs', {}])).result);
  const left = chain.extend(start, 5, { logs: 2 });
  view.follow(left);
  await before.got(10);
  await kill(first.child);
  expect(await client.closed()).toBe(1006);

  // Two of the blocks that the client has are replaced, and three more come, while nobody is there to see it.
  const head = chain.extend(chain.at(left, left.number - 2) as ScriptedBlock, 5, { salt: 'other' });
  view.place(head);
  const second = await run(file);
  const again = await WsClient.open(`${second.wsUrl}/?cursor=1`);
  const { cursor } = JSON.parse(client.messages.at(-1) ?? '').params;
  const { result } = await again.call('eth_subscribe', ['logs', {}, { resumeFrom: cursor }]);
  const after = new Reader(again, result);
  expect(short(await after.got(9))).toEqual(['-25', '-25', '-24', '-24', '+24', '+25', '+26', '+27', '+28']);
  const oracle = new LogOracle(new Truth(chain), start);
  for (const event of [...before.events, ...after.events]) oracle.take(event as never);
  oracle.end(head);
  expect(oracle.faults).toEqual(noFaults());
  await kill(second.child);
  await again.closed();
});
