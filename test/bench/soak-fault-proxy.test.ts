import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { Behaviour } from '../../bench/soak/behaviour.ts';
import { FaultProxy } from '../../bench/soak/fault-proxy.ts';
import { Gate } from '../../bench/soak/gate.ts';

interface Request {
  readonly id: number;
  readonly method: string;
}

const header = { number: '0x10', hash: '0xaa', parentHash: '0x99' };
const answers: Readonly<Record<string, unknown>> = {
  eth_blockNumber: '0x10',
  eth_getBlockByNumber: header,
  eth_getLogs: [{ logIndex: '0x0' }],
};

const answerTo = ({ id, method }: Request): object => ({ jsonrpc: '2.0', id, result: answers[method] });

let doors: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of doors.splice(0)) await close();
});

/** A node that knows three methods, over HTTP and WebSocket, with a proxy before it. */
const proxied = async () => {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => response.end(JSON.stringify(answerTo(JSON.parse(Buffer.concat(parts).toString())))));
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => socket.send(JSON.stringify(answerTo(JSON.parse((data as Buffer).toString())))));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const gate = new Gate();
  const { port } = server.address() as AddressInfo;
  const proxy = await FaultProxy.start(port, gate, () => 0);
  doors = [
    () => proxy.close(),
    async () => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  ];
  const push = (message: object): void => {
    for (const client of sockets.clients) client.send(JSON.stringify(message));
  };
  return { proxy, gate, push };
};

const post = (proxy: FaultProxy, method: string, params: readonly unknown[] = []) =>
  fetch(proxy.url, {
    method: 'POST',
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    headers: { connection: 'close' },
  });

const resultOf = async (answer: Promise<Response>): Promise<unknown> =>
  ((await (await answer).json()) as { result: unknown }).result;

const connect = async (proxy: FaultProxy) => {
  const socket = new WebSocket(proxy.url.replace('http', 'ws'));
  await once(socket, 'open');
  doors.unshift(async () => socket.terminate());
  const next = async (): Promise<string> => String((await once(socket, 'message'))[0]);
  return {
    socket,
    next,
    call: (method: string, params: readonly unknown[] = []): Promise<string> => {
      const answer = next();
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
      return answer;
    },
  };
};

