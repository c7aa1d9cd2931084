import type { Clock } from '../lib/clock.ts';
import type { Block, Transaction } from './block.ts';
import { branchCoinbase, nextBaseFee, toBlock } from './block.ts';
import type { ChainNode, Pool } from './chain-node.ts';
import type { Mempool } from './mempool.ts';
import { RpcFault } from './rpc.ts';
import type { Truth } from './truth.ts';

/** A node's block is not the one that was played to it: the devnet itself is broken. */
export class OutOfStepError extends Error {}

const maxTries = 20;

/** How many blocks one node is given before others have their turn. */
const catchUpSlice = 64;

/**
 * Keeps the nodes in step: every block is mined on the builder first, which nobody else can reach and which therefore
 * holds the truth, and then played to the nodes one after another. Nothing here may run at the same time as anything
 * else here; the owner sees to that.
 */
export class Conductor {
  readonly #builder: ChainNode;
  readonly #nodes: readonly ChainNode[];
  readonly #truth: Truth;
  readonly #mempool: Mempool;
  readonly #clock: Clock;
  /** Of the branches mined so far, the truth's and the nodes' own. */
  #branches = 1;
  #coinbase = branchCoinbase(1);
  readonly #ownCoinbase = new Map<ChainNode, string>();
  #repairs = 0;

  constructor(builder: ChainNode, nodes: readonly ChainNode[], truth: Truth, mempool: Mempool, clock: Clock) {
    this.#builder = builder;
    this.#nodes = nodes;
    this.#truth = truth;
    this.#mempool = mempool;
    this.#clock = clock;
  }

  /** How often a node had to mine a block again, because a client's transaction slipped in between. */
  get repairs(): number {
    return this.#repairs;
  }

  /** Mines one block of everything that waits in any pool, plays it to the nodes, and grows the forked nodes' branches. */
  async mine(): Promise<Block> {
    await this.#learnAll();
    const waiting = this.#mempool.transactions;
    const block = await this.#extend(waiting);
    await this.#spread();
    for (const node of this.#nodes) {
      if (node.course === 'forked') await this.#unlessGone(node, () => this.#grow(node, waiting));
    }
    return block;
  }

  /** Tells every node that answers of the transactions that others have. */
  async gossip(): Promise<void> {
    const pools = await this.#learnAll();
    for (const [node, pool] of pools) {
      const missing = this.#mempool.transactions.filter(({ hash }) => !pool.hashes.includes(hash));
      if (missing.length > 0) await this.#unlessGone(node, () => node.offer(missing));
    }
  }

