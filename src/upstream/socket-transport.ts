import type { FailureClass } from '../core/outcome.ts';
import { Backoff, type BackoffOptions } from '../lib/backoff.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { type SessionOptions, SocketSession, type Stray } from './socket-session.ts';

/** An open socket that carries messages. */
export interface Wire {
  /** Writes one message; those of one turn of the event loop leave together. */
  send(message: Buffer): void;
  /** Bytes that wait to be written. */
  readonly buffered: number;
}

/** Why there is no socket (any more). */
export interface Loss {
  readonly failure: FailureClass;
  /** In words, without the address. */
  readonly why: string;
  /** Somebody is there and does not speak this protocol: trying again soon is of no use. */
  readonly unwelcome: boolean;
}

export interface WireEvents {
  opened(wire: Wire): void;
  message(message: Buffer): void;
  /** Once, also where it never opened. Nothing comes after it. */
  lost(loss: Loss): void;
}

/**
 * Begins to connect. Events come later, never before this has returned; the function that comes back ends the attempt or
 * the socket, and there are no events after that.
 */
export type Dial = (events: WireEvents) => () => void;

export interface SocketOptions extends SessionOptions {
  readonly backoff: BackoffOptions;
  /** Ms until the next try where the socket is unwelcome; undefined: like any other failure. */
  readonly unwelcomePause: number | undefined;
  /** Bytes waiting to be written from which on the socket counts as full. */
  readonly sendBuffer: number;
}

export interface SocketDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly dial: Dial;
  readonly stray: (what: Stray) => void;
  readonly opened: () => void;
  /** An open socket was lost. */
  readonly lost: (why: string) => void;
  /** Connecting failed; the next try comes after `retryMs`. */
  readonly failed: (why: string, retryMs: number) => void;
}

type State =
  | { readonly kind: 'dialling'; readonly abandon: () => void }
  | {
      readonly kind: 'open';
      readonly wire: Wire;
      readonly session: SocketSession;
      readonly since: number;
      readonly abandon: () => void;
    }
  | { readonly kind: 'pausing'; readonly timer: Timer }
  | { readonly kind: 'closed' };

/** A socket held this long, in ms, was a good one: after its loss the waits begin anew. */
const SETTLED = 10_000;

/** Keeps one socket to a node open, whatever happens to it. */
export class SocketTransport {
  readonly #options: SocketOptions;
  readonly #deps: SocketDeps;
  readonly #backoff: Backoff;
  readonly #awaiting = new Set<(open: boolean) => void>();
  #state: State = { kind: 'closed' };
  #trouble: string | undefined;

  constructor(options: SocketOptions, deps: SocketDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#backoff = new Backoff(options.backoff, deps.random);
  }

  start(): void {
    if (this.#state.kind === 'closed') this.#dial();
  }

  get open(): boolean {
    return this.#state.kind === 'open';
  }

  /** Open, and with room for another call. */
  get ready(): boolean {
    const state = this.#state;
    return state.kind === 'open' && !state.session.full && state.wire.buffered < this.#options.sendBuffer;
  }

  /** Why there was none the last time that a socket was tried, in words; undefined before, and while one is open. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Resolves to whether the socket is open: at once if so, else when it opens or after `timeoutMs`. */
  whenOpen(timeoutMs: number): Promise<boolean> {
    if (this.#state.kind === 'open' || this.#state.kind === 'closed') return Promise.resolve(this.open);
    return new Promise((resolve) => {
      const settle = (open: boolean): void => {
        timer.cancel();
        this.#awaiting.delete(settle);
        resolve(open);
      };
      const timer = this.#deps.clock.after(timeoutMs, () => settle(false));
      this.#awaiting.add(settle);
    });
  }

  /** Undefined where no socket is open. */
  get session(): SocketSession | undefined {
    return this.#state.kind === 'open' ? this.#state.session : undefined;
  }

  /** Turns an open socket away as unwelcome, and tries again later. */
  dismiss(why: string): void {
    if (this.#state.kind !== 'open') return;
    this.#state.abandon();
    this.#lost({ failure: 'bad_reply', why, unwelcome: true });
  }

  close(): void {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    for (const settle of this.#awaiting) settle(false);
    if (state.kind === 'pausing') state.timer.cancel();
    if (state.kind === 'dialling') state.abandon();
    if (state.kind === 'open') {
      state.session.cancelAll();
      state.session.end('transport', 'the upstream was closed');
      state.abandon();
    }
  }

  #dial(): void {
    const abandon = this.#deps.dial({
      opened: (wire) => this.#opened(wire, abandon),
      message: (message) => this.session?.receive(message),
      lost: (loss) => this.#lost(loss),
    });
    this.#state = { kind: 'dialling', abandon };
  }

  #opened(wire: Wire, abandon: () => void): void {
    const { clock, stray } = this.#deps;
    const session = new SocketSession(this.#options, { clock, stray, send: (message) => wire.send(message) });
    this.#state = { kind: 'open', wire, session, since: clock.now(), abandon };
    this.#trouble = undefined;
    for (const settle of this.#awaiting) settle(true);
    this.#deps.opened();
  }

  #lost({ failure, why, unwelcome }: Loss): void {
    const { clock, lost, failed } = this.#deps;
    const state = this.#state;
    if (state.kind === 'open' && clock.now() - state.since >= SETTLED) this.#backoff.reset();
    const pause = unwelcome ? this.#options.unwelcomePause : undefined;
    const retryMs = pause ?? this.#backoff.next();
    this.#trouble = why;
    this.#state = { kind: 'pausing', timer: clock.after(retryMs, () => this.#dial()) };
    if (state.kind === 'open') {
      // The node is told to be lost before its calls fail, so that none of them is sent to it again.
      lost(why);
      state.session.end(failure, why);
    } else failed(why, retryMs);
  }
}
