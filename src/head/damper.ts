import type { NodeState } from './chain-view.ts';
import type { Verdict } from './node-state.ts';

/** How restless states are calmed. */
export interface DamperOptions {
  /** How long the first repeated recovery has to hold before it counts, in ms; it doubles with each further one. */
  readonly holdMs: number;
  /** Relapses older than this, in ms, are forgotten; also the longest hold. */
  readonly memoryMs: number;
}

/**
 * States that still serve, so that holding a node in one costs no answer. The others are entered and left at once: they
 * say that an answer would be wrong or would not come.
 */
const damped: ReadonlySet<NodeState> = new Set(['lagging', 'stalled', 'syncing', 'isolated', 'limited']);

/**
 * Calms one node's state: bad news counts at once, the first recovery too, but who falls back into the same states again
 * and again has to hold the recovery for longer each time.
 */
export class Damper {
  readonly #options: DamperOptions;
  #shown: Verdict | undefined;
  #betterSince: number | undefined;
  /** When the node last fell into a damped state, oldest first. */
  #relapses: number[] = [];

  constructor(options: DamperOptions) {
    this.#options = options;
  }

  /** The state to show at `now` (monotonic ms) for the one that was found. */
  calm(found: Verdict, now: number): Verdict {
    const shown = this.#shown;
    const recovering = shown !== undefined && damped.has(shown.state) && found.state === 'healthy';
    if (!recovering) {
      this.#betterSince = undefined;
      if (damped.has(found.state) && shown?.state === 'healthy') this.#relapse(now);
      this.#shown = found;
      return found;
    }
    this.#betterSince ??= now;
    if (now - this.#betterSince < this.#hold(now)) {
      return { state: shown.state, reason: `${shown.reason}; better, but it keeps falling back` };
    }
    this.#betterSince = undefined;
    this.#shown = found;
    return found;
  }

  #relapse(now: number): void {
    this.#relapses.push(now);
    this.#forget(now);
  }

  #hold(now: number): number {
    this.#forget(now);
    const repeats = this.#relapses.length - 1;
    if (repeats < 1) return 0;
    return Math.min(this.#options.memoryMs, this.#options.holdMs * 2 ** (repeats - 1));
  }

  #forget(now: number): void {
    this.#relapses = this.#relapses.filter((at) => now - at < this.#options.memoryMs).slice(-16);
  }
}
