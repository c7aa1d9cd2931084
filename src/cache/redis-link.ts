import type { Observer } from '../core/observer.ts';
import { Backoff, type BackoffOptions } from '../lib/backoff.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { connectRedis, type RedisConnection, type RedisReply, type RedisWord } from './redis-connection.ts';

export interface RedisLinkOptions {
  readonly url: string;
  /** What replicas tell each other goes here. */
  readonly channel: string;
  /** Ms that a call waits for the server. */
  readonly patience: number;
  /** Ms without a word after which a connection is given up. */
  readonly silence: number;
  /** Ms between two tries, of the connection or of a server that was slow. */
  readonly backoff: BackoffOptions;
  /** Commands under way at once. */
  readonly pending: number;
}

export interface RedisLinkDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly observer: Pick<Observer, 'noted'>;
}

/**
 * - `up`: it is asked.
 * - `resting`: it was slow, and is tried again after a while, when nobody waits for it.
 * - `down`: there is no connection; one is made after a while.
 */
type State = 'up' | 'resting' | 'down';

/**
 * The way to a Redis server that may be slow, frozen or gone at any time: whoever asks waits `patience` at most, and once
 * somebody has waited in vain nobody waits any more until the server was quick again. Never throws, never rejects.
 */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  readonly #deps: RedisLinkDeps;
  readonly #backoff: Backoff;
  readonly #listeners = new Set<(message: Buffer) => void>();
  readonly #risen = new Set<() => void>();
  #connection: RedisConnection | undefined;
  #state: State = 'down';
  #upSince = 0;
  #pending = 0;
  #next: Timer | undefined;
  #closed = false;
  #told: 'used' | 'aside' | undefined;

  constructor(options: RedisLinkOptions, deps: RedisLinkDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#backoff = new Backoff(options.backoff, deps.random);
  }

  /** Whether it is worth asking. */
  get up(): boolean {
    return this.#state === 'up';
  }

  /** Connects, and keeps doing so. */
  start(): void {
    if (this.#closed || this.#connection !== undefined) return;
    const current = (): boolean => this.#connection === connection;
    const connection = connectRedis(this.#options.url, this.#options.channel, {
      heard: (message) => {
        if (current()) for (const listener of this.#listeners) listener(message);
      },
      ended: (why) => {
        if (current()) this.#lose(why);
      },
    });
    this.#connection = connection;
    this.#plan(this.#options.silence, () => this.#lose('it does not answer'));
    connection.ready.then(
      () => current() && this.#rise(),
      () => current() && this.#lose('it cannot be reached'),
    );
  }

  /** The server's reply; undefined where it has none to give in time. */
  ask(command: readonly RedisWord[]): Promise<RedisReply | undefined> {
    const connection = this.#connection;
    if (!this.up || connection === undefined || this.#pending >= this.#options.pending) return nothing;
    return new Promise((resolve) => {
      let patience = this.#deps.clock.after(this.#options.patience, () => {
        // The process itself may have been busy: what has arrived meanwhile is read before the server is blamed.
        patience = this.#deps.clock.after(1, () => {
          resolve(undefined);
          if (connection === this.#connection) this.#doubt();
        });
      });
      const end = (reply: RedisReply | undefined): void => {
        this.#pending -= 1;
        patience.cancel();
        resolve(reply);
      };
      this.#pending += 1;
      connection.send(command).then(end, () => end(undefined));
    });
  }

  /** Tells all who listen, this process too. */
  publish(message: string): void {
    void this.ask(['PUBLISH', this.#options.channel, message]);
  }

  /** Hears what is published. Returns a function that ends it. */
  onMessage(listener: (message: Buffer) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Runs `task` each time that the server can be asked again: what was said meanwhile was not heard. */
  onRise(task: () => void): void {
    this.#risen.add(task);
  }

  close(): void {
    this.#closed = true;
    this.#state = 'down';
    this.#next?.cancel();
    this.#listeners.clear();
    this.#risen.clear();
    this.#drop();
  }

  #rise(): void {
    this.#next?.cancel();
    this.#state = 'up';
    this.#upSince = this.#deps.clock.now();
    this.#tell('used', '');
    for (const task of this.#risen) task();
  }

  /** Somebody waited in vain. */
  #doubt(): void {
    if (this.#state !== 'up') return;
    this.#fall('resting', `no reply within ${this.#options.patience} ms`);
    this.#plan(this.#backoff.next(), () => this.#probe());
  }

  /** Asks in nobody's name whether the server is quick again. */
  #probe(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const asked = this.#deps.clock.now();
    this.#plan(this.#options.silence, () => this.#lose('it does not answer'));
    connection.send(['PING']).then(
      () => {
        if (connection !== this.#connection) return;
        if (this.#deps.clock.now() - asked <= this.#options.patience) this.#rise();
        else this.#plan(this.#backoff.next(), () => this.#probe());
      },
      () => connection === this.#connection && this.#lose('it refuses commands'),
    );
  }

  #lose(why: string): void {
    this.#fall('down', why);
    this.#drop();
    if (!this.#closed) this.#plan(this.#backoff.next(), () => this.start());
  }

  #fall(state: State, why: string): void {
    const long = this.#deps.clock.now() - this.#upSince > this.#options.backoff.max;
    if (this.#state === 'up' && long) this.#backoff.reset();
    this.#state = state;
    this.#tell('aside', why);
  }

  /** One line for each change, and for a server that cannot be had from the start. */
  #tell(told: 'used' | 'aside', why: string): void {
    if (this.#told === told || this.#closed) return;
    this.#told = told;
    if (told === 'used') this.#deps.observer.noted('info', 'redis: in use', {});
    else this.#deps.observer.noted('warn', `redis: left aside: ${why}`, {});
  }

  #drop(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.destroy();
  }

  #plan(ms: number, task: () => void): void {
    this.#next?.cancel();
    this.#next = this.#deps.clock.after(ms, task);
  }
}

const nothing: Promise<undefined> = Promise.resolve(undefined);
