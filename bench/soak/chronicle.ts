/** A block of the truth, with what it does to the state that the clients ask for. */
export interface Fact {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  /** Hashes of its ticks, in order: the only transactions that make logs. */
  readonly ticks: readonly string[];
  /** Ticks from the first block up to this one. */
  readonly count: number;
  /** Transfers of each account from the first block up to this one. */
  readonly sent: readonly number[];
  /** All transactions of the block. */
  readonly transactions: readonly string[];
}

/** What the conductor shows of a block. */
export interface TrueBlock {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly transactions: readonly { readonly hash: string }[];
}

/** What a transaction of the run does. */
export type Effect = 'tick' | { readonly account: number };

/** A block while it was the head. */
interface Reign {
  readonly fact: Fact;
  readonly since: number;
  until: number;
}

/** Blocks of the past among which heads are looked for. */
const REIGNS = 512;

/** The truth over time: which block was the head when, on which branch. Times are ms of one clock, never going back. */
export class Chronicle {
  readonly #accounts: number;
  readonly #effects = new Map<string, Effect>();
  readonly #facts = new Map<string, Fact>();
  readonly #inclusions = new Map<string, string[]>();
  readonly #canonical: Fact[] = [];
  readonly #reorgs: number[] = [];
  #reigns: Reign[] = [];

  /** `accounts`: how many may send transfers. */
  constructor(accounts: number) {
    this.#accounts = accounts;
  }

  /** Notes what a transaction does; before a block can hold it. */
  expect(hash: string, effect: Effect): void {
    this.#effects.set(hash, effect);
  }

  /** Takes in the head of this moment, with what came between. `parentOf` finds blocks by hash. */
  observe(head: TrueBlock, parentOf: (hash: string) => TrueBlock | undefined, now: number): void {
    const last = this.#reigns.at(-1);
    if (last?.fact.hash === head.hash) return;
    const fresh: TrueBlock[] = [];
    let block: TrueBlock | undefined = head;
    while (block !== undefined && !this.#facts.has(block.hash)) {
      fresh.push(block);
      block = parentOf(block.parentHash);
    }
    if (last !== undefined) last.until = now;
    if (last !== undefined && block?.hash !== last.fact.hash) this.#reorgs.push(now);
    const facts = fresh.reverse().map((one) => this.#learn(one));
    const reigning = facts.length > 0 ? facts : [this.#facts.get(head.hash)].filter((fact) => fact !== undefined);
    for (const fact of reigning) {
      this.#canonical.length = fact.number;
      this.#canonical[fact.number] = fact;
      this.#reigns.push({ fact, since: now, until: now });
    }
    const current = this.#reigns.at(-1);
    if (current !== undefined) current.until = Number.POSITIVE_INFINITY;
    if (this.#reigns.length > REIGNS * 2) this.#reigns = this.#reigns.slice(-REIGNS);
  }

  /** Blocks that were the head at some moment from `from` to `to`. */
  heads(from: number, to: number): readonly Fact[] {
    return this.#reigns.filter(({ since, until }) => since <= to && until >= from).map(({ fact }) => fact);
  }

  /** How long ago, at `now`, this block ceased to be the head, in ms; 0 while it is. */
  age(hash: string, now: number): number {
    const reign = this.#reigns.findLast(({ fact }) => fact.hash === hash);
    return reign === undefined ? Number.POSITIVE_INFINITY : Math.max(0, now - reign.until);
  }

  /** Whether blocks were undone at some moment from `from` to `to`. */
  reorganised(from: number, to: number): boolean {
    return this.#reorgs.some((at) => at >= from && at <= to);
  }

  /** The block at a height of the branch that ends in `head`. */
  ancestor(head: Fact, number: number): Fact | undefined {
    let fact: Fact | undefined = head;
    while (fact !== undefined && fact.number > number) {
      if (this.#canonical[fact.number]?.hash === fact.hash) return this.#canonical[number];
      fact = this.#facts.get(fact.parentHash);
    }
    return fact?.number === number ? fact : undefined;
  }

  /** The block of the branch that ends in `head` which holds the transaction. */
  inclusion(head: Fact, transaction: string): Fact | undefined {
    return (this.#inclusions.get(transaction) ?? [])
      .map((hash) => this.#facts.get(hash))
      .find((fact) => fact !== undefined && this.ancestor(head, fact.number)?.hash === fact.hash);
  }

  #learn({ number, hash, parentHash, transactions }: TrueBlock): Fact {
    const parent = this.#facts.get(parentHash);
    const hashes = transactions.map((transaction) => transaction.hash);
    const ticks = hashes.filter((one) => this.#effects.get(one) === 'tick');
    const sent = [...(parent?.sent ?? Array.from({ length: this.#accounts }, () => 0))];
    for (const one of hashes) {
      const effect = this.#effects.get(one);
      if (typeof effect === 'object') sent[effect.account] = (sent[effect.account] ?? 0) + 1;
      this.#inclusions.set(one, [...(this.#inclusions.get(one) ?? []), hash]);
    }
    const count = (parent?.count ?? 0) + ticks.length;
    const fact: Fact = { number, hash, parentHash, ticks, count, sent, transactions: hashes };
    this.#facts.set(hash, fact);
    return fact;
  }
}
