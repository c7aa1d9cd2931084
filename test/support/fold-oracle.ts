import type { ScriptedBlock, ScriptedChain, ScriptedLog } from './scripted-chain.ts';

/** What went wrong with a stream, counted. All of it has to be 0. */
export interface Faults {
  /** Logs and heads of the branch that were passed over, also where their block was orphaned later. */
  missing: number;
  /** Logs that were never taken back, though their block is not of the branch. */
  phantom: number;
  doubled: number;
  wronglyRemoved: number;
  outOfOrder: number;
  orphanHeads: number;
}

export const noFaults = (): Faults => ({
  missing: 0,
  phantom: 0,
  doubled: 0,
  wronglyRemoved: 0,
  outOfOrder: 0,
  orphanHeads: 0,
});

/** Blocks below the start whose logs a reorganisation may take back from a reader who never got them. */
const BELOW = 512;

const keyOf = (log: Pick<ScriptedLog, 'blockHash' | 'logIndex'>): string => `${log.blockHash}/${Number(log.logIndex)}`;

/** What a filter matches in a scripted chain, found once for each block. */
export class Truth {
  readonly chain: ScriptedChain;
  readonly #matches: (log: ScriptedLog) => boolean;
  readonly #own = new Map<string, readonly string[]>();
  readonly #last = new Map<string, string | undefined>();

  constructor(chain: ScriptedChain, matches: (log: ScriptedLog) => boolean = () => true) {
    this.chain = chain;
    this.#matches = matches;
  }

  /** Keys of a block's matching logs, in order. */
  of(block: ScriptedBlock): readonly string[] {
    let own = this.#own.get(block.hash);
    if (own === undefined) {
      own = block.logs.filter(this.#matches).map(keyOf);
      this.#own.set(block.hash, own);
    }
    return own;
  }

  /** Keys of the matching logs on the branch that ends in `head`, from block `from` on. */
  upTo(head: ScriptedBlock, from = 0): string[] {
    return this.chain.branch(head, from).flatMap((block) => this.of(block));
  }

  /** The newest matching log on the branch that ends in `block`. */
  lastUpTo(block: ScriptedBlock): string | undefined {
    const path: ScriptedBlock[] = [];
    let at: ScriptedBlock | undefined = block;
    let found: string | undefined;
    for (; at !== undefined; at = this.chain.block(at.parentHash)) {
      if (this.#last.has(at.hash)) {
        found = this.#last.get(at.hash);
        break;
      }
      path.push(at);
    }
    for (const one of path.reverse()) {
      found = this.of(one).at(-1) ?? found;
      this.#last.set(one.hash, found);
    }
    return found;
  }

  /** The matching log before this one on its own branch. */
  before(block: ScriptedBlock, key: string): string | undefined {
    const own = this.of(block);
    const index = own.indexOf(key);
    const parent = this.chain.block(block.parentHash);
    return index > 0 ? own[index - 1] : parent && this.lastUpTo(parent);
  }
}

/**
 * Folds a stream of logs over its start, as a client does, and holds each single event against the scripted chain: an
 * added log follows the last one on its own branch, a removed one is the last that was added. So the fold is a prefix of
 * some branch after every event, and not only in the end.
 */
export class LogOracle {
  readonly faults = noFaults();
  events = 0;
  /** Logs of the last branch that the reader had to be told of; known at the end. */
  expected = 0;
  readonly #truth: Truth;
  readonly #start: ScriptedBlock;
  readonly #stack: string[];
  readonly #held: Set<string>;
  readonly #first: ReadonlySet<string>;
  /** Passed over so far. */
  readonly #skipped = new Set<string>();

  constructor(truth: Truth, start: ScriptedBlock) {
    this.#truth = truth;
    this.#start = start;
    this.#stack = truth.upTo(start, start.number - BELOW);
    this.#held = new Set(this.#stack);
    this.#first = new Set(this.#stack);
  }

  /** Key of the newest log that is held. */
  get last(): string | undefined {
    return this.#stack.at(-1);
  }

  take(log: Pick<ScriptedLog, 'blockHash' | 'logIndex'> & { readonly removed: boolean }): void {
    this.events += 1;
    const key = keyOf(log);
    if (log.removed) this.#remove(key);
    else this.#add(key, log.blockHash);
  }

