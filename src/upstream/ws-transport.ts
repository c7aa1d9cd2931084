import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Clock, Timer } from '../lib/clock.ts';
import { faultOf, isTlsFault, isUnreachable } from './connection-fault.ts';
import type { Dial, Loss, WireEvents } from './socket-transport.ts';
import { turnCork } from './turn-cork.ts';

export interface WsOptions {
  /** `ws://` or `wss://`, without userinfo. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Ms until the handshake must be done. */
  readonly connectTimeout: number;
  /** Bytes of one message. */
  readonly responseSize: number;
  /** Ms between pings. A peer that sends nothing at all from one to the next is gone. */
  readonly pingInterval: number;
}

/** Connects by WebSocket. */
export const dialWebSocket =
  (options: WsOptions, clock: Clock): Dial =>
  (events) => {
    const connection = new WsConnection(options, clock, events);
    return () => connection.abandon();
  };

class WsConnection {
  readonly #ws: WebSocket;
  readonly #options: WsOptions;
  readonly #clock: Clock;
  readonly #events: WireEvents;
  #socket: Socket | undefined;
  #ping: Timer | undefined;
  #loss: Loss | undefined;
  #over = false;

  constructor(options: WsOptions, clock: Clock, events: WireEvents) {
    this.#options = options;
    this.#clock = clock;
    this.#events = events;
    this.#ws = new WebSocket(options.url, {
      headers: { ...options.headers },
      handshakeTimeout: options.connectTimeout,
      maxPayload: options.responseSize,
      perMessageDeflate: false,
      // Whoever reads a message checks that it is UTF-8, over every transport alike.
      skipUTF8Validation: true,
    });
    this.#ws
      .on('upgrade', ({ socket }) => {
        this.#socket = socket;
      })
      .on('open', () => this.#opened())
      .on('message', (data) => {
        if (!this.#over) this.#events.message(data as Buffer);
      })
      .on('unexpected-response', (_request, { statusCode }) => {
        this.#loss = { failure: 'transport', why: `no WebSocket: HTTP ${statusCode}`, unwelcome: true };
        this.#ws.terminate();
      })
      .on('error', (error) => {
        this.#loss ??= lossOf(error, this.#socket !== undefined);
      })
      .on('close', (code) => {
        const why = `WebSocket closed by the node (${code})`;
        this.#lost(this.#loss ?? { failure: 'transport', why, unwelcome: false });
      });
  }

  abandon(): void {
    this.#over = true;
    this.#ping?.cancel();
    this.#ws.terminate();
  }

  #opened(): void {
    const socket = this.#socket;
    if (socket === undefined || this.#over) return;
    const ws = this.#ws;
    const cork = turnCork(socket);
    this.#events.opened({
      send: (message) => {
        cork();
        ws.send(message, { binary: false });
      },
      get buffered() {
        return ws.bufferedAmount;
      },
    });
    this.#watch(socket, -1);
  }

  /** Any byte counts as life, so that a long message on a slow line is not taken for silence. */
  #watch(socket: Socket, bytesBefore: number): void {
    const bytes = socket.bytesRead;
    if (bytes === bytesBefore) {
      this.#loss = { failure: 'transport', why: 'no sign of life: the WebSocket is half open', unwelcome: false };
      this.#ws.terminate();
      return;
    }
    this.#ws.ping();
    this.#ping = this.#clock.after(this.#options.pingInterval, () => this.#watch(socket, bytes));
  }

  #lost(loss: Loss): void {
    if (this.#over) return;
    this.#over = true;
    this.#ping?.cancel();
    this.#events.lost(loss);
  }
}

const tooLarge = 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';

const lossOf = (error: Error, upgraded: boolean): Loss => {
  const code = 'code' in error ? String(error.code) : '';
  if (code === tooLarge) {
    return { failure: 'bad_reply', why: 'a message larger than the response size limit', unwelcome: false };
  }
  if (code.startsWith('WS_ERR_')) return { failure: 'bad_reply', why: `not WebSocket (${code})`, unwelcome: false };
  if (upgraded) return { failure: 'transport', why: faultOf(error).message, unwelcome: false };
  // A certificate is renewed at any moment, so this is tried again soon like a node that is away.
  if (isUnreachable(error) || isTlsFault(error))
    return { failure: 'transport', why: faultOf(error).message, unwelcome: false };
  return { failure: 'transport', why: 'the WebSocket handshake failed', unwelcome: true };
};
