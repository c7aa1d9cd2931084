import { createHash } from 'node:crypto';
import type { Reply } from '../core/reply.ts';
import type { Session } from '../core/session.ts';
import { canonicalJson } from '../ethereum/canonical-json.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import { Backoff, type BackoffOptions } from '../lib/backoff.ts';
import { Cancellation } from '../lib/cancellation.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { LatestValue, type Send } from './latest-value.ts';
import type { Opened } from './registry.ts';
import type { ByteBudget } from '../lib/byte-budget.ts';

export interface RepeatedCallDeps {
  /** For the last results of all such calls; what it does not take is asked for again when somebody wants it. */
  readonly results: ByteBudget;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told of a fault of ours that the call met. */
  readonly faulted: (error: unknown) => void;
}

/** A call that is made again and again for everybody who wants its result, which is told when it has changed. */
export class RepeatedCall {
  readonly #deps: RepeatedCallDeps;
  readonly #ask: (cancellation: Cancellation) => Promise<Reply>;
  readonly #value: LatestValue;
  readonly #backoff: Backoff;
  readonly #closed = new Cancellation();
  #running = false;
  /** It is to be made once more after the time under way. */
  #again = false;
  #retry: Timer | undefined;

  constructor(retry: BackoffOptions, deps: RepeatedCallDeps, ask: (cancellation: Cancellation) => Promise<Reply>) {
    this.#deps = deps;
    this.#ask = ask;
    this.#backoff = new Backoff(retry, deps.random);
    const changed = (listening: boolean): void => {
      if (listening) this.run();
    };
    this.#value = new LatestValue({ changed, budget: deps.results, missing: () => this.run() });
  }

  open(line: Pick<Session, 'onDrain'>, send: Send): Opened {
    return this.#value.open(line, send);
  }

  /** One time after the other, so that an older answer never comes after a newer one. While nobody listens, not at all. */
  run(): void {
    this.#again = true;
    if (!this.#running) void this.#untilDone();
  }

  close(): void {
    this.#value.forget();
    this.#closed.cancel();
    this.#retry?.cancel();
  }

  get #wanted(): boolean {
    return this.#value.readers > 0 && !this.#closed.cancelled;
  }

  /** What failed is tried again, or it would not be told before the next head, which may be far. */
  async #untilDone(): Promise<void> {
    this.#running = true;
    this.#retry?.cancel();
    let failed: boolean | undefined;
    try {
      while (this.#again && this.#wanted) {
        this.#again = false;
        const reply = await this.#ask(this.#closed);
        failed = !reply.ok;
        if (reply.ok && this.#wanted) this.#value.set(Buffer.from(reply.result), meaningOf(reply.result));
      }
    } catch (error) {
      failed = true;
      this.#deps.faulted(error);
    } finally {
      this.#running = false;
    }
    if (failed === false) this.#backoff.reset();
    if (failed === true && this.#wanted) {
      this.#retry = this.#deps.clock.after(this.#backoff.next(), () => this.run());
    }
  }
}

/** The same for results that mean the same, and short, however large they are. */
const meaningOf = (result: RawJson): string =>
  createHash('sha256')
    .update(canonicalJson(result) ?? result)
    .digest('base64');
