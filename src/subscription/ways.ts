import type { BlockId } from '../core/call.ts';
import type { Chain } from './chain.ts';
import type { Past } from './past.ts';
import type { Position } from './position.ts';
import { type Step, stepsTo } from './steps.ts';

/** Positions whose ways are remembered at once; most readers stand at one of very few. */
const REMEMBERED = 1024;

/** The ways to the present head, found once for all who stand at the same place. */
export class Ways {
  readonly #chain: Chain;
  readonly #past: Past;
  #tree: Chain['tree'] | undefined;
  #head: string | undefined;
  readonly #known = new Map<string, readonly Step[] | undefined>();

  constructor(chain: Chain, past: Past) {
    this.#chain = chain;
    this.#past = past;
  }

  /** Undefined where no way is known: the position is older than the tree, or on a branch that does not join it. */
  from(position: Position): readonly Step[] | undefined {
    return this.within(position) ?? this.#past.from(position);
  }

  /** True if the branch that ends in `block` has this other block, as far as the tree knows it. */
  has(block: BlockId, { number, hash }: BlockId): boolean {
    const { tree } = this.#chain;
    let at: string | undefined = block.hash;
    for (let height = block.number; height > number && at !== undefined; height -= 1) at = tree.get(at)?.parentHash;
    return at === hash;
  }

  /** The same, where the tree alone knows the way. */
  within(position: Position): readonly Step[] | undefined {
    const { tree, view } = this.#chain;
    const head = view.head?.latest.hash;
    // While a chain finds a new place for its tree, the head is not in it, and there is nowhere to go.
    if (head === undefined || tree.get(head) === undefined) return [];
    if (head !== this.#head || tree !== this.#tree || this.#known.size >= REMEMBERED) this.#known.clear();
    this.#head = head;
    this.#tree = tree;
    const key = `${position.hash}:${position.logs}`;
    const known = this.#known.get(key);
    if (known !== undefined || this.#known.has(key)) return known;
    const steps = stepsTo(tree, position, head);
    this.#known.set(key, steps);
    return steps;
  }
}
