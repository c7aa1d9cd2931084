import type { WebSocket } from 'ws';
import type { Session, Subscription } from '../core/session.ts';
import { Cancellation } from '../lib/cancellation.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { AnswerTurns, type Turn } from './answer-turns.ts';
import { sizeOf } from './write.ts';

export interface ConnectionOptions {
  /** Bytes that may wait for a slow reader, besides one answer. */
  readonly queue: number;
  readonly subscriptionLimit: number;
  /** Ms between pings; a client that has not answered the one before is taken for gone. */
  readonly pingInterval: number;
}

/** Messages of one connection under way at once. */
const PIPELINED = 256;
/** Bytes waiting in the socket from which events are held back until it has drained; half of a queue that is small. */
const HIGH_WATER = 1024 * 1024;
/** Ms between looks at a full socket: `ws` tells nobody when it drains. */
const DRAIN_CHECK = 25;

/** Ms that a client has to answer a close frame before its socket is destroyed. */
const FAREWELL = 3_000;
/** The same for one that was too slow: what is waiting to be read stands before the frame that says so. */
const SLOW_FAREWELL = 30_000;
const TOO_SLOW = 1013;

/** One client's WebSocket: writes whole messages, watches that somebody reads them, and holds the subscriptions. */
export class WsConnection {
  readonly subscriptions = new Map<string, Subscription>();
  /** Fires when nothing can be written any more. */
  readonly cancellation = new Cancellation();
  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions;
  readonly #clock: Clock;
  readonly #turns: AnswerTurns;
  readonly #highWater: number;
  #alive = true;
  #closed = false;
  /** Messages that are not answered yet. */
  #open = 0;
  /** Bytes of the largest message among those that wait to be read. */
  #largest = 0;
  #farewell: { readonly code: number; readonly reason: string } | undefined;
  #ping: Timer;
  #drainCheck: Timer | undefined;
  #waiting: (() => void)[] = [];

  constructor(socket: WebSocket, options: ConnectionOptions, clock: Clock) {
    this.#socket = socket;
    this.#options = options;
    this.#clock = clock;
    // Half of the queue, so that what else is written meanwhile finds room: events that are held back any later would
    // fill it, and a reader who keeps up would be sent away.
    this.#highWater = Math.min(HIGH_WATER, options.queue / 2);
    this.#turns = new AnswerTurns(clock, options.queue / 2, () => socket.bufferedAmount);
    this.#ping = clock.after(options.pingInterval, () => this.#heartbeat());
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('close', () => this.#release());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Answers one message by `answer`. Of a client that sends too many at once no more are read until some are answered. */
  async serve(answer: () => Promise<void>): Promise<void> {
    this.#open += 1;
    this.#alive = true;
    if (this.#open >= PIPELINED) this.#socket.pause();
    await answer();
    this.#open -= 1;
    if (this.#open < PIPELINED && this.#socket.isPaused && this.#farewell === undefined) {
      this.#alive = true;
      this.#socket.resume();
    }
    if (this.#open === 0 && this.#farewell !== undefined) this.end(this.#farewell.code, this.#farewell.reason);
  }

  /** Ends the connection once the messages under way are answered; no further ones are read. */
  handOver(code: number, reason: string): void {
    if (this.#open === 0) return this.end(code, reason);
    this.#farewell = { code, reason };
    this.#socket.pause();
    return undefined;
  }

  /**
   * Writes one message, given in pieces. A reader so slow that its queue is full, besides one message, is sent away with
   * 1013. `sent` runs once the bytes are no longer held here.
   */
  write(pieces: readonly Buffer[], sent: () => void = ignore): void {
    if (this.#closed || pieces.length === 0) return sent();
    const size = sizeOf(pieces);
    const unsent = this.#socket.bufferedAmount;
    this.#largest = Math.max(unsent === 0 ? 0 : this.#largest, size);
    if (unsent + size - this.#largest > this.#options.queue) {
      this.end(TOO_SLOW, 'too slow: too much is waiting to be read');
      return sent();
    }
    const last = pieces.length - 1;
    const written = (): void => {
      sent();
      this.#turns.next();
    };
    for (const [index, piece] of pieces.entries()) {
      this.#socket.send(piece, { binary: false, fin: index === last }, index === last ? written : ignore);
    }
    return undefined;
  }

  /** A session for one message, and its turn: what waits for its answer runs when `answered` is called. */
  sessionFor(style: Session['style']): { session: Session; turn: Turn; answered: () => void } {
    let tasks: (() => void)[] | undefined = [];
    const session: Session = {
      subscriptions: this.subscriptions,
      style,
      subscriptionLimit: this.#options.subscriptionLimit,
      afterAnswer: (task) => {
        if (tasks === undefined) task();
        else tasks.push(task);
      },
      send: (text) => {
        this.write([text]);
        return !this.#closed && this.#socket.bufferedAmount < this.#highWater;
      },
      onDrain: (task) => this.#whenDrained(task),
      end: (code, reason) => this.end(code, reason),
    };
    const turn = this.#turns.open();
    const answered = (): void => {
      turn.done();
      const due = tasks ?? [];
      tasks = undefined;
      for (const task of due) task();
    };
    return { session, turn, answered };
  }

  end(code: number, reason: string): void {
    if (this.#closed) return;
    // A paused socket would not hear the other side's farewell.
    this.#socket.resume();
    this.#socket.close(code, reason);
    this.#release();
    const end = this.#clock.after(code === TOO_SLOW ? SLOW_FAREWELL : FAREWELL, () => this.#socket.terminate());
    this.#socket.once('close', () => end.cancel());
  }

  #whenDrained(task: () => void): void {
    if (this.#closed) return;
    this.#waiting.push(task);
    this.#drainCheck ??= this.#clock.after(DRAIN_CHECK, () => this.#checkDrain());
  }

  #checkDrain(): void {
    this.#drainCheck = undefined;
    if (this.#closed) return;
    if (this.#socket.bufferedAmount >= this.#highWater) {
      this.#drainCheck = this.#clock.after(DRAIN_CHECK, () => this.#checkDrain());
      return;
    }
    const due = this.#waiting;
    this.#waiting = [];
    for (const task of due) task();
  }

  #heartbeat(): void {
    // While nothing is read of a client, its pong is not either.
    if (!this.#alive && !this.#socket.isPaused) {
      this.#socket.terminate();
      return;
    }
    this.#alive = false;
    this.#socket.ping(ignore);
    this.#ping = this.#clock.after(this.#options.pingInterval, () => this.#heartbeat());
  }

  #release(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.cancellation.cancel();
    this.#turns.close();
    this.#ping.cancel();
    this.#drainCheck?.cancel();
    this.#waiting = [];
    for (const subscription of this.subscriptions.values()) subscription.close();
    this.subscriptions.clear();
  }
}

/** A failed write shows as the socket's `close`; the callback keeps `ws` from throwing it. */
const ignore = (): void => {};
