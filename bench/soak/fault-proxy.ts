import { once } from 'node:events';
import { Agent, createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { type Behaviour, falsify, type Message } from './behaviour.ts';
import type { Gate } from './gate.ts';

const PASS: Behaviour = { kind: 'pass' };

/** How an unwell node, or what stands before it, puts it where there is no HTTP status. */
const unwell = {
  500: { code: -32603, message: 'Internal error' },
  502: { code: -32000, message: 'bad gateway' },
  503: { code: -32000, message: 'service temporarily unavailable, try again later' },
} as const;

/** Stands before one node on loopback, over HTTP and WebSocket, and spoils what comes back. */
export class FaultProxy {
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #sockets = new Set<Socket>();
  /** Over which something was swallowed that will never be answered. */
  readonly #spoilt = new Set<Duplex>();
  readonly #upgrades = new WebSocketServer({ noServer: true, autoPong: false });
  readonly #agent = new Agent({ keepAlive: true });
  readonly #gate: Gate;
  readonly #random: () => number;
  #behaviour: Behaviour = PASS;
  #target: number;

  private constructor(target: number, gate: Gate, random: () => number) {
    this.#target = target;
    this.#gate = gate;
    this.#random = random;
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        this.#spoilt.delete(socket);
      });
    });
    this.#server.on('upgrade', (request, socket, head) => {
      if (this.#behaviour.kind === 'silent') this.#spoilt.add(socket);
      else this.#upgrades.handleUpgrade(request, socket, head, (client) => this.#join(client, socket));
    });
  }

  /** Listens on a free port; `target` is the node's port on 127.0.0.1. Questions pass on while the gate is open. */
  static async start(target: number, gate: Gate, random: () => number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, gate, random);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on; what is under way keeps the manners it began with. */
  behave(behaviour: Behaviour): void {
    this.#behaviour = behaviour;
    if (behaviour.kind === 'silent') return;
    for (const socket of this.#spoilt) socket.destroy();
    this.#spoilt.clear();
  }

  /** Another node stands there from now on. Connections to the old one are lost. */
  redirect(target: number): void {
    this.#target = target;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#upgrades.close();
    this.#agent.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const behaviour = this.#behaviour;
    const body = await bytesOf(request);
    if (body === undefined) return;
    if (behaviour.kind === 'silent') {
      this.#spoilt.add(request.socket);
      return;
    }
    if (behaviour.kind === 'failing' && this.#hits(behaviour)) {
      response.writeHead(behaviour.status, { 'content-type': 'text/html' }).end('<html>the node is unwell</html>');
      return;
    }
    if (behaviour.kind === 'limiting' && this.#hits(behaviour)) {
      const header = behaviour.retryAfter === undefined ? {} : { 'retry-after': String(behaviour.retryAfter) };
      response.writeHead(429, { 'content-type': 'text/plain', ...header }).end('too many requests');
      return;
    }
    const leave = await this.#gate.enter();
    const answer = await this.#forward(request, response, body).finally(leave);
    if (answer === undefined) request.socket.destroy();
    else this.#answer(behaviour, request, response, altered(behaviour, body, answer));
  }

  /** Undefined where the node hung up. */
  #forward(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', 'content-length': body.length };
      const path = request.url ?? '/';
      const method = request.method ?? 'POST';
      const onward = httpRequest({ host: '127.0.0.1', port: this.#target, path, method, headers, agent: this.#agent });
      onward.on('error', () => resolve(undefined));
      onward.on('response', (answer) => void bytesOf(answer).then(resolve));
      response.once('close', () => onward.destroy());
      onward.end(body);
    });
  }

  #answer(behaviour: Behaviour, { socket }: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const send = (part: Buffer, length = part.length): void => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': length });
      response.write(part);
    };
    const half = body.subarray(0, body.length >> 1);
    if (behaviour.kind === 'slow') {
      setTimeout(() => {
        send(body);
        response.end();
      }, behaviour.ms);
    } else if (behaviour.kind === 'resetting' && this.#hits(behaviour)) {
      send(half, body.length);
      setImmediate(() => socket.resetAndDestroy());
    } else {
      send(behaviour.kind === 'truncating' && this.#hits(behaviour) ? half : body);
      response.end();
    }
  }

  #hits({ share }: { readonly share: number }): boolean {
    return this.#random() < share;
  }

  /** Joins a client's socket to one of its own at the node. */
  #join(client: WebSocket, socket: Duplex): void {
    const node = new WebSocket(`ws://127.0.0.1:${this.#target}`);
    const asked = new Map<unknown, Message>();
    const leaves = new Map<unknown, () => void>();
    const opened = new Promise((resolve) => node.once('open', resolve));
    const end = (): void => {
      for (const leave of leaves.values()) leave();
      client.terminate();
      node.terminate();
    };
    for (const side of [client, node]) side.on('error', end).on('close', end);
    client.on('ping', (data) => {
      if (this.#behaviour.kind !== 'silent') client.pong(data);
    });
    client.on('message', (data) => {
      const text = data as Buffer;
      const refusal = this.#refusal(text);
      const messages = messagesOf(text);
      for (const message of messages) asked.set(message.id, message);
      if (this.#behaviour.kind === 'silent') this.#spoilt.add(socket);
      else if (refusal !== undefined) client.send(refusal);
      else {
        void Promise.all([this.#gate.enter(), opened]).then(([leave]) => {
          if (node.readyState !== WebSocket.OPEN) return leave();
          leaves.set(messages[0]?.id, leave);
          node.send(text, { binary: false });
        });
      }
    });
    node.on('message', (data) => {
      for (const { id } of messagesOf(data as Buffer)) {
        leaves.get(id)?.();
        leaves.delete(id);
      }
      this.#pushBack(client, socket, asked, data as Buffer);
    });
  }

  /** What a socket is told instead of an answer; undefined where its request goes on to the node. */
  #refusal(text: Buffer): string | undefined {
    const behaviour = this.#behaviour;
    if (behaviour.kind !== 'failing' && behaviour.kind !== 'limiting') return undefined;
    if (!this.#hits(behaviour)) return undefined;
    const error =
      behaviour.kind === 'failing' ? unwell[behaviour.status] : { code: -32005, message: 'rate limit exceeded' };
    const answers = messagesOf(text).map(({ id }) => ({ jsonrpc: '2.0', id, error }));
    return JSON.stringify(answers.length === 1 ? answers[0] : answers);
  }

  #pushBack(client: WebSocket, socket: Duplex, asked: Map<unknown, Message>, data: Buffer): void {
    const behaviour = this.#behaviour;
    const send = (text: Buffer): void => {
      if (client.readyState === WebSocket.OPEN) client.send(text, { binary: false });
    };
    switch (behaviour.kind) {
      case 'silent':
        this.#spoilt.add(socket);
        return;
      case 'slow':
        setTimeout(() => send(data), behaviour.ms);
        break;
      case 'resetting':
        if (this.#hits(behaviour)) client.terminate();
        else send(data);
        break;
      case 'truncating':
        send(this.#hits(behaviour) ? data.subarray(0, data.length >> 1) : data);
        break;
      case 'lying':
      case 'no-logs':
        send(alteredBy(behaviour, asked, data));
        break;
      default:
        send(data);
    }
    for (const { id } of messagesOf(data)) asked.delete(id);
  }
}

const bytesOf = async (stream: IncomingMessage): Promise<Buffer | undefined> => {
  const parts: Buffer[] = [];
  try {
    for await (const part of stream) parts.push(part as Buffer);
    return Buffer.concat(parts);
  } catch {
    return undefined;
  }
};

const parse = (text: Buffer): unknown => {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
};

const messagesOf = (text: Buffer): readonly Message[] => {
  const parsed = parse(text);
  if (Array.isArray(parsed)) return parsed as Message[];
  return parsed === undefined ? [] : [parsed as Message];
};

const altered = (behaviour: Behaviour, question: Buffer, answer: Buffer): Buffer => {
  if (behaviour.kind !== 'lying' && behaviour.kind !== 'no-logs') return answer;
  return alteredBy(behaviour, new Map(messagesOf(question).map((message) => [message.id, message])), answer);
};

const alteredBy = (behaviour: Behaviour, asked: ReadonlyMap<unknown, Message>, answer: Buffer): Buffer => {
  const parsed = parse(answer);
  const change = (message: Message): Message => falsify(behaviour, asked.get(message.id), message);
  return Buffer.from(JSON.stringify(Array.isArray(parsed) ? parsed.map(change) : change(parsed as Message)));
};
