import type { BlockTree } from './block-tree.ts';
import { blockTimeOf, plausiblePace } from './block-time.ts';
import type { Header } from './header.ts';

/** Blocks whose timestamps tell the pace, and how few of them say little. */
const most = 64;
const fewest = 8;

/** The chain's block time as its own blocks tell it; a single older block gives a first estimate. */
export class BlockPace {
  #followed: number | undefined;
  #sampled: number | undefined;

  get blockTimeMs(): number | undefined {
    return this.#followed ?? this.#sampled;
  }

  /** Learns from the blocks up to a new head. Genesis tells nothing: its timestamp is often made up. */
  follow(tree: Pick<BlockTree, 'get'>, head: Header): void {
    const timestamps: number[] = [];
    let block: Header | undefined = head;
    while (block !== undefined && block.number > 0 && timestamps.length < most) {
      timestamps.push(block.timestamp);
      block = tree.get(block.parentHash);
    }
    if (timestamps.length >= fewest) this.#followed = blockTimeOf(timestamps.reverse());
  }

  /** Learns from a block farther back. */
  sample(older: Header, head: Header): void {
    const blocks = head.number - older.number;
    if (blocks < 1 || older.number === 0) return;
    this.#sampled = plausiblePace(((head.timestamp - older.timestamp) * 1000) / blocks);
  }

  reset(): void {
    this.#followed = undefined;
    this.#sampled = undefined;
  }
}
