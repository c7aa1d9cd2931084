import type { ServerResponse } from 'node:http';
import type { Session, Subscription } from '../core/session.ts';

/** Bytes waiting in the socket from which events are held back until it has drained. */
const HIGH_WATER = 1024 * 1024;

/** An HTTP answer that does not end, as those who push events to it see it. */
export class StreamSession implements Session {
  readonly style = 'stream';
  readonly subscriptionLimit = 1;
  readonly subscriptions = new Map<string, Subscription>();
  readonly #response: ServerResponse;
  #waiting: (() => void)[] = [];
  #open = false;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  afterAnswer(task: () => void): void {
    if (this.#open) task();
    else this.#waiting.push(task);
  }

  /** The head of the answer has been written: events may follow. */
  answered(): void {
    this.#open = true;
    for (const task of this.#waiting.splice(0)) task();
  }

  send(text: Buffer): boolean {
    if (this.#response.writableEnded || this.#response.destroyed) return false;
    this.#response.write(text);
    return this.#response.writableLength < HIGH_WATER;
  }

  onDrain(task: () => void): void {
    this.#response.once('drain', task);
  }

  /** The code is for WebSocket clients; this one is told by the events themselves, or comes back by itself. */
  end(): void {
    for (const subscription of this.subscriptions.values()) subscription.close();
    this.#response.end();
  }
}
