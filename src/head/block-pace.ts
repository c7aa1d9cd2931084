import type { BlockTree } from './block-tree.ts';
import { blockTimeOf } from './block-time.ts';
import type { Header } from './header.ts';

/** Blocks whose timestamps tell the pace. */
const most = 64;

/** The chain's block time, as its own blocks tell it. */
export class BlockPace {
  #blockTimeMs: number | undefined;

  /** Undefined until two blocks are known. */
  get blockTimeMs(): number | undefined {
    return this.#blockTimeMs;
  }

  /** Learns from the blocks up to a head. Genesis tells nothing: its timestamp is often made up. */
  follow(tree: Pick<BlockTree, 'get'>, head: Header): void {
    const timestamps: number[] = [];
    let block: Header | undefined = head;
    while (block !== undefined && block.number > 0 && timestamps.length < most) {
      timestamps.push(block.timestamp);
      block = tree.get(block.parentHash);
    }
    this.#blockTimeMs = blockTimeOf(timestamps.reverse()) ?? this.#blockTimeMs;
  }

  reset(): void {
    this.#blockTimeMs = undefined;
  }
}
