/**
 * A scripted Ethereum node on real sockets: HTTP and WebSocket on one port, and IPC where asked for.
 *
 *     const node = await startFakeNode({ head: 100, ipc: true });
 *     node.on('eth_call', () => '0x2a');                              // a result
 *     node.on('eth_call', () => rpcError(3, 'execution reverted'));   // the node's own error
 *     node.on('eth_call', ([call], { transport }) => delay(50, '0x')); // a behaviour, see fake-node-answers.ts
 *     node.once('eth_call', () => reset());                           // one time only, then as before
 *     node.mine();                                                    // head + 1, pushed to newHeads subscribers
 *     node.requests.filter((request) => request.method === 'eth_call');
 *     await node.stop();
 *
 * It answers eth_chainId, net_version, web3_clientVersion, eth_blockNumber, eth_getBlockByNumber, eth_getBlockByHash,
 * eth_syncing, net_peerCount, eth_getBalance, eth_subscribe and eth_unsubscribe; everything else is -32601 until `on`
 * is called. `stop` and `restart` keep the port; `freeze` is a SIGSTOP seen from outside: connections are accepted,
 * nothing is answered, no ping either.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { Behaviour, replyText, rpcError, sendText, type Wire } from './fake-node-answers.ts';
import { FakeNodeChain } from './fake-node-chain.ts';
import { type Connection, FakeNodeListeners, type Origin, type Transport } from './fake-node-listeners.ts';

export * from './fake-node-answers.ts';

export interface FakeNodeOptions {
  /** Default 1337. */
  readonly chainId?: number;
  /** Height of the first head; default 100. */
  readonly head?: number;
  /** Two nodes with the same word here have the same blocks; default `main`. */
  readonly genesis?: string;
  /** `web3_clientVersion`; default a Geth. */
  readonly client?: string;
  /** Offer WebSocket at the HTTP port; default true. Without it an upgrade is refused with 400. */
  readonly ws?: boolean;
  /** Offer IPC on a unix socket in a temporary directory; default false. */
  readonly ipc?: boolean;
  /** Answer batches; default true. Without it a batch gets one error object, as some nodes do. */
  readonly batches?: boolean;
}

export interface RecordedRequest {
  readonly method: string;
  readonly params: readonly unknown[];
  /** The request object as it was sent; inside a batch, re-serialised. */
  readonly text: string;
  readonly transport: Transport;
  /** HTTP headers of the request or of the WebSocket upgrade; empty for IPC. */
  readonly headers: IncomingHttpHeaders;
  /** It came inside a batch. */
  readonly batched: boolean;
}

/** Gives a result (any JSON value), an `rpcError`, or a `Behaviour`; or a promise of one. */
export type Handler = (params: readonly unknown[], request: RecordedRequest) => unknown;

/** How many requests `requests` remembers; older ones are dropped. */
const REMEMBERED = 10_000;

export class FakeNode {
  /** The last requests, oldest first. */
  readonly requests: RecordedRequest[] = [];
  readonly chain: FakeNodeChain;
  /** Answers to the items of a batch come last first, as JSON-RPC allows. */
  reverseBatches = false;
  readonly #options: FakeNodeOptions;
  readonly #handlers = new Map<string, Handler>();
  readonly #once = new Map<string, Handler[]>();
  readonly #listeners: FakeNodeListeners;
  #subscriptions = 0;

