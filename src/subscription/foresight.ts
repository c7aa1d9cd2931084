import type { Header } from '../head/header.ts';
import type { Clock } from '../lib/clock.ts';
import type { Chain } from './chain.ts';
import type { LogStore } from './log-store.ts';
import type { Matcher } from './matcher.ts';
import type { Position } from './position.ts';

export interface ForesightOptions {
  /** Blocks below a reader's start at most that are looked at. */
  readonly window: number;
  /** Ms for which the logs of one block are asked for. */
  readonly orphanMs: number;
}

export interface ForesightDeps {
  readonly chain: Chain;
  readonly store: Pick<LogStore, 'mayMatch' | 'logsOf'>;
  readonly clock: Clock;
}

/**
 * Fetches the logs of blocks below a reader's start, while they are to be had: a reorganisation takes them back from a
 * reader who got them elsewhere, and many nodes forget a block in the moment in which it is orphaned.
 */
export class Foresight {
  readonly #options: ForesightOptions;
  readonly #deps: ForesightDeps;

  constructor(options: ForesightOptions, deps: ForesightDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Newest first and one after the other, as long as it is `wanted`, down to what is final. */
  async prepare(start: Position, matcher: Matcher, wanted: () => boolean): Promise<void> {
    const { chain, store, clock } = this.#deps;
    for (const header of this.#below(start)) {
      if (!wanted()) return;
      if (!store.mayMatch(header, matcher)) continue;
      const until = clock.now() + this.#options.orphanMs;
      const useful = (): boolean => wanted() && clock.now() < until && chain.view.canonical(header.hash);
      if ((await store.logsOf(header, matcher, useful)) === undefined) return;
    }
  }

  /** The block of the start, and those below it that may still be orphaned. */
  *#below(start: Position): Generator<Header> {
    const { tree, view } = this.#deps.chain;
    const settled = view.head?.finalized?.number ?? 0;
    let header = tree.get(start.hash);
    for (let count = 0; header !== undefined && count < this.#options.window; count += 1) {
      if (header.number <= settled) return;
      yield header;
      header = tree.get(header.parentHash);
    }
  }
}
