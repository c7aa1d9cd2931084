import type { Observer } from '../core/observer.ts';
import type { JudgementOptions } from './chain-memory.ts';
import type { PublishedHeadOptions } from './published-head.ts';
import type { TrackerDeps, TrackerOptions } from './tracker.ts';

/** How a chain's head is found; times in ms, heights in blocks. */
export interface ChainHeadOptions extends TrackerOptions, JudgementOptions, PublishedHeadOptions {
  /** The chain's configured name. */
  readonly chain: string;
  /** Undefined: what most nodes say. */
  readonly chainId: bigint | undefined;
  /** Undefined: from the blocks' timestamps. */
  readonly blockTimeMs: number | undefined;
  /** Blocks below the published head that are kept. */
  readonly window: number;
  /** Block times for which a head may stand still while another's moves. */
  readonly stall: number;
}

/** What a chain's head stands on. */
export interface ChainHeadDeps extends Pick<TrackerDeps, 'clock' | 'random' | 'identify'> {
  readonly observer: Observer;
}
