import type { BlockId } from '../core/call.ts';
import type { Header } from '../head/header.ts';
import type { BlockLog } from './block-logs.ts';
import type { LogSupply } from './log-supply.ts';
import type { Matcher } from './matcher.ts';
import { after, before, type Position } from './position.ts';
import type { Budget, Deliver, Progress, Stream } from './stream.ts';
import type { Step } from './steps.ts';
import type { Ways } from './ways.ts';

export interface LogStreamOptions {
  readonly matcher: Matcher;
  readonly start: Position;
  /** Announce each block before its logs, too. */
  readonly heads: boolean;
}

/** Delivers the logs that a query wants: what a reorganisation took away first, newest first, then what is new. */
export class LogStream implements Stream {
  readonly #ways: Ways;
  readonly #supply: LogSupply;
  readonly #matcher: Matcher;
  readonly #heads: boolean;
  readonly #deliver: Deliver;
  /** Blocks taken back since the last one that was announced: to come back to them is no news. */
  readonly #undone = new Set<string>();
  /** The newest of those, by which another gateway knows them too. */
  #announced: BlockId | undefined;
  #position: Position;

  constructor({ matcher, start, heads }: LogStreamOptions, ways: Ways, supply: LogSupply, deliver: Deliver) {
    this.#ways = ways;
    this.#supply = supply;
    this.#matcher = matcher;
    this.#heads = heads;
    this.#position = start;
    this.#announced = heads ? start.announced : undefined;
    this.#deliver = deliver;
  }

  get position(): Position {
    return this.#position;
  }

  advance(budget: Budget): Progress {
    const steps = this.#ways.from(this.#position);
    if (steps === undefined) return 'astray';
    for (const [index, step] of steps.entries()) {
      const announced = step.kind === 'undo' || this.#announce(step, budget);
      if (announced !== true) return announced;
      const logs = this.#supply.select(step, this.#matcher);
      if (logs === 'lost') return 'lost';
      if (logs === 'fetching') {
        this.#supply.prefetch(steps.slice(index + 1), this.#matcher);
        return 'waiting';
      }
      const obstacle = step.kind === 'undo' ? this.#undo(step, logs, budget) : this.#apply(step, logs, budget);
      if (obstacle !== undefined) return obstacle;
    }
    return 'arrived';
  }

  /** True once the block's head need not be announced (any more). */
  #announce({ header }: Step, budget: Budget): true | 'full' | 'tired' {
    if (!this.#heads || header.hash === this.#position.hash) return true;
    if (this.#wasAnnounced(header)) return true;
    if (budget.left <= 0) return 'tired';
    budget.left -= 1;
    this.#undone.clear();
    this.#announced = undefined;
    this.#position = { number: header.number, hash: header.hash, logs: 0 };
    return this.#deliver({ kind: 'head', text: header.raw, position: this.#position }) || 'full';
  }

  #wasAnnounced(header: Header): boolean {
    return this.#undone.has(header.hash) || (this.#announced !== undefined && this.#ways.has(this.#announced, header));
  }

  #undo({ header }: Step, logs: readonly BlockLog[], budget: Budget): Progress | undefined {
    if (this.#heads) {
      this.#undone.add(header.hash);
      this.#announced ??= { number: header.number, hash: header.hash };
    }
    for (const log of logs) {
      if (budget.left <= 0) return 'tired';
      budget.left -= 1;
      this.#position = this.#still({ number: header.number, hash: header.hash, logs: log.index });
      if (!this.#deliver({ kind: 'log', text: log.text(true), position: this.#position })) return 'full';
    }
    this.#position = this.#still(before(header));
    return undefined;
  }

  #apply({ header }: Step, logs: readonly BlockLog[], budget: Budget): Progress | undefined {
    for (const log of logs) {
      if (budget.left <= 0) return 'tired';
      budget.left -= 1;
      this.#position = this.#still({ number: header.number, hash: header.hash, logs: log.index + 1 });
      if (!this.#deliver({ kind: 'log', text: log.text(false), position: this.#position })) return 'full';
    }
    this.#position = this.#still(after(header));
    return undefined;
  }

  /** A place from which what was announced before is still known. */
  #still(position: Position): Position {
    return this.#announced === undefined || this.#announced.hash === position.hash
      ? position
      : { ...position, announced: this.#announced };
  }
}
