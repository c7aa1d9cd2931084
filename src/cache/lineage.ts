import type { BranchView } from './branch.ts';
import type { RedisLink } from './redis-link.ts';

export interface LineageOptions {
  /** Every key begins with it. */
  readonly prefix: string;
  /** Blocks at the multiples of this height are marks. */
  readonly step: number;
  /** Seconds for which a mark is remembered. */
  readonly ttl: number;
}

/** Marks that are looked for; they reach as far back as the tree most often does. */
const MARKS = 16;
const HASH = /^0x[0-9a-f]{64}$/;

/**
 * What chain it is that answers are shared of. Its id and first block do not tell: a private chain that is begun anew from
 * the same genesis has the same, and other blocks. So replicas leave marks, the hashes of blocks of their own branch, and
 * belong together where one finds another's mark on its own: up to there they have all blocks in common.
 */
export class Lineage {
  readonly #options: LineageOptions;
  readonly #link: RedisLink;
  #name: string | undefined;
  /** The mark that was left last. */
  #left: string | undefined;
  #looking = false;
  #era = 0;

  constructor(options: LineageOptions, link: RedisLink) {
    this.#options = options;
    this.#link = link;
  }

  /** The same in all replicas of this chain, and in no other of its id; undefined while it is not known. */
  get name(): string | undefined {
    return this.#name;
  }

  /** Looks for marks, and leaves one, wherever the branch has come past another one; `chain` tells chains of other ids apart. */
  async look(chain: string, view: BranchView): Promise<void> {
    const marks = this.#marksOf(view);
    const [newest] = marks;
    if (newest === undefined || newest === this.#left || this.#looking || !this.#link.up) return;
    this.#looking = true;
    const era = this.#era;
    const keys = marks.map((mark) => `${this.#options.prefix}${chain}:${mark}`);
    const wanted = this.#name ?? (await this.#found(keys)) ?? newest;
    const name = await this.#leave(keys[0] ?? '', wanted);
    this.#looking = false;
    if (name === undefined || era !== this.#era) return;
    this.#name = name;
    this.#left = newest;
  }

  /** The chain is not the one that was thought. */
  startOver(): void {
    this.#era += 1;
    this.#name = undefined;
    this.#left = undefined;
  }

  /** Newest first. The first block of all is none: it is the same for every chain that begins there. */
  #marksOf(view: BranchView): readonly string[] {
    const { head } = view;
    if (head === undefined) return [];
    const { step } = this.#options;
    const marks: string[] = [];
    for (let at = head.latest.number - (head.latest.number % step); at > 0 && marks.length < MARKS; at -= step) {
      const hash = view.hashAt(at);
      if (hash === undefined) break;
      marks.push(hash);
    }
    return marks;
  }

  async #found(keys: readonly string[]): Promise<string | undefined> {
    const reply = await this.#link.ask(['MGET', ...keys]);
    return Array.isArray(reply) ? reply.map(nameIn).find((name) => name !== undefined) : undefined;
  }

  /** Leaves a mark, and returns the name that stands there: who came first has named it. */
  async #leave(key: string, name: string): Promise<string | undefined> {
    const reply = await this.#link.ask(['SET', key, name, 'NX', 'EX', String(this.#options.ttl)]);
    if (reply === undefined) return undefined;
    return reply === null ? nameIn(await this.#link.ask(['GET', key])) : name;
  }
}

const nameIn = (value: unknown): string | undefined => {
  const text = Buffer.isBuffer(value) ? value.toString() : '';
  return HASH.test(text) ? text : undefined;
};