  /** Replaces the newest `depth` blocks by `length` others, everywhere. The first is empty; then transactions return. */
  async reorg(depth: number, length: number): Promise<void> {
    await this.#learnAll();
    await this.#builder.rollBackTo(this.#truth.head.number - depth);
    const dropped = this.#truth.drop(depth);
    this.#mempool.putBack(dropped.flatMap(({ transactions }) => transactions));
    this.#coinbase = this.#newBranch();
    const added: Block[] = [];
    while (added.length < length) added.push(await this.#extend(added.length === 0 ? [] : this.#mempool.transactions));
    this.#truth.recordReorg({ dropped, added });
    await this.#spread();
  }

  /** Puts a node on a branch of its own: `length` blocks in place of its newest `depth`, and one more with every `mine`. */
  async branchOff(node: ChainNode, depth: number, length: number): Promise<void> {
    await this.#learnAll();
    const ancestor = node.head.number - depth;
    const undone = this.#truth.slice(ancestor + 1, node.head.number).flatMap(({ transactions }) => transactions);
    await node.rollBackTo(ancestor);
    node.course = 'forked';
    this.#ownCoinbase.set(node, this.#newBranch());
    for (let mined = 0; mined < length; mined++) {
      await this.#grow(node, mined === 0 ? [] : [...undone, ...this.#mempool.transactions]);
    }
  }

  /**
   * Takes a node towards the truth's block at `target`: off its own branch first, then a slice of the blocks that it
   * lacks. True once it is there.
   */
  async catchUp(node: ChainNode, target: number): Promise<boolean> {
    let common = Math.min(node.head.number, target);
    while (!node.holds(this.#truth.blockAt(common))) common -= 1;
    await node.rollBackTo(common);
    const reached = Math.min(target, common + catchUpSlice);
    for (const block of this.#truth.slice(common + 1, reached)) await this.#play(node, block);
    if (reached > common) await node.offer(this.#mempool.transactions);
    return reached === target;
  }

  #newBranch(): string {
    this.#branches += 1;
    return branchCoinbase(this.#branches);
  }

  async #extend(candidates: readonly Transaction[]): Promise<Block> {
    const { block, refused } = await this.#build(this.#builder, this.#coinbase, candidates);
    for (const { hash } of block.transactions) this.#mempool.remove(hash);
    for (const hash of refused.keys()) this.#mempool.remove(hash);
    this.#truth.append(block);
    return block;
  }

  async #grow(node: ChainNode, candidates: readonly Transaction[]): Promise<void> {
    if (node.reachable) await this.#build(node, this.#ownCoinbase.get(node) ?? this.#coinbase, candidates);
  }

  /** Lets a node decide the next block of the branch it is on. */
  async #build(node: ChainNode, coinbase: string, candidates: readonly Transaction[]): Promise<Built> {
    const parent = node.head;
    const timestamp = Math.max(parent.timestamp, Math.floor(this.#clock.wall() / 1000));
    const plan = { timestamp, coinbase, baseFee: nextBaseFee(parent), transactions: candidates };
    const refused = await node.mine(plan, await this.#learn(node));
    const wire = await node.wireBlock(parent.number + 1);
    const known = new Map(candidates.map((transaction) => [transaction.hash, transaction]));
    for (const transaction of await node.fetch(wire.transactions.filter((hash) => !known.has(hash)))) {
      known.set(transaction.hash, transaction);
      if (node !== this.#builder) this.#mempool.add(transaction);
    }
    const transactions = wire.transactions.flatMap((hash) => known.get(hash) ?? []);
    const block = toBlock(wire, transactions);
    node.hold(block);
    return { block, refused };
  }

  /** Lets a node mine a block that is decided, again where a client's transaction came in between. */
  async #play(node: ChainNode, block: Block): Promise<void> {
    let difference = '';
    for (let tries = 0; tries < maxTries; tries++) {
      const refused = await node.mine(block, await this.#learn(node));
      const wire = await node.wireBlock(block.number);
      if (wire.hash === block.hash) {
        node.hold(block);
        return;
      }
      difference = describeDifference(block, wire.hash, wire.transactions, refused);
      await this.#remember(node, wire.transactions);
      await node.undo();
      this.#repairs += 1;
    }
    throw new OutOfStepError(`${node.name} is out of step at block ${block.number}: ${difference}`);
  }

  async #spread(): Promise<void> {
    const { head } = this.#truth;
    for (const node of this.#nodes) {
      if (node.course !== 'following' || !node.reachable) continue;
      await this.#unlessGone(node, () => this.catchUp(node, head.number));
    }
  }

  async #learnAll(): Promise<ReadonlyMap<ChainNode, Pool>> {
    const pools = new Map<ChainNode, Pool>();
    for (const node of [this.#builder, ...this.#nodes]) {
      if (!node.reachable) continue;
      await this.#unlessGone(node, async () => pools.set(node, await this.#learn(node)));
    }
    return pools;
  }

  /** The node's pool, once what was unknown in it is in the mempool. */
  async #learn(node: ChainNode): Promise<Pool> {
    const pool = await node.pool();
    await this.#remember(node, pool.hashes);
    return pool;
  }

  async #remember(node: ChainNode, hashes: readonly string[]): Promise<void> {
    const unknown = hashes.filter((hash) => this.#mempool.get(hash) === undefined && !this.#truth.holds(hash));
    for (const transaction of await node.fetch(unknown)) this.#mempool.add(transaction);
  }

  /** A node may be killed from outside at any moment; one that still runs has to answer. */
  async #unlessGone(node: ChainNode, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof RpcFault)) throw error;
      await new Promise<void>((resolve) => void this.#clock.after(100, resolve));
      if (node.alive) throw error;
    }
  }
}

interface Built {
  readonly block: Block;
  readonly refused: ReadonlyMap<string, string>;
}

const describeDifference = (
  block: Block,
  hash: string,
  transactions: readonly string[],
  refused: ReadonlyMap<string, string>,
): string =>
  `its hash is ${hash} with ${transactions.length} transactions, the truth's ${block.hash} with ` +
  `${block.transactions.length}; it refused ${refused.size} (${[...new Set(refused.values())].join(', ')})`;
