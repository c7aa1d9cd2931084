import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FakeNode, hang, huge, startFakeNode } from '../support/fake-node.ts';
import { post, rpc, startGateway, type TestGateway } from '../support/gateway.ts';
import { type LogScript, ScriptedChain, ticker } from '../support/scripted-chain.ts';
import { hexOf } from '../support/scripted-header.ts';
import { ScriptedNode } from '../support/scripted-node.ts';
import { WsClient } from '../support/ws-client.ts';

const mib = 1024 * 1024;
const BLOCKS = 4;
/** More than kernel and gateway together take of one answer that nobody reads. */
const ANSWER = 24 * mib;

const loud: LogScript = {
  address: ticker.address,
  topics: [ticker.topic],
  data: `0x${'ab'.repeat(ANSWER / BLOCKS / 2)}`,
};

const eventually = <Value>(read: () => Value | Promise<Value>) => expect.poll(read, { timeout: 20_000, interval: 5 });

describe('answers that are large, and asked for many at once', () => {
  const chain = new ScriptedChain();
  const head = chain.extend(chain.extend(chain.genesis, 5), BLOCKS, { logs: [loud] });
  let node: FakeNode;
  let gateway: TestGateway;
  const clients: WsClient[] = [];

  beforeAll(async () => {
    node = await startFakeNode();
    new ScriptedNode(chain, head).attach(node);
    gateway = await startGateway({
      server: { limits: { wsQueue: '1MiB', inflightSize: '64MiB', requestTimeout: '1s' } },
      chains: [
        {
          name: 'main',
          upstreams: [{ name: 'one', url: node.url }],
          routing: { timeout: '30s', attemptTimeout: '30s' },
        },
      ],
    });
    await gateway.ready();
    expect((await post(gateway.url, logs(1))).text.length).toBeGreaterThan(ANSWER);
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    await eventually(() => gateway.app.connections).toBe(0);
  });

  afterAll(async () => {
    await gateway.close();
    await node.close();
  });

  /** A call for all logs of the last blocks; no two of them are the same. */
  const logs = (id: number) => {
    const topics = [[ticker.topic, hexOf(id).replace('0x', `0x${'0'.repeat(64 - hexOf(id).length + 2)}`)]];
    const params = [{ fromBlock: hexOf(head.number - BLOCKS + 1), toBlock: hexOf(head.number), topics }];
    return { jsonrpc: '2.0', id, method: 'eth_getLogs', params };
  };

  const open = async (): Promise<WsClient> => {
    const client = await WsClient.open(gateway.wsUrl);
    clients.push(client);
    return client;
  };

  /** The sum of a metric's lines that have these labels. */
  const counted = async (name: string, labels: RegExp): Promise<number> => {
    const metrics = await (await fetch(`${gateway.opsUrl}/metrics`)).text();
    const lines = metrics.split('\n').filter((line) => line.startsWith(`${name}{`) && labels.test(line));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };
  /** Calls for logs that were answered well since the start. */
  const answered = () => counted('headgate_requests_total', /method="eth_getLogs".*outcome="ok"/);
  /** Those for which there was no room, and requests that were not even read for that. */
  const refused = async (): Promise<number> =>
    (await counted('headgate_requests_total', /method="eth_getLogs".*outcome="(?!ok")/)) +
    (await counted('headgate_rejected_total', /reason="overloaded"/));
  const subscriptions = () => counted('headgate_subscriptions', /type="newHeads"/);

  it('are put together one after the other on a WebSocket that nobody reads, until the calls’ time is over', async () => {
    const before = await answered();
    const slow = await open();
    slow.socket.pause();
    for (let id = 2; id < 62; id += 1) slow.send(logs(id));
    await eventually(answered).toBe(before + 1);
    const other = await open();
    for (let round = 0; round < 20; round += 1) expect((await other.call('eth_chainId')).result).toBe('0x539');
    expect((await other.call('eth_getLogs', [{ fromBlock: '0x1', toBlock: '0x2' }])).result).toHaveLength(2);
    expect(await answered()).toBe(before + 2);
  });

  it('all reach a client that reads, which is not taken for slow', async () => {
    const client = await open();
    const sizes: number[] = [];
    client.socket.on('message', (data) => {
      sizes.push((data as Buffer).length);
      client.messages.length = 0;
    });
    for (let id = 1; id <= 5; id += 1) client.send(logs(id));
    await eventually(() => sizes.length).toBe(5);
    expect(Math.min(...sizes)).toBeGreaterThan(ANSWER);
    expect(client.closeCode).toBeUndefined();
  });

  it('do not make a small answer behind them the reason to send a reader away', async () => {
    const before = await answered();
    const client = await open();
    client.socket.pause();
    client.send(logs(1));
    await eventually(answered).toBe(before + 1);
    client.send({ jsonrpc: '2.0', id: 'small', method: 'eth_chainId' });
    client.send({ jsonrpc: '2.0', id: 'sync', method: 'eth_getLogs', params: [{ fromBlock: '0x1', toBlock: '0x2' }] });
    client.socket.resume();
    expect(JSON.parse(await client.find((text) => text.includes('"small"')))).toMatchObject({ result: '0x539' });
    expect(client.closeCode).toBeUndefined();
  });

  it('count as under way until they are read or their reader has gone, by WebSocket too', async () => {
    const slow = await Promise.all([open(), open(), open()]);
    for (const client of slow) {
      client.socket.pause();
      client.send(logs(1));
    }
    await eventually(async () => (await rpc(gateway.url, 'eth_chainId')).status).toBe(429);
    const late = await open();
    for (const method of ['eth_chainId', 'admin_peers']) {
      expect((await late.call(method)).error).toMatchObject({ code: -32005, data: { reason: 'overloaded' } });
    }
    for (const client of slow) await client.close();
    await eventually(async () => (await rpc(gateway.url, 'eth_chainId')).status).toBe(200);
    expect((await late.call('eth_chainId')).result).toBe('0x539');
  });

  it('of one batch are given up to the bound, and the other items are told that it is too much', async () => {
    const { status, json } = await post(
      gateway.url,
      Array.from({ length: 12 }, (_, index) => logs(index + 1)),
    );
    const items = json as { id: number; result?: unknown; error?: object }[];
    expect([status, items.map(({ id }) => id)]).toEqual([200, Array.from({ length: 12 }, (_, index) => index + 1)]);
    expect(items.filter(({ result }) => result !== undefined)).toHaveLength(3);
    for (const { error } of items.filter(({ result }) => result === undefined)) {
      expect(error).toMatchObject({ code: -32005, data: { reason: 'overloaded' } });
    }
    expect((await post(gateway.url, logs(1))).status).toBe(200);
  });

  it('of one node are given up to the bound as well', async () => {
    node.on('eth_getCode', () => huge(10 * mib));
    const batch = Array.from({ length: 12 }, (_, id) => ({
      jsonrpc: '2.0',
      id,
      method: 'eth_getCode',
      params: [hexOf(id).replace('0x', `0x${'0'.repeat(42 - hexOf(id).length)}`), 'latest'],
    }));
    const { json } = await post(gateway.url, batch);
    const items = json as { result?: unknown; error?: { data?: { reason: string } } }[];
    expect(items.filter(({ result }) => result !== undefined)).toHaveLength(7);
    expect(items.filter(({ error }) => error?.data?.reason === 'overloaded')).toHaveLength(5);
  });

  it('of requests that follow one another without waiting stay within the bound', async () => {
    const socket = await connected(gateway.url);
    const [well, badly] = [await answered(), await refused()];
    const text = (id: number): string => {
      const body = JSON.stringify(logs(id));
      return `POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    };
    socket.write(Array.from({ length: 12 }, (_, index) => text(index + 1)).join(''));
    await eventually(async () => [(await answered()) - well, (await refused()) - badly]).toEqual([3, 9]);
    socket.destroy();
    await eventually(async () => (await rpc(gateway.url, 'eth_chainId')).status).toBe(200);
  });

  it('are taken back from an HTTP client that stops reading, so that it does not shut the others out', async () => {
    const sockets = await Promise.all([1, 2, 3].map(() => connected(gateway.url)));
    const body = JSON.stringify(logs(1));
    for (const socket of sockets) {
      socket.write(`POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    }
    await eventually(async () => (await rpc(gateway.url, 'eth_chainId')).status).toBe(429);
    await eventually(async () => (await rpc(gateway.url, 'eth_chainId')).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  it('end all that a client asked for when it is sent away, and what it asks after that is not begun', async () => {
    node.on('eth_getCode', () => huge(mib)).on('eth_estimateGas', () => hang());
    const asked = () => counted('headgate_requests_total', /method="eth_gasPrice"/);
    const hanging = () => counted('headgate_upstream_inflight', /upstream="one"/);
    const slow = await open();
    await slow.call('eth_subscribe', ['newHeads']);
    slow.socket.pause();
    slow.send({ jsonrpc: '2.0', id: 'hangs', method: 'eth_estimateGas', params: [{}] });
    await eventually(async () => [await subscriptions(), node.count('eth_estimateGas')]).toEqual([1, 1]);
    for (let id = 0; id < 60; id += 1) {
      const address = hexOf(id).replace('0x', `0x${'1'.repeat(42 - hexOf(id).length)}`);
      slow.send({ jsonrpc: '2.0', id, method: 'eth_getCode', params: [address, 'latest'] });
    }
    // It has ended for the gateway, while the client has not heard of it.
    await eventually(subscriptions).toBe(0);
    await eventually(hanging).toBe(0);
    expect(gateway.app.connections).toBe(1);
    slow.send({ jsonrpc: '2.0', id: 'late', method: 'eth_gasPrice', params: [] });
    slow.socket.resume();
    expect(await slow.closed()).toBe(1013);
    await eventually(() => gateway.app.connections).toBe(0);
    expect(await asked()).toBe(0);
  });
});

/** A bare connection that reads nothing. */
const connected = async (url: string): Promise<Socket> => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket.pause();
};
