import type { Branch, BranchView } from '../../src/cache/branch.ts';
import type { BlockId, Call, HeadSnapshot } from '../../src/core/call.ts';
import { aCall } from '../telemetry/events.ts';

/** A block's hash, told by its height and the name of its branch. */
export const hashOf = (number: number, branch = 'main'): string =>
  `0x${Buffer.from(`${branch}/${number}`).toString('hex').padStart(64, '0')}`;

export const blockOf = (number: number, branch = 'main'): BlockId => ({ number, hash: hashOf(number, branch) });

/**
 * A published branch that a test moves by hand. It remembers the last `reach` blocks below its head; what it published once
 * and then left is remembered as orphaned for as long as its height is.
 */
export class ScriptedBranch implements Branch {
  number: number;
  readonly #reach: number;
  readonly #finality: number;
  readonly #orphans = new Map<string, number>();
  #forks: { readonly from: number; readonly name: string }[] = [];

  constructor(number = 1000, { reach = 256, finality = 64 } = {}) {
    this.number = number;
    this.#reach = reach;
    this.#finality = finality;
  }

  /** The published block at a height. */
  at(number: number): BlockId {
    return blockOf(number, this.#forks.findLast(({ from }) => from <= number)?.name);
  }

  grow(blocks = 1): void {
    this.number += blocks;
  }

  /** Everything from a height on becomes another branch, as high as before. */
  reorganise(from: number, name: string): void {
    for (let number = from; number <= this.number; number++) this.#orphans.set(this.at(number).hash, number);
    this.#forks = [...this.#forks.filter((fork) => fork.from < from), { from, name }];
    for (let number = from; number <= this.number; number++) this.#orphans.delete(this.at(number).hash);
  }

  get head(): HeadSnapshot {
    const final = this.number - this.#finality;
    const finalized = final >= 0 ? this.at(final) : undefined;
    return { latest: this.at(this.number), safe: finalized, finalized };
  }

  get view(): BranchView {
    const lowest = this.number - this.#reach;
    const remembered = (number: number): boolean => number >= lowest && number <= this.number;
    return {
      head: this.head,
      hashAt: (number) => (remembered(number) ? this.at(number).hash : undefined),
      numberOf: (hash) => {
        for (let number = this.number; number >= Math.max(0, lowest); number--) {
          if (this.at(number).hash === hash) return number;
        }
        return undefined;
      },
      canonical: (hash) => !remembered(this.#orphans.get(hash) ?? -1),
    };
  }

  /** A call as the pin layer passes it on, at a block of the branch, by default the newest. */
  pinned(method: string, params: unknown, number = this.number, changes: Partial<Call> = {}): Call {
    return this.call(method, params, { pin: this.at(number), minBlock: number, ...changes });
  }

  /** A call that reads at no block in particular. */
  call(method: string, params: unknown, changes: Partial<Call> = {}): Call {
    const text = typeof params === 'string' ? params : JSON.stringify(params);
    return aCall(method, { params: Buffer.from(text), head: this.head, minBlock: 0, ...changes });
  }
}
