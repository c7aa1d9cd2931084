import { hash } from 'node:crypto';
import type { BlockId } from '../core/call.ts';
import type { Clock } from '../lib/clock.ts';
import { type BranchView, isFinal } from './branch.ts';
import type { RedisLink } from './redis-link.ts';
import type { RedisReply } from './redis-connection.ts';

export interface LineageOptions {
  /** Every key begins with it. */
  readonly prefix: string;
  /** Blocks at the multiples of this height are marks. */
  readonly step: number;
  /** Blocks below the head at which a mark is taken to stay, where nothing above it is final. */
  readonly depth: number;
  /** Seconds for which a mark is remembered; heights that a chain has settled, for twice as long. */
  readonly ttl: number;
}

/** What was found out at the last look. */
interface Known {
  readonly name: string;
  /** The newest mark there was. */
  readonly newest: BlockId;
  /** The highest mark that stays; undefined where there was none. */
  readonly settled: number | undefined;
}

/** Marks that are looked for; they reach as far back as the tree most often does. */
const MARKS = 16;
const NAME = /^0x[0-9a-f]{64}$/;

/**
 * What chain it is that answers are shared of. Its id and first block do not tell: a private chain that is begun anew from
 * the same genesis has the same, and other blocks. So replicas leave marks, the hashes of blocks of their own branch, with
 * the chain's name, and take the name that they find at a mark of their own: up to there they have all blocks in common.
 *
 * Chains that have marks in common may part later, as a copy of a chain does that goes on by itself. So a name has one hash
 * at each height whose block stays, of whoever comes first, and a chain that has another block there takes another name.
 */
export class Lineage {
  readonly #options: LineageOptions;
  readonly #link: RedisLink;
  readonly #clock: Clock;
  #known: Known | undefined;
  #looking = false;
  #era = 0;

  constructor(options: LineageOptions, link: RedisLink, clock: Clock) {
    this.#options = options;
    this.#link = link;
    this.#clock = clock;
  }

  /**
   * The same in all replicas of this chain, and in no other that has another block at or below `height`. Undefined while
   * that is not known; without a height, where what is shared names its block by hash.
   */
  name(view: BranchView, height?: number): string | undefined {
    const known = this.#known;
    if (known === undefined || view.hashAt(known.newest.number) !== known.newest.hash) return undefined;
    return height === undefined || height <= (known.settled ?? -1) ? known.name : undefined;
  }

  /** Looks for marks, and leaves some, wherever the branch has come past another one; `chain` tells chains of other ids apart. */
  async look(chain: string, view: BranchView): Promise<void> {
    const marks = this.#marksOf(view);
    const [newest] = marks;
    if (newest === undefined || this.#looking || !this.#link.up) return;
    const settled = marks.filter(({ number }) => this.#stays(number, view));
    const upTo = settled[0]?.number;
    if (newest.hash === this.#known?.newest.hash && upTo === this.#known.settled) return;
    this.#looking = true;
    const era = this.#era;
    const name = await this.#agree(`${this.#options.prefix}${chain}:`, newest, marks, settled);
    this.#looking = false;
    if (era === this.#era) this.#known = name === undefined ? undefined : { name, newest, settled: upTo };
  }

  /** The chain is not the one that was thought. */
  startOver(): void {
    this.#era += 1;
    this.#known = undefined;
  }

  /** Newest first. The first block of all is none: it is the same for every chain that begins there. */
  #marksOf(view: BranchView): readonly BlockId[] {
    const { head } = view;
    if (head === undefined) return [];
    const { step } = this.#options;
    const marks: BlockId[] = [];
    for (
      let number = head.latest.number - (head.latest.number % step);
      number > 0 && marks.length < MARKS;
      number -= step
    ) {
      const found = view.hashAt(number);
      if (found === undefined) break;
      marks.push({ number, hash: found });
    }
    return marks;
  }

  #stays(number: number, view: BranchView): boolean {
    return isFinal(view, number) || number + this.#options.depth <= (view.head?.latest.number ?? 0);
  }

  /** The name that stands at the newest mark in the end; undefined where the server, or another replica, was in the way. */
  async #agree(
    prefix: string,
    newest: BlockId,
    marks: readonly BlockId[],
    settled: readonly BlockId[],
  ): Promise<string | undefined> {
    const said = await this.#read(marks.map((mark) => prefix + mark.hash));
    if (said === undefined) return undefined;
    const names = new Set(said.filter((name) => NAME.test(name)));
    for (const name of names) {
      const held = await this.#read(settled.map(({ number }) => `${prefix}${name}:${number}`));
      if (held === undefined) return undefined;
      if (settled.some((mark, index) => held[index] !== '' && held[index] !== mark.hash)) continue;
      const untold = settled.filter((_, index) => held[index] === '');
      return (await this.#leave(prefix, name, newest, untold, said[0])) ? name : undefined;
    }
    // Never a name that was there before: what was shared under it may be of another chain.
    const name = `0x${hash('sha256', `${newest.hash} ${this.#clock.wall()}`)}`;
    return (await this.#leave(prefix, name, newest, settled, said[0])) ? name : undefined;
  }

  /** Leaves hashes at settled heights, and the name at the newest mark unless it is `standing` there. False where another was quicker. */
  async #leave(
    prefix: string,
    name: string,
    newest: BlockId,
    untold: readonly BlockId[],
    standing: string | undefined,
  ): Promise<boolean> {
    const { ttl } = this.#options;
    const held = untold.map((mark) => this.#put(`${prefix}${name}:${mark.number}`, mark.hash, 2 * ttl));
    if ((await Promise.all(held)).includes(false)) return false;
    return standing === name || this.#put(prefix + newest.hash, name, ttl);
  }

  /** What the keys hold, empty for nothing; undefined where the server does not say. */
  async #read(keys: readonly string[]): Promise<readonly string[] | undefined> {
    if (keys.length === 0) return [];
    const reply = await this.#link.ask(['MGET', ...keys]);
    return Array.isArray(reply) ? reply.map(textOf) : undefined;
  }

  /** False where something stands there already, and where the server does not answer. */
  async #put(key: string, value: string, ttl: number): Promise<boolean> {
    const reply = await this.#link.ask(['SET', key, value, 'NX', 'EX', String(ttl)]);
    return reply !== undefined && reply !== null;
  }
}

const textOf = (value: RedisReply): string => (Buffer.isBuffer(value) ? value.toString() : '');
