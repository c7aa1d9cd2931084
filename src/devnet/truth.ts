import type { Block } from './block.ts';

/** One change of the canonical branch. */
export interface Reorg {
  /** No longer canonical, oldest first. */
  readonly dropped: readonly Block[];
  /** The first blocks of the branch that replaced them, as many as were mined at once, oldest first. */
  readonly added: readonly Block[];
}

/** What the chain really is, as far as anybody outside may look. */
export interface TruthView {
  readonly head: Block;
  /** The canonical block at this height. */
  at(number: number): Block | undefined;
  /** Any block that was canonical at some time. */
  byHash(hash: string): Block | undefined;
  isCanonical(hash: string): boolean;
  wasEverCanonical(hash: string): boolean;
  /** Oldest first. */
  readonly reorgs: readonly Reorg[];
}

/**
 * The canonical chain and all branches that were canonical once. It grows with the chain it describes, since a node that
 * comes back needs every block from the first on.
 */
export class Truth implements TruthView {
  readonly #canonical: Block[];
  readonly #everCanonical: Map<string, Block>;
  readonly #mined = new Set<string>();
  readonly #reorgs: Reorg[] = [];

  constructor(genesis: Block) {
    this.#canonical = [genesis];
    this.#everCanonical = new Map([[genesis.hash, genesis]]);
  }

  get head(): Block {
    const head = this.#canonical.at(-1);
    if (head === undefined) throw new Error('a chain without genesis');
    return head;
  }

  get reorgs(): readonly Reorg[] {
    return this.#reorgs;
  }

  at(number: number): Block | undefined {
    return this.#canonical[number];
  }

  /** The canonical block at a height that the chain is known to have. */
  blockAt(number: number): Block {
    const block = this.#canonical[number];
    if (block === undefined) throw new Error(`the chain has no block ${number}`);
    return block;
  }

  /** Canonical blocks from height `first` to height `last`, both included. */
  slice(first: number, last: number): readonly Block[] {
    return this.#canonical.slice(first, last + 1);
  }

  byHash(hash: string): Block | undefined {
    return this.#everCanonical.get(hash);
  }

  isCanonical(hash: string): boolean {
    const block = this.byHash(hash);
    return block !== undefined && this.at(block.number)?.hash === hash;
  }

  wasEverCanonical(hash: string): boolean {
    return this.#everCanonical.has(hash);
  }

  /** Whether a canonical block holds this transaction. */
  holds(transactionHash: string): boolean {
    return this.#mined.has(transactionHash);
  }

  append(block: Block): void {
    if (block.parentHash !== this.head.hash) throw new Error(`block ${block.number} does not follow the head`);
    this.#canonical.push(block);
    this.#everCanonical.set(block.hash, block);
    for (const { hash } of block.transactions) this.#mined.add(hash);
  }

  /** Takes the newest `depth` blocks off; returns them, oldest first. */
  drop(depth: number): readonly Block[] {
    const dropped = this.#canonical.splice(this.#canonical.length - depth);
    for (const block of dropped) for (const { hash } of block.transactions) this.#mined.delete(hash);
    return dropped;
  }

  recordReorg(reorg: Reorg): void {
    this.#reorgs.push(reorg);
  }
}