describe('the proxy that spoils answers', () => {
  it('passes everything on until it is told otherwise', async () => {
    const { proxy } = await proxied();
    expect(await resultOf(post(proxy, 'eth_getBlockByNumber', ['latest', false]))).toEqual(header);
    const { call } = await connect(proxy);
    expect(JSON.parse(await call('eth_blockNumber'))).toMatchObject({ id: 1, result: '0x10' });
  });

  it('lies about the height, and only about that', async () => {
    const { proxy, push } = await proxied();
    proxy.behave({ kind: 'lying', offset: 1 });
    expect(await resultOf(post(proxy, 'eth_blockNumber'))).toBe('0x11');
    const told = await resultOf(post(proxy, 'eth_getBlockByNumber', ['latest', false]));
    expect(told).toMatchObject({ number: '0x11', parentHash: '0xaa' });
    expect(told).not.toMatchObject({ hash: '0xaa' });
    expect(await resultOf(post(proxy, 'eth_getBlockByNumber', ['0x10', false]))).toEqual(header);
    const { call, next } = await connect(proxy);
    expect(JSON.parse(await call('eth_blockNumber'))).toMatchObject({ result: '0x11' });
    const event = next();
    push({ jsonrpc: '2.0', method: 'eth_subscription', params: { subscription: '0x1', result: header } });
    expect(JSON.parse(await event)).toMatchObject({ params: { subscription: '0x1', result: { number: '0x11' } } });
  });

  it('finds no logs', async () => {
    const { proxy } = await proxied();
    proxy.behave({ kind: 'no-logs' });
    expect(await resultOf(post(proxy, 'eth_getLogs', [{}]))).toEqual([]);
    const { call } = await connect(proxy);
    expect(JSON.parse(await call('eth_getLogs', [{}]))).toMatchObject({ result: [] });
    expect(await resultOf(post(proxy, 'eth_blockNumber'))).toBe('0x10');
  });

  it('fails and limits over HTTP by status, over WebSocket by an error', async () => {
    const { proxy } = await proxied();
    const { call } = await connect(proxy);
    proxy.behave({ kind: 'failing', status: 502, share: 1 });
    expect((await post(proxy, 'eth_blockNumber')).status).toBe(502);
    expect(JSON.parse(await call('eth_blockNumber'))).toMatchObject({ error: { message: 'bad gateway' } });
    proxy.behave({ kind: 'limiting', retryAfter: 1, share: 1 });
    const limited = await post(proxy, 'eth_blockNumber');
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '1']);
    proxy.behave({ kind: 'limiting', retryAfter: undefined, share: 1 });
    expect((await post(proxy, 'eth_blockNumber')).headers.get('retry-after')).toBeNull();
    expect(JSON.parse(await call('eth_blockNumber'))).toMatchObject({ error: { code: -32005 } });
  });

  it('breaks answers off, or cuts them short', async () => {
    const { proxy } = await proxied();
    const { call } = await connect(proxy);
    proxy.behave({ kind: 'truncating', share: 1 });
    await expect(post(proxy, 'eth_blockNumber').then((answer) => answer.json())).rejects.toThrow();
    expect((await call('eth_blockNumber')).endsWith('}')).toBe(false);
    proxy.behave({ kind: 'resetting', share: 1 });
    await expect(post(proxy, 'eth_blockNumber').then((answer) => answer.text())).rejects.toThrow();
    const { socket } = await connect(proxy);
    const closed = once(socket, 'close');
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_blockNumber' }));
    await closed;
  });

  it('answers nothing while it is silent, and gives up those connections afterwards', async () => {
    const { proxy } = await proxied();
    const { socket } = await connect(proxy);
    proxy.behave({ kind: 'silent' });
    let settled = 0;
    const unanswered = post(proxy, 'eth_blockNumber').then(
      () => 'answered',
      () => 'given up',
    );
    void unanswered.then(() => {
      settled += 1;
    });
    const closed = once(socket, 'close');
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_blockNumber' }));
    socket.on('message', () => {
      settled += 1;
    });
    socket.ping();
    socket.on('pong', () => {
      settled += 1;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(settled).toBe(0);
    proxy.behave({ kind: 'pass' });
    expect(await unanswered).toBe('given up');
    await closed;
    expect(await resultOf(post(proxy, 'eth_blockNumber'))).toBe('0x10');
  });

  it('hangs up when another node takes the place', async () => {
    const { proxy } = await proxied();
    const { socket } = await connect(proxy);
    const closed = once(socket, 'close');
    proxy.redirect(1);
    await closed;
    await expect(post(proxy, 'eth_blockNumber')).rejects.toThrow();
  });

  it.each<Behaviour>([{ kind: 'pass' }, { kind: 'slow', ms: 1 }])(
    'keeps questions back while blocks are mined: %j',
    async (behaviour) => {
      const { proxy, gate } = await proxied();
      proxy.behave(behaviour);
      const { call } = await connect(proxy);
      const order: string[] = [];
      let done = (): void => {};
      const work = gate.without(
        () =>
          new Promise<void>((resolve) => {
            done = () => {
              order.push('mined');
              resolve();
            };
          }),
      );
      const asked = [
        resultOf(post(proxy, 'eth_blockNumber')).then(() => order.push('answered')),
        call('eth_blockNumber').then(() => order.push('answered')),
      ];
      await new Promise((resolve) => setTimeout(resolve, 30));
      done();
      await Promise.all([work, ...asked]);
      expect(order).toEqual(['mined', 'answered', 'answered']);
    },
  );
});
