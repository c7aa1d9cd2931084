import type { BlockId } from '../core/call.ts';
import type { Header } from '../head/header.ts';
import { ALL, type Position } from './position.ts';
import { type Step, stepsOver } from './steps.ts';
import type { Chain } from './chain.ts';

export interface PastOptions {
  /** Headers remembered that the tree does not hold. */
  readonly headers: number;
  /** Blocks of a way that are looked at ahead. */
  readonly ahead: number;
}

/** What has to be known next to find the way on from a position. */
export type Missing =
  | { readonly kind: 'height'; readonly number: number }
  | { readonly kind: 'block'; readonly block: BlockId }
  /** The blocks above this one, up to the tree. */
  | { readonly kind: 'above'; readonly block: BlockId }
  /** What is known does not fit together. */
  | { readonly kind: 'contradiction' };

type Descent = { readonly removed: readonly Header[]; readonly join: BlockId } | Missing;

/**
 * Headers that the tree does not hold: below it, and of branches that it has forgotten. With them, there is a way from
 * positions older than the tree: down to the published branch, and up again as far as is known.
 */
export class Past {
  readonly #options: PastOptions;
  readonly #chain: Chain;
  readonly #headers = new Map<string, Header>();
  /** Hashes of the published branch by height. */
  readonly #branch = new Map<number, string>();

  constructor(options: PastOptions, chain: Chain) {
    this.#options = options;
    this.#chain = chain;
  }

  /** A header of any branch. */
  add(header: Header): void {
    this.#headers.delete(header.hash);
    this.#headers.set(header.hash, header);
    for (const [hash, oldest] of this.#headers) {
      if (this.#headers.size <= this.#options.headers) break;
      this.#headers.delete(hash);
      if (this.#branch.get(oldest.number) === hash) this.#branch.delete(oldest.number);
    }
  }

  /** A header of the published branch, below the tree. */
  publish(header: Header): void {
    this.add(header);
    this.#branch.set(header.number, header.hash);
  }

  /** Forgets which branch was published below the tree. */
  doubt(): void {
    this.#branch.clear();
  }

  /** The next steps from a position, at least one; undefined while something is missing. */
  from(position: Position): readonly Step[] | undefined {
    const descent = this.#descend(position);
    if ('kind' in descent) return undefined;
    const { removed, join } = descent;
    if (this.#lacks(position, removed)) return undefined;
    const steps = stepsOver(position, { removed, added: this.#above(join) }, this.#header(position.hash));
    return steps.length === 0 ? undefined : steps;
  }

  /** What is missing for the way on; undefined where nothing is. */
  missing(position: Position): Missing | undefined {
    if (this.from(position) !== undefined) return undefined;
    const descent = this.#descend(position);
    if ('kind' in descent) return descent;
    if (this.#lacks(position, descent.removed)) return { kind: 'block', block: position };
    const { join } = descent;
    const next = this.#at(join.number + 1);
    return next === undefined ? { kind: 'above', block: join } : { kind: 'contradiction' };
  }

  /** The published branch's block at a height, as far as it is known. */
  #at(number: number): Header | undefined {
    const hash = this.#chain.view.hashAt(number) ?? this.#branch.get(number);
    return hash === undefined ? undefined : this.#header(hash);
  }

  #header(hash: string): Header | undefined {
    return this.#chain.tree.get(hash) ?? this.#headers.get(hash);
  }

  /** Down to the newest block of the published branch. */
  #descend(position: Position): Descent {
    const { view } = this.#chain;
    const removed: Header[] = [];
    let at: BlockId = position;
    for (;;) {
      if (at.number < 0) break;
      const above = at.number > (view.head?.latest.number ?? -1);
      const published = above ? undefined : (view.hashAt(at.number) ?? this.#branch.get(at.number));
      if (!above && published === undefined) return { kind: 'height', number: at.number };
      if (published === at.hash) break;
      const header = this.#header(at.hash);
      if (header === undefined) return { kind: 'block', block: at };
      if (header.number !== at.number) return { kind: 'contradiction' };
      removed.push(header);
      at = { number: header.number - 1, hash: header.parentHash };
    }
    return { removed, join: at };
  }

  /** True if the way goes through the rest of the block in which the position stands, and that is not known. */
  #lacks(position: Position, removed: readonly Header[]): boolean {
    return removed.length === 0 && position.logs !== ALL && this.#header(position.hash) === undefined;
  }

  #above(join: BlockId): readonly Header[] {
    const headers: Header[] = [];
    let below = join.hash;
    for (let number = join.number + 1; headers.length < this.#options.ahead; number += 1) {
      const header = this.#at(number);
      if (header === undefined || (header.parentHash !== below && number > 0)) break;
      headers.push(header);
      below = header.hash;
    }
    return headers;
  }
}
