import { Backoff, type BackoffOptions } from '../lib/backoff.ts';
import { Cancellation } from '../lib/cancellation.ts';
import type { Clock } from '../lib/clock.ts';
import type { Chain } from './chain.ts';
import type { History } from './history.ts';
import type { Outlet } from './outlet.ts';
import type { Stream } from './stream.ts';

/** Times in ms. */
export interface RescueOptions {
  /** Blocks of history at most that a reader is led through. */
  readonly replay: number;
  /** How long blocks are looked for that every node says it does not have. */
  readonly orphanMs: number;
  readonly retry: BackoffOptions;
}

export interface RescueDeps {
  readonly chain: Chain;
  readonly history: History;
  readonly clock: Clock;
  readonly random: () => number;
}

/** WebSocket close code after which every library connects again. */
const RESTART = 1012;

/**
 * Leads streams on that stand where the tree does not reach: those who read history, and those left behind when the
 * chain moved farther than the window while no node was heard. Where that fails, it is said, and never passed over.
 */
export class Rescue {
  readonly #options: RescueOptions;
  readonly #deps: RescueDeps;
  readonly #wake: (outlet: Outlet) => void;
  readonly #closed = new Cancellation();

  /** `wake` lets the outlet go on. */
  constructor(options: RescueOptions, deps: RescueDeps, wake: (outlet: Outlet) => void) {
    this.#options = options;
    this.#deps = deps;
    this.#wake = wake;
  }

  help(outlet: Outlet, stream: Stream, why: 'astray' | 'lost'): void {
    outlet.away(stream);
    if (why === 'lost') this.#giveUp(outlet, stream, 'logs to be taken back are gone');
    else void this.#lead(outlet, stream);
  }

  close(): void {
    this.#closed.cancel();
  }

  async #lead(outlet: Outlet, stream: Stream): Promise<void> {
    const { chain, history, clock, random } = this.#deps;
    const { replay, orphanMs, retry } = this.#options;
    const backoff = new Backoff(retry, random);
    let goneSince: number | undefined;
    while (outlet.has(stream) && !this.#closed.cancelled) {
      const head = chain.view.head?.latest.number ?? 0;
      if (head - stream.position.number > replay) {
        return this.#giveUp(outlet, stream, `more than ${replay} blocks behind`);
      }
      const reached = await history.reach(stream.position);
      if (reached === 'known') {
        outlet.back(stream);
        return this.#wake(outlet);
      }
      if (reached === 'failed') goneSince = undefined;
      else goneSince ??= clock.now();
      if (goneSince !== undefined && clock.now() - goneSince >= orphanMs) {
        return this.#giveUp(outlet, stream, 'a reorganisation deeper than the window');
      }
      await chain.waitFor(() => false, clock.now() + backoff.next(), this.#closed);
    }
  }

  #giveUp(outlet: Outlet, stream: Stream, why: string): void {
    if (outlet.has(stream)) outlet.line.end(RESTART, `${why}; fetch again from block ${stream.position.number}`);
  }
}
