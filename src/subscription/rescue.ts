import { Backoff, type BackoffOptions } from '../lib/backoff.ts';
import { Cancellation } from '../lib/cancellation.ts';
import type { Clock } from '../lib/clock.ts';
import { pause } from '../lib/pause.ts';
import type { Chain } from './chain.ts';
import type { Footing } from './footing.ts';
import type { History, Reached } from './history.ts';
import type { Outlet } from './outlet.ts';
import type { Report } from './report.ts';
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
  readonly footing: Footing;
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: Report;
}

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
    if (why === 'lost') void this.#giveUp(outlet, stream, 'logs that no node has any more lie between');
    else void this.#lead(outlet, stream);
  }

  close(): void {
    this.#closed.cancel();
  }

  /** Finds the next steps of a stream: `gone` where no node has had them for a while, or they are too many. */
  async reach(stream: Stream, deadline: number, wanted: () => boolean): Promise<Reached> {
    const { chain, history, clock, random } = this.#deps;
    const { replay, orphanMs, retry } = this.#options;
    const backoff = new Backoff(retry, random);
    let goneSince: number | undefined;
    for (;;) {
      const head = chain.view.head?.latest.number ?? 0;
      if (head - stream.position.number > replay) return 'gone';
      const reached = await history.reach(stream.position);
      if (reached === 'known') return reached;
      if (reached === 'failed') goneSince = undefined;
      else goneSince ??= clock.now();
      if (goneSince !== undefined && clock.now() - goneSince >= orphanMs) return 'gone';
      if (clock.now() >= deadline || !wanted() || this.#closed.cancelled) return 'failed';
      await pause(clock, Math.min(deadline - clock.now(), backoff.next()), this.#closed);
    }
  }

  /** From which block on the reader has to fetch again, so that it lacks nothing and keeps nothing of a lost branch. */
  async safeFrom({ position }: Stream): Promise<number> {
    const { chain, footing } = this.#deps;
    const oldest = (chain.view.head?.latest.number ?? 0) - this.#options.replay + 1;
    return Math.max(0, Math.min(position.number, (await footing.firstDoubtful(position)) ?? oldest));
  }

  async #lead(outlet: Outlet, stream: Stream): Promise<void> {
    const reached = await this.reach(stream, Number.POSITIVE_INFINITY, () => outlet.has(stream));
    if (reached === 'known') {
      if (outlet.live(stream)) this.#deps.report.recovered('history');
      outlet.back(stream);
      this.#wake(outlet);
    } else if (reached === 'gone') {
      await this.#giveUp(outlet, stream, 'blocks that no node has any more, or too many of them, lie between');
    }
  }

  async #giveUp(outlet: Outlet, stream: Stream, why: string): Promise<void> {
    const safeFrom = await this.safeFrom(stream);
    if (outlet.has(stream)) outlet.line.lost(safeFrom, why);
  }
}
