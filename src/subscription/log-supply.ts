import type { Clock } from '../lib/clock.ts';
import type { BlockLog } from './block-logs.ts';
import type { LogStore } from './log-store.ts';
import type { Matcher } from './matcher.ts';
import { servable } from './servable.ts';
import type { Step } from './steps.ts';
import type { Chain } from './chain.ts';

export interface LogSupplyOptions {
  /** Blocks fetched ahead of a stream that has to catch up. */
  readonly ahead: number;
  /** Ms for which nodes may say that they do not have logs that nobody may have any more: of orphaned blocks, and of old ones. */
  readonly orphanMs: number;
}

export interface LogSupplyDeps {
  readonly chain: Chain;
  readonly store: LogStore;
  readonly clock: Clock;
  /** Whether anybody waits for logs. */
  readonly listening: () => boolean;
  /** Runs when logs that were waited for have come, or will not come. */
  readonly arrived: () => void;
}

const nothing: readonly BlockLog[] = [];

/** What streams take logs from: at hand or not, and then fetched for all of them at once. */
export class LogSupply {
  readonly #options: LogSupplyOptions;
  readonly #deps: LogSupplyDeps;
  readonly #fetching = new Set<string>();
  /** When the logs of a block were found to be lost. */
  readonly #lost = new Map<string, number>();

  constructor(options: LogSupplyOptions, deps: LogSupplyDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** What a step delivers, in order: newest first where it is undone. */
  select(step: Step, matcher: Matcher): readonly BlockLog[] | 'fetching' | 'lost' {
    const { header } = step;
    const { store } = this.#deps;
    // Logs that are known may be more than the header speaks of.
    const logs = store.fetched(header)?.select(matcher);
    if (logs === undefined) {
      if (!store.mayMatch(header, matcher)) return nothing;
      if (this.#isLost(header.hash)) return 'lost';
      this.#fetch(step, matcher);
      return 'fetching';
    }
    if (step.kind === 'apply') return step.from === 0 ? logs : logs.filter(({ index }) => index >= step.from);
    return logs.filter(({ index }) => index < step.below).reverse();
  }

  /** Fetches the logs of the next steps, so that they are there when it is their turn. */
  prefetch(steps: readonly Step[], matcher: Matcher): void {
    const { store } = this.#deps;
    const { ahead } = this.#options;
    for (const step of steps.slice(0, ahead)) {
      if (store.mayMatch(step.header, matcher) && store.get(step.header) === undefined) this.#fetch(step, matcher);
    }
  }

  #fetch({ kind, header }: Step, matcher: Matcher): void {
    const { chain, store, listening, arrived } = this.#deps;
    const { hash } = header;
    if (this.#fetching.has(hash)) return;
    this.#fetching.add(hash);
    let missing = 0;
    // What is published now is to be had from somebody, some time. Of the rest, nobody may have the logs any more.
    const certain = (): boolean => kind === 'apply' && chain.view.numberOf(hash) !== undefined;
    const moot = (): boolean => kind === 'apply' && !chain.view.canonical(hash);
    const patient = (): boolean => missing < this.#options.orphanMs || !servable(chain.view);
    void store
      .logsOf(header, matcher, (ms) => {
        missing = ms;
        return listening() && !moot() && (certain() || patient());
      })
      .then((logs) => {
        this.#fetching.delete(hash);
        if (logs === undefined && !moot() && !certain() && !patient()) this.#lose(hash);
        arrived();
      });
  }

  /** Remembered for a while, so that those who wait are told; who comes later tries again. */
  #lose(hash: string): void {
    const { clock } = this.#deps;
    const now = clock.now();
    for (const [lost, at] of this.#lost) if (now - at >= this.#options.orphanMs) this.#lost.delete(lost);
    this.#lost.set(hash, now);
  }

  #isLost(hash: string): boolean {
    const at = this.#lost.get(hash);
    return at !== undefined && this.#deps.clock.now() - at < this.#options.orphanMs;
  }
}
