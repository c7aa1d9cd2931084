// A devnet by itself, for the compose file: `node run.js [HOST] [FIRST-PORT]` offers the nodes at ports in a row; with 0,
// at whichever ports are free.
import { systemClock } from '../lib/clock.ts';
import { startHeartbeat } from './heartbeat.ts';
import { forwardPort } from './port-forward.ts';
import { startDevnet } from './start-devnet.ts';

const blockTimeMs = 2000;

const [host = '127.0.0.1', first = '8545'] = process.argv.slice(2);
const portOf = (index: number): number => (first === '0' ? 0 : Number(first) + index);

const devnet = await startDevnet();
const doors = await Promise.all(
  devnet.nodes.map((node, index) => forwardPort(host, portOf(index), Number(new URL(node.httpUrl).port))),
);
const heartbeat = await startHeartbeat(devnet, blockTimeMs, systemClock, (error) => {
  console.error(error);
  process.exitCode = 1;
  void close();
});
for (const [index, node] of devnet.nodes.entries()) console.log(`${node.name} at ${host}:${doors[index]?.port}`);

const close = async (): Promise<void> => {
  await heartbeat.close();
  await Promise.all(doors.map((door) => door.close()));
  await devnet.close();
};

process.once('SIGTERM', () => void close());
process.once('SIGINT', () => void close());
