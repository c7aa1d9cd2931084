import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { WsConnection } from '../../src/ingress/ws-connection.ts';
import { FakeClock } from '../support/fake-clock.ts';

const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A client, the gateway's end of its connection, and the time by which that is watched. */
const connected = async (options: { autoPong: boolean }, queue = 1e6) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, options);
  const [[socket]] = await Promise.all([accepted as Promise<[WebSocket]>, once(client, 'open')]);
  closing.push(
    () => server.close(),
    () => client.terminate(),
  );
  const clock = new FakeClock();
  const connection = new WsConnection(socket, { queue, subscriptionLimit: 10, pingInterval: 1000 }, clock);
  return { client, socket, clock, connection };
};

it('a client that answers no ping is taken for gone', async () => {
  const { client, clock } = await connected({ autoPong: false });
  clock.advance(1000);
  await once(client, 'ping');
  clock.advance(1000);
  await once(client, 'close');
});

it('one that sends more at once than is read is not, though its pongs are not read either', async () => {
  const { client, socket, clock, connection } = await connected({ autoPong: true });
  const answers: (() => void)[] = [];
  socket.on('message', () => void connection.serve(() => new Promise((resolve) => answers.push(resolve))));
  for (let n = 0; n < 300; n += 1) client.send(String(n));
  await expect.poll(() => socket.isPaused).toBe(true);
  for (let interval = 0; interval < 4; interval += 1) {
    const pinged = once(client, 'ping');
    clock.advance(1000);
    await pinged;
  }
  const served = (): number => answers.splice(0).map((answer) => answer()).length;
  let count = 0;
  await expect.poll(() => (count += served())).toBe(300);
  expect(client.readyState).toBe(WebSocket.OPEN);
  clock.advance(1000);
  await once(client, 'ping');
  expect(client.readyState).toBe(WebSocket.OPEN);
});

it('a client that is slow has time to read why it was sent away', async () => {
  const { client, clock, connection } = await connected({ autoPong: true });
  client.pause();
  const large = Buffer.alloc(1e6, 'x');
  while (!connection.closed) connection.write([large]);
  clock.advance(20_000);
  client.resume();
  const [code] = (await once(client, 'close')) as [number];
  expect(code).toBe(1013);
});

it('one that never reads it is cut off in the end', async () => {
  const { client, socket, clock, connection } = await connected({ autoPong: true });
  client.pause();
  const large = Buffer.alloc(1e6, 'x');
  while (!connection.closed) connection.write([large]);
  const closed = once(socket, 'close');
  clock.advance(30_000);
  await closed;
});

it('one that is handed over and does not answer does not hold up the end', async () => {
  const { client, socket, clock, connection } = await connected({ autoPong: true });
  client.pause();
  connection.handOver(1012, 'restarting');
  const closed = once(socket, 'close');
  clock.advance(3_000);
  await closed;
});

it('a queue smaller than what is held back of events at most sends nobody away who reads on', async () => {
  const { client, socket, clock, connection } = await connected({ autoPong: true }, 256 * 1024);
  const { session } = connection.sessionFor('plain');
  const event = Buffer.alloc(80_000, 'x');
  const all = 300;
  let sent = 0;
  const pump = (): void => {
    for (let free = true; free && sent < all; sent += 1) free = session.send(event);
    if (sent < all) session.onDrain(pump);
  };
  let received = 0;
  client.on('message', () => (received += 1));
  client.pause();
  pump();
  expect(sent).toBeLessThan(all);
  expect(connection.closed).toBe(false);
  client.resume();
  await expect
    .poll(() => {
      clock.advance(25);
      return received;
    })
    .toBe(all);
  expect(socket.readyState).toBe(WebSocket.OPEN);
});
