import type { ChainHead } from '../head/chain-head.ts';
import type { Position } from './position.ts';
import { type Step, stepsTo } from './walk.ts';

/** The part of a chain that readers walk. */
export type Chain = Pick<ChainHead, 'view' | 'tree' | 'onMove' | 'waitFor'>;

/** Positions whose ways are remembered at once; most readers stand at one of very few. */
const REMEMBERED = 1024;

/** The ways to the present head, found once for all who stand at the same place. */
export class Walks {
  readonly #chain: Chain;
  #tree: Chain['tree'] | undefined;
  #head: string | undefined;
  readonly #known = new Map<string, readonly Step[] | undefined>();

  constructor(chain: Chain) {
    this.#chain = chain;
  }

  /** Undefined where no way is known: the position is older than the tree, or on a branch that does not join it. */
  from(position: Position): readonly Step[] | undefined {
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