  /** Nothing more will come: what is held has to be what the branch of `head` has. */
  end(head: ScriptedBlock): void {
    const truth = this.#truth.upTo(head, this.#start.number - BELOW);
    const known = new Set(truth);
    this.expected = truth.filter((key) => !this.#first.has(key)).length;
    this.faults.missing += [...known.union(this.#skipped)].filter((key) => !this.#held.has(key)).length;
    this.faults.phantom += this.#stack.filter((key) => !known.has(key)).length;
  }

  #remove(key: string): void {
    if (!this.#held.delete(key)) {
      this.faults.wronglyRemoved += 1;
      return;
    }
    if (this.#stack.at(-1) === key) this.#stack.pop();
    else {
      this.faults.outOfOrder += 1;
      this.#stack.splice(this.#stack.lastIndexOf(key), 1);
    }
  }

  #add(key: string, hash: string): void {
    const block = this.#truth.chain.block(hash);
    if (block === undefined || !this.#truth.of(block).includes(key)) {
      this.faults.phantom += 1;
      return;
    }
    if (this.#held.has(key)) {
      this.faults.doubled += 1;
      return;
    }
    if (!this.#skipTo(block, key)) this.faults.outOfOrder += 1;
    this.#stack.push(key);
    this.#held.add(key);
  }

  /** Notes what lies between the last log and this one; false where this one does not come after the last on its branch. */
  #skipTo(block: ScriptedBlock, key: string): boolean {
    const last = this.#stack.at(-1);
    if (last !== undefined && !this.#precedes(last, block, key)) return false;
    let before = this.#truth.before(block, key);
    while (before !== undefined && before !== last) {
      const at = this.#blockOf(before);
      if (at === undefined || at.number < this.#start.number - BELOW) break;
      if (!this.#held.has(before)) this.#skipped.add(before);
      before = this.#truth.before(at, before);
    }
    return true;
  }

  #precedes(last: string, block: ScriptedBlock, key: string): boolean {
    const at = this.#blockOf(last);
    if (at === block) return this.#truth.of(block).indexOf(last) < this.#truth.of(block).indexOf(key);
    return at !== undefined && this.#truth.chain.contains(block, at);
  }

  #blockOf(key: string): ScriptedBlock | undefined {
    return this.#truth.chain.block(key.slice(0, key.indexOf('/')));
  }
}

/** Holds a stream of heads against the scripted chain: connected, complete, and no block again without another branch. */
export class HeadOracle {
  readonly faults = noFaults();
  events = 0;
  /** Blocks of the last branch that the reader had to be told of; known at the end. */
  expected = 0;
  readonly #chain: ScriptedChain;
  readonly #start: ScriptedBlock;
  #last: ScriptedBlock;
  readonly #announced = new Set<string>();

  constructor(chain: ScriptedChain, start: ScriptedBlock) {
    this.#chain = chain;
    this.#start = start;
    this.#last = start;
    for (const { hash } of chain.branch(start, start.number - BELOW)) this.#announced.add(hash);
  }

  /** The block that was announced last. */
  get last(): ScriptedBlock {
    return this.#last;
  }

  take({ hash }: { readonly hash: string }): void {
    this.events += 1;
    const block = this.#chain.block(hash);
    if (block === undefined) {
      this.faults.phantom += 1;
      return;
    }
    if (!this.#announced.has(block.parentHash)) this.faults.orphanHeads += 1;
    if (this.#chain.contains(this.#last, block)) this.faults.doubled += 1;
    this.#announced.add(hash);
    this.#last = block;
  }

  end(head: ScriptedBlock): void {
    const branch = this.#chain.branch(head, this.#start.number - BELOW);
    const due = branch.filter((block) => !this.#chain.contains(this.#start, block));
    const missing = due.filter(({ hash }) => !this.#announced.has(hash)).length;
    this.expected = due.length;
    // Who was told of every block, and of another one last, lacks the news that the head is back.
    this.faults.missing += missing === 0 && this.#last !== head ? 1 : missing;
  }
}
