import type { BlockId } from '../core/call.ts';
import type { HeadMove } from '../head/head-move.ts';
import type { Chain } from './chain.ts';
import type { History } from './history.ts';
import type { Position } from './position.ts';
import type { Ways } from './ways.ts';

export interface FootingDeps {
  readonly chain: Chain;
  readonly ways: Ways;
  readonly history: Pick<History, 'at'>;
}

interface Stand {
  readonly latest: BlockId;
  readonly finalized: BlockId | undefined;
}

/** Knows how far down the events that a reader holds may be of a branch that is lost, where the way from it is lost, too. */
export class Footing {
  readonly #deps: FootingDeps;
  #now: Stand | undefined;
  /** Where the head stood before it last moved to a place that no way leads to. */
  #former: Stand | undefined;

  constructor(deps: FootingDeps) {
    this.#deps = deps;
  }

  moved({ gap }: Pick<HeadMove, 'gap'>): void {
    if (gap) this.#former = this.#now;
    this.#now = this.#deps.chain.view.head;
  }

  /**
   * The oldest block of which a reader at `position` may hold what the head's branch does not have: the first one that the
   * way to the head touches, else the first one that was not final. Undefined where nobody can say: what is final now was
   * not yet when a reader of old got its events, and a reorganisation may have taken what was.
   */
  async firstDoubtful(position: Position): Promise<number | undefined> {
    const { chain, ways, history } = this.#deps;
    const way = ways.within(position);
    if (way !== undefined && way.length > 0) return Math.min(...way.map(({ header }) => header.number));
    const former = this.#former;
    const stood = former !== undefined && position.number <= former.latest.number ? former : chain.view.head;
    const settled = stood?.finalized;
    if (settled === undefined || position.number <= settled.number) return undefined;
    const there = await history.at(settled.number);
    return typeof there === 'object' && there.hash === settled.hash ? settled.number + 1 : undefined;
  }
}