  constructor(options: FakeNodeOptions) {
    this.#options = options;
    this.chain = new FakeNodeChain(options.head ?? 100, options.genesis ?? 'main');
    const { ws = true, ipc = false } = options;
    this.#listeners = new FakeNodeListeners({ ws, ipc }, (body, wire, from) => this.#take(body, wire, from));
    this.#script();
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** `ipc:///…`; only with the option `ipc`. */
  get ipcUrl(): string {
    return `ipc://${this.#listeners.ipcPath}`;
  }

  get port(): number {
    return this.#listeners.port;
  }

  /** HTTP requests received, a batch being one. */
  get posts(): number {
    return this.#listeners.posts;
  }

  /** Pings received over WebSocket. */
  get pings(): number {
    return this.#listeners.pings;
  }

  /** Chunks read from clients, of every kind of connection: writes that arrived together count once. */
  get reads(): number {
    return this.#listeners.reads;
  }

  /** WebSocket and IPC connections open now. */
  get sockets(): number {
    return this.#listeners.connections.size;
  }

  /** TCP and unix sockets open now, of every kind. */
  get connections(): number {
    return this.#listeners.sockets.size;
  }

  /** Bytes ever handed to the kernel for clients, over all connections so far. */
  get totalBytesWritten(): number {
    return this.#listeners.totalBytesWritten;
  }

  /** Sets how a method is answered from now on. */
  on(method: string, handler: Handler): this {
    this.#handlers.set(method, handler);
    return this;
  }

  /** Sets how the next call of a method is answered; several queue up. */
  once(method: string, handler: Handler): this {
    this.#once.set(method, [...(this.#once.get(method) ?? []), handler]);
    return this;
  }

  /** How often a method was asked. */
  count(method: string): number {
    return this.requests.filter((request) => request.method === method).length;
  }

  /** Moves the head up by `blocks` and pushes each new one. */
  mine(blocks = 1): void {
    for (let mined = 0; mined < blocks; mined += 1) {
      this.chain.head += 1;
      this.push('newHeads', this.chain.block(this.chain.head));
    }
  }

  /** Moves the head anywhere, pushing only the new one. */
  setHead(number: number): void {
    this.chain.head = number;
    this.push('newHeads', this.chain.block(number));
  }

  /** Sends an event to every subscription of this kind, or to those whose params are `wanted`. */
  push(kind: string, result: unknown, wanted: (params: readonly unknown[]) => boolean = () => true): void {
    if (this.#listeners.frozen) return;
    for (const connection of this.#listeners.connections) {
      for (const [subscription, params] of connection.feeds) {
        if (params[0] === kind && wanted(params)) connection.wire.send(notification(subscription, result));
      }
    }
  }

  /** Sends any text as one message on every WebSocket and IPC connection. */
  pushText(message: string): void {
    for (const connection of this.#listeners.connections) connection.wire.send(message);
  }

  /** Cuts every WebSocket and IPC connection; new ones are welcome. */
  closeSockets(): void {
    for (const connection of this.#listeners.connections) connection.wire.destroy();
  }

  async start(): Promise<this> {
    await this.#listeners.start();
    return this;
  }

  /** Ends all connections and refuses new ones: a killed process. */
  stop(): Promise<void> {
    return this.#listeners.stop();
  }

  /** Stops if it runs, and listens again at the same port and path. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Stops and removes the temporary directory. */
  close(): Promise<void> {
    return this.#listeners.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  freeze(): void {
    this.#listeners.freeze();
  }

  /** Ends a `freeze`: what came meanwhile is answered now. */
  thaw(): void {
    this.#listeners.thaw();
  }

  /** Every connection goes dead without a word, as when a router forgets it; new ones work. */
  deafen(): void {
    this.#listeners.deafen();
  }

  /** Ends the connections that went dead. */
  dropDeaf(): void {
    this.#listeners.dropDeaf();
  }

  #script(): void {
    const { chain } = this;
    const id = this.#options.chainId ?? 1337;
    this.on('eth_chainId', () => `0x${id.toString(16)}`)
      .on('net_version', () => String(id))
      .on('web3_clientVersion', () => this.#options.client ?? 'Geth/v1.16.7-stable/linux-amd64/go1.25.1')
      .on('eth_blockNumber', () => `0x${chain.head.toString(16)}`)
      .on('eth_getBlockByNumber', ([reference]) => chain.block(chain.resolve(reference)))
      .on('eth_getBlockByHash', ([hash]) => chain.byHash(hash))
      .on('eth_syncing', () => false)
      .on('net_peerCount', () => '0x19')
      .on('eth_getBalance', () => '0xde0b6b3a7640000');
  }

  async #take(body: string, wire: Wire, from: Origin): Promise<void> {
    const message = parse(body);
    if (message === undefined) return sendText(wire, replyText(null, rpcError(-32700, 'parse error')));
    if (!Array.isArray(message)) return this.#single(message, wire, from, body);
    if (this.#options.batches === false) {
      return sendText(wire, replyText(null, rpcError(-32600, 'batch requests are not supported')));
    }
    const replies: string[] = [];
    for (const item of message as Message[]) {
      const answer = await this.#answer(item, from, JSON.stringify(item), true);
      if (answer instanceof Behaviour) return answer.perform(wire, item.id);
      replies.push(replyText(item.id, answer));
    }
    sendText(wire, `[${(this.reverseBatches ? replies.reverse() : replies).join(',')}]`);
  }

  async #single(message: Message, wire: Wire, from: Origin, body: string): Promise<void> {
    const answer = await this.#answer(message, from, body, false);
    if (answer instanceof Behaviour) return answer.perform(wire, message.id);
    sendText(wire, replyText(message.id, answer));
  }

  async #answer(message: Message, from: Origin, body: string, batched: boolean): Promise<unknown> {
    const { method, params = [] } = message;
    const { transport, headers, connection } = from;
    const request: RecordedRequest = { method, params, text: body, transport, headers, batched };
    this.requests.push(request);
    if (this.requests.length > REMEMBERED) this.requests.shift();
    const handler = this.#once.get(method)?.shift() ?? this.#handlers.get(method);
    if (handler !== undefined) return handler(params, request);
    if (connection !== undefined && method === 'eth_subscribe') return this.#subscribe(connection, params);
    if (connection !== undefined && method === 'eth_unsubscribe') return connection.feeds.delete(String(params[0]));
    return rpcError(-32601, `the method ${method} does not exist/is not available`);
  }

  #subscribe(connection: Connection, params: readonly unknown[]): string {
    this.#subscriptions += 1;
    const subscription = `0x${this.#subscriptions.toString(16).padStart(16, '0')}`;
    connection.feeds.set(subscription, params);
    return subscription;
  }
}

interface Message {
  readonly id?: unknown;
  readonly method: string;
  readonly params?: readonly unknown[];
}

/** The text of an `eth_subscription` notification. */
export const notification = (subscription: string, result: unknown): string =>
  JSON.stringify({ jsonrpc: '2.0', method: 'eth_subscription', params: { subscription, result } });

const parse = (body: string): Message | Message[] | undefined => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};

/** Starts a node at a free port of 127.0.0.1; `close` it when done. */
export const startFakeNode = (options: FakeNodeOptions = {}): Promise<FakeNode> => new FakeNode(options).start();
