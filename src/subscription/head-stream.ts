import { after, type Position } from './position.ts';
import type { Budget, Deliver, Progress, Stream } from './stream.ts';
import type { Ways } from './ways.ts';

/**
 * Announces every block of the chain, each after its parent. Undoing is silent: the position stays at the last block that
 * was announced, so a head that is lowered and comes back is not announced twice.
 */
export class HeadStream implements Stream {
  readonly #ways: Ways;
  readonly #deliver: Deliver;
  #position: Position;

  constructor(ways: Ways, start: Position, deliver: Deliver) {
    this.#ways = ways;
    this.#position = start;
    this.#deliver = deliver;
  }

  get position(): Position {
    return this.#position;
  }

  advance(budget: Budget): Progress {
    const steps = this.#ways.from(this.#position);
    if (steps === undefined) return 'astray';
    for (const { kind, header } of steps) {
      if (kind === 'undo') continue;
      if (budget.left <= 0) return 'tired';
      budget.left -= 1;
      this.#position = after(header);
      if (!this.#deliver({ kind: 'head', text: header.raw, position: this.#position })) return 'full';
    }
    return 'arrived';
  }
}
