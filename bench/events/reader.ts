import { get, type ClientRequest } from 'node:http';
import { WebSocket } from 'ws';
import { HeadOracle, LogOracle, type Truth } from '../../test/support/fold-oracle.ts';
import type { ScriptedBlock } from '../../test/support/scripted-chain.ts';

/** Where a reader connects to. */
export interface Addresses {
  readonly url: string;
  readonly wsUrl: string;
}

export type ReaderKind = 'logs' | 'heads' | 'stream';

/** What a reader asks for, as a log filter. */
export type Wanted = Readonly<Record<string, unknown>>;

export interface ReaderOptions {
  readonly kind: ReaderKind;
  readonly at: Addresses;
  readonly wanted: Wanted;
  /** It keeps the cursors that it is given. */
  readonly cursors: boolean;
}

/** Ms after which a reader connects again. */
const PAUSE = 100;

/**
 * One client: whenever its connection is lost, whoever did that, it connects again and goes on with its cursor, or where
 * it has none, subscribes anew. It holds all that it is told against the truth.
 */
export class EventReader {
  readonly #options: ReaderOptions;
  readonly logs: LogOracle;
  readonly heads: HeadOracle;
  /** Connections that ended though this side did not end them. */
  disconnects = 0;
  /** Times that it was told that events are missing. */
  gaps = 0;
  /** Runs for each head and log, with its height. */
  onEvent: (number: number) => void = () => {};
  readonly #truth: Truth;
  #cursor: string | undefined;
  #socket: WebSocket | undefined;
  #request: ClientRequest | undefined;
  #closed = false;
  #cutting = false;
  #connected = false;
  #subscribed: (() => void) | undefined;
  readonly subscribed: Promise<void>;

  constructor(options: ReaderOptions, truth: Truth, start: ScriptedBlock) {
    this.#options = options;
    this.#truth = truth;
    this.logs = new LogOracle(truth, start);
    this.heads = new HeadOracle(truth.chain, start);
    this.subscribed = new Promise((resolve) => {
      this.#subscribed = resolve;
    });
    this.connect();
  }

  get events(): number {
    return this.logs.events + this.heads.events;
  }

  /** What the reader is held to. */
  get oracles(): readonly (LogOracle | HeadOracle)[] {
    const { kind } = this.#options;
    return kind === 'logs' ? [this.logs] : kind === 'heads' ? [this.heads] : [this.logs, this.heads];
  }

  /** What went wrong with it, in words; undefined where nothing did. */
  get complaint(): string | undefined {
    const told = this.oracles.flatMap((oracle) =>
      Object.entries(oracle.faults)
        .filter(([, times]) => times > 0)
        .map(([name, times]) => `${times} ${oracle === this.heads ? 'heads' : 'logs'} ${name}`),
    );
    return told.length === 0 ? undefined : `a reader of ${this.#options.kind}: ${told.join(', ')}`;
  }

  connect(): void {
    if (this.#closed || this.#socket !== undefined || this.#request !== undefined) return;
    if (this.#options.kind === 'stream') this.#listen();
    else this.#dial();
  }

  /** Cuts the connection, as a network does; not before there is a cursor, where it keeps them, to go on from. */
  cut(): void {
    if (this.#cursor !== undefined || !this.#options.cursors) this.#disconnect();
  }

  #disconnect(): void {
    this.#cutting = true;
    this.#socket?.terminate();
    this.#request?.destroy();
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    if (this.#socket?.isPaused) this.#socket.resume();
  }

  /** True once it has all that the branch of `head` has. */
  at(head: ScriptedBlock): boolean {
    const { kind } = this.#options;
    const heads = kind === 'logs' || this.heads.last === head;
    return heads && (kind === 'heads' || this.logs.last === this.#truth.lastUpTo(head));
  }

  close(): void {
    this.#closed = true;
    this.#disconnect();
  }

  #dial(): void {
    const { at, kind, wanted, cursors } = this.#options;
    const socket = new WebSocket(`${at.wsUrl}/${cursors ? '?cursor=1' : ''}`);
    this.#socket = socket;
    this.#cutting = false;
    const origin = this.#cursor === undefined ? [] : [{ resumeFrom: this.#cursor }];
    const params = kind === 'heads' ? ['newHeads', ...origin] : ['logs', wanted, ...origin];
    socket.on('open', () => {
      this.#connected = true;
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params }));
    });
    socket.on('message', (data) => this.#message(JSON.parse((data as Buffer).toString()), socket));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#socket = undefined;
      this.#lost();
    });
  }

  #message(message: Message, socket: WebSocket): void {
    if (message.id === 1) {
      if (message.error !== undefined) {
        if (message.error.code === -32001) this.gaps += 1;
        this.#cutting = message.error.code === -32002;
        socket.terminate();
      } else this.#subscribed?.();
      return;
    }
    if (message.params === undefined) return;
    this.#cursor = message.params.cursor;
    this.#take(this.#options.kind === 'heads' ? 'head' : 'log', message.params.result);
  }

  #listen(): void {
    const { at, wanted } = this.#options;
    this.#cutting = false;
    const headers = this.#cursor === undefined ? {} : { 'last-event-id': this.#cursor };
    const query = new URLSearchParams({ heads: '1' });
    for (const [name, value] of Object.entries(wanted)) {
      if (name === 'address') query.set(name, String(value));
      else for (const [at, topic] of (value as readonly unknown[]).entries()) query.set(`topic${at}`, String(topic));
    }
    const request = get(`${at.url}/events?${query.toString()}`, { headers, agent: false }, (response) => {
      let rest = '';
      this.#connected = true;
      if (response.statusCode !== 200) this.#cutting = true;
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        const blocks = (rest + chunk).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) this.#block(block);
      });
      response.on('error', () => {});
    });
    this.#request = request;
    request.on('error', () => {});
    request.on('close', () => {
      this.#request = undefined;
      this.#lost();
    });
  }

  #block(block: string): void {
    const fields = new Map(
      block.split('\n').map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
    );
    const data = fields.get('data');
    const event = fields.get('event');
    this.#cursor = fields.get('id') ?? this.#cursor;
    this.#subscribed?.();
    if (data === undefined) return;
    if (event === 'gap') this.gaps += 1;
    else this.#take(event === 'head' ? 'head' : 'log', JSON.parse(data));
  }

  #take(kind: 'head' | 'log', event: Record<string, unknown>): void {
    if (kind === 'head') this.heads.take(event as never);
    else this.logs.take(event as never);
    if (event['removed'] !== true) this.onEvent(Number(event['blockNumber'] ?? event['number']));
  }

  #lost(): void {
    if (this.#closed) return;
    if (this.#connected && !this.#cutting) this.disconnects += 1;
    this.#connected = false;
    setTimeout(() => this.connect(), PAUSE);
  }
}

interface Message {
  readonly id?: number;
  readonly error?: { readonly code: number };
  readonly params?: { readonly cursor?: string; readonly result: Record<string, unknown> };
}
