import { conflicts, type Header, isTrue } from './header.ts';

/**
 * How far what a header tells of its block may be gone by:
 * - `proven`: its hash is made of it;
 * - `agreed`: two nodes tell it, and fewer than them contradict it;
 * - `alone`: at most one node tells it, and none contradicts it.
 */
export type Belief = 'proven' | 'agreed' | 'alone' | 'disputed';

interface Version {
  readonly header: Header;
  /** A node has one version, the last that it told, so there are no more versions than nodes. */
  readonly tellers: Set<string>;
}

/** Fields that clients show as they are. Some have their own idea of others, such as the signer for a `miner`. */
const unadorned: ReadonlySet<string> = new Set([
  'stateRoot',
  'transactionsRoot',
  'receiptsRoot',
  'gasUsed',
  'timestamp',
]);

/** True where two headers differ in what anybody goes by. A bloom that is left empty is no lie, but hides logs. */
const opposed = (one: Header, other: Header): boolean =>
  conflicts(one, other).some((name) => unadorned.has(name) || name === 'logsBloom');

const nobody: readonly string[] = [];

/**
 * What nodes told of one block, under one hash. The header that the hash is made of is the true one, whoever tells it; on
 * chains that hash in another way, the one that most do not contradict.
 */
export class Tellings {
  #header: Header;
  #versions: Version[] = [];
  /** Undefined until somebody wants to know: most headers are believed without being hashed. */
  #proven: boolean | undefined;
  /** Who contradicts the header in what anybody goes by. */
  #opponents: readonly string[] = nobody;
  #liars: readonly string[] = nobody;

  constructor(header: Header, teller: string) {
    this.#header = header;
    this.hear(header, teller);
  }

  get belief(): Belief {
    if (this.#isProven) return 'proven';
    const against = this.#opponents.length;
    const tellers = this.#versions.reduce((sum, version) => sum + version.tellers.size, 0) - against;
    if (tellers >= 2 && tellers > against) return 'agreed';
    return against === 0 ? 'alone' : 'disputed';
  }

  /** Nodes that told what is certainly not so. */
  get liars(): readonly string[] {
    return this.#liars;
  }

  /** True for one who told something else of a block, where nothing but votes can tell who is right. */
  outvotes(teller: string): boolean {
    return this.#opponents.includes(teller) && !this.#isProven;
  }

  /** Takes what a node told, and gives the header to be believed. No name: it says only what others told. */
  hear(header: Header, teller: string): Header {
    if (teller === '') return this.#header;
    const known = this.#versions.find((version) => version.header.raw.equals(header.raw));
    if (known?.tellers.has(teller)) return this.#header;
    for (const { tellers } of this.#versions) tellers.delete(teller);
    const version = known ?? { header, tellers: new Set() };
    version.tellers.add(teller);
    this.#versions = this.#versions.filter(({ tellers }) => tellers.size > 0);
    if (known === undefined) this.#versions.push(version);
    this.#weigh(version.header);
    return this.#header;
  }

  get #isProven(): boolean {
    return (this.#proven ??= isTrue(this.#header));
  }

  #weigh(heard: Header): void {
    if (this.#versions.length === 1 && this.#header === heard) return;
    if (!this.#isProven) {
      this.#proven = isTrue(heard);
      this.#header = this.#proven ? heard : this.#best();
    }
    const tellersOf = (chosen: (header: Header) => boolean) =>
      this.#versions.filter(({ header }) => chosen(header)).flatMap(({ tellers }) => [...tellers]);
    this.#opponents = tellersOf((header) => opposed(header, this.#header));
    const certain = this.belief === 'proven' || this.belief === 'agreed';
    const lies = (header: Header) => conflicts(header, this.#header).some((name) => unadorned.has(name));
    this.#liars = certain ? tellersOf(lies) : nobody;
  }

  /** Of two that as many contradict the one that more tell in these words, and of those the first. */
  #best(): Header {
    const weighed = this.#versions.map(({ header, tellers }) => {
      const against = this.#versions.filter((other) => opposed(other.header, header));
      return { header, against: against.reduce((sum, other) => sum + other.tellers.size, 0), tellers: tellers.size };
    });
    return weighed.reduce((best, one) => ((one.against - best.against || best.tellers - one.tellers) < 0 ? one : best))
      .header;
  }
}
