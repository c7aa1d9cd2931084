import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createIpcServer, type Server as IpcServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Wire } from './fake-node-answers.ts';
import { ports } from './ports.ts';

export type Transport = 'http' | 'ws' | 'ipc';

/** A WebSocket or IPC connection. */
export interface Connection {
  readonly transport: 'ws' | 'ipc';
  readonly wire: Extract<Wire, { kind: 'socket' }>;
  /** Subscription ids to the params that they were made with. */
  readonly feeds: Map<string, readonly unknown[]>;
}

/** Where a message came from. */
export interface Origin {
  readonly transport: Transport;
  readonly headers: IncomingMessage['headers'];
  readonly connection?: Connection;
}

export interface ListenerOptions {
  readonly ws: boolean;
  readonly ipc: boolean;
}

/** Ms, as Geth has it; Node's own 5 s could end just as a process that stood still sends its next request. */
const keepAliveTimeout = 120_000;

/** The sockets of a fake node: they take messages in and count; what to answer is up to `take`. */
export class FakeNodeListeners {
  port = 0;
  posts = 0;
  pings = 0;
  reads = 0;
  readonly connections = new Set<Connection>();
  readonly sockets = new Set<Socket>();
  readonly #options: ListenerOptions;
  readonly #take: (body: string, wire: Wire, from: Origin) => Promise<void>;
  #http: Server | undefined;
  #ipc: IpcServer | undefined;
  #folder: string | undefined;
  readonly #deaf = new Set<Socket>();
  #bytesOfClosed = 0;
  #frozen: PromiseWithResolvers<void> | undefined;

  constructor(options: ListenerOptions, take: (body: string, wire: Wire, from: Origin) => Promise<void>) {
    this.#options = options;
    this.#take = async (body, wire, from) => {
      await this.#frozen?.promise;
      await take(body, wire, from);
    };
  }

  get ipcPath(): string {
    return `${this.#folder}/node.ipc`;
  }

  get frozen(): boolean {
    return this.#frozen !== undefined;
  }

  get totalBytesWritten(): number {
    let sum = this.#bytesOfClosed;
    for (const socket of this.sockets) sum += socket.bytesWritten - socket.writableLength;
    return sum;
  }

  async start(): Promise<void> {
    if (this.port === 0) this.port = await ports.take();
    this.#http = createServer({ keepAliveTimeout }, (request, response) => void this.#onPost(request, response));
    this.#track(this.#http);
    this.#upgrades(this.#http);
    await listening(this.#http, { port: this.port, host: '127.0.0.1' });
    if (!this.#options.ipc) return;
    this.#folder ??= await mkdtemp(join(tmpdir(), 'fake-node-'));
    this.#ipc = createIpcServer((socket) => this.#onIpc(socket));
    this.#track(this.#ipc);
    await listening(this.#ipc, { path: this.ipcPath });
  }

  async stop(): Promise<void> {
    this.thaw();
    const servers = [this.#http, this.#ipc].filter((server) => server !== undefined);
    this.#http = undefined;
    this.#ipc = undefined;
    const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(closed);
  }

  async close(): Promise<void> {
    await this.stop();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }

  freeze(): void {
    this.#frozen ??= Promise.withResolvers<void>();
  }

  thaw(): void {
    this.#frozen?.resolve();
    this.#frozen = undefined;
  }

  /** Neither reads nor writes on the connections that there are, and tells nobody. */
  deafen(): void {
    for (const socket of this.sockets) {
      this.#deaf.add(socket);
      socket.pause().cork();
    }
  }

  /** Ends the connections that went dead. */
  dropDeaf(): void {
    for (const socket of this.#deaf) socket.destroy();
  }

  #track(server: Server | IpcServer): void {
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('data', () => {
        this.reads += 1;
      });
      socket.on('close', () => {
        this.sockets.delete(socket);
        this.#deaf.delete(socket);
        this.#bytesOfClosed += socket.bytesWritten;
      });
    });
  }

  async #onPost(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request).catch(() => undefined);
    if (body === undefined) return;
    this.posts += 1;
    await this.#take(body, { kind: 'http', response }, { transport: 'http', headers: request.headers });
  }

  #upgrades(server: Server): void {
    const upgrader = new WebSocketServer({ noServer: true, autoPong: false, maxPayload: 64 * 1024 * 1024 });
    const upgrade = async (request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> => {
      await this.#frozen?.promise;
      if (!this.#options.ws) {
        socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
        return;
      }
      upgrader.handleUpgrade(request, socket, head, (ws) => this.#onWebSocket(ws, request));
    };
    server.on('upgrade', (request, socket, head) => void upgrade(request, socket as Socket, head));
  }

  #onWebSocket(ws: WebSocket, { headers }: IncomingMessage): void {
    const connection = this.#connected('ws', {
      kind: 'socket',
      send: (message) => ws.send(message),
      part: (piece, written) => ws.send(piece, { fin: false }, written),
      destroy: () => ws.terminate(),
    });
    ws.on('error', () => {});
    ws.on('close', () => this.connections.delete(connection));
    ws.on('ping', () => {
      this.pings += 1;
      if (!this.frozen) ws.pong();
    });
    ws.on('message', (data) => {
      void this.#take((data as Buffer).toString(), connection.wire, { transport: 'ws', headers, connection });
    });
  }

  #onIpc(socket: Socket): void {
    const connection = this.#connected('ipc', {
      kind: 'socket',
      send: (message) => void socket.write(message),
      part: (piece, written) => void socket.write(piece, written),
      destroy: () => void socket.destroy(),
    });
    socket.on('close', () => this.connections.delete(connection));
    let rest = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) void this.#take(part, connection.wire, { transport: 'ipc', headers: {}, connection });
    });
  }

  #connected(transport: Connection['transport'], wire: Connection['wire']): Connection {
    const connection: Connection = { transport, wire, feeds: new Map() };
    this.connections.add(connection);
    return connection;
  }
}

const listening = (server: Server | IpcServer, where: { port?: number; host?: string; path?: string }): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
