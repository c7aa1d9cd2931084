import type { Clock } from '../lib/clock.ts';
import type { AnvilOptions } from './anvil-process.ts';
import { AnvilProcess } from './anvil-process.ts';
import type { Block, BlockPlan, Transaction, WireBlock } from './block.ts';
import { toBlock, toHex } from './block.ts';
import type { RpcAnswer, RpcRequest } from './rpc.ts';
import { RpcFault } from './rpc.ts';

/** Which blocks a node gets: the truth's, none, or its own. */
export type Course = 'following' | 'withheld' | 'forked';

/** What a devnet shows of one of its nodes. */
export interface DevnetNode {
  readonly name: string;
  readonly httpUrl: string;
  readonly wsUrl: string;
  /** The unix socket, where the devnet was started with `ipc`. */
  readonly ipcPath: string | undefined;
  /** Of the anvil process; changes with a restart. */
  readonly pid: number;
  readonly alive: boolean;
  readonly frozen: boolean;
  readonly course: Course;
  /** The newest block the node has been given. */
  readonly head: Block;
}

/** What waits in a node's pool. */
export interface Pool {
  /** Everything, queued transactions included. */
  readonly hashes: readonly string[];
  /** What the next block would hold, in its order. */
  readonly ready: readonly string[];
}

/** One anvil process and the blocks it holds, from genesis on. */
export class ChainNode implements DevnetNode {
  readonly name: string;
  readonly httpUrl: string;
  readonly wsUrl: string;
  readonly ipcPath: string | undefined;
  course: Course = 'following';
  readonly #options: AnvilOptions;
  readonly #clock: Clock;
  #process: AnvilProcess;
  #held: Block[] = [];

  private constructor(name: string, options: AnvilOptions, clock: Clock, running: AnvilProcess) {
    this.name = name;
    this.httpUrl = `http://127.0.0.1:${options.port}`;
    this.wsUrl = `ws://127.0.0.1:${options.port}`;
    this.ipcPath = options.ipcPath;
    this.#options = options;
    this.#clock = clock;
    this.#process = running;
  }

  static async start(name: string, options: AnvilOptions, clock: Clock): Promise<ChainNode> {
    const node = new ChainNode(name, options, clock, await AnvilProcess.start(options, clock));
    await node.#readGenesis();
    return node;
  }

  get port(): number {
    return this.#options.port;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get alive(): boolean {
    return this.#process.alive;
  }

  get frozen(): boolean {
    return this.#process.frozen;
  }

  /** Whether it would answer the conductor. */
  get reachable(): boolean {
    return this.alive && !this.frozen;
  }

  get head(): Block {
    const head = this.#held.at(-1);
    if (head === undefined) throw new Error(`${this.name} has no genesis`);
    return head;
  }

  holds(block: Block): boolean {
    return this.#held[block.number]?.hash === block.hash;
  }

  /** anvil's prefunded accounts, which the node can sign for. */
  async accounts(): Promise<readonly string[]> {
    return (await this.#process.rpc.call('eth_accounts')) as readonly string[];
  }

  async pool(): Promise<Pool> {
    const { rpc } = this.#process;
    const [content, pending] = await rpc.batch([
      ['txpool_content', []],
      ['eth_getBlockByNumber', ['pending', false]],
    ]);
    if (!content?.ok || !pending?.ok) throw new RpcFault(`${this.name} does not show its pool`);
    const parts = content.result as PoolContent;
    const senders = [...Object.values(parts.pending), ...Object.values(parts.queued)];
    return {
      hashes: senders.flatMap((byNonce) => Object.values(byNonce).map(({ hash }) => hash)),
      ready: (pending.result as WireBlock).transactions,
    };
  }

  /** Those of the transactions that the node knows. */
  async fetch(hashes: readonly string[]): Promise<readonly Transaction[]> {
    const answers = await this.#process.rpc.batch(hashes.map((hash) => ['eth_getRawTransactionByHash', [hash]]));
    return hashes.flatMap((hash, index) => {
      const answer = answers[index];
      return answer?.ok && typeof answer.result === 'string' ? [{ hash, raw: answer.result }] : [];
    });
  }

  /** Puts transactions into the pool. A refusal changes nothing: the node has them, or has no use for them. */
  async offer(transactions: readonly Transaction[]): Promise<void> {
    await this.#process.rpc.batch(transactions.map(({ raw }) => ['eth_sendRawTransaction', [raw]]));
  }

  /** Sends from one of anvil's own unlocked accounts; the hash. */
  async send(transaction: Readonly<Record<string, string>>): Promise<string> {
    return (await this.#process.rpc.call('eth_sendTransaction', transaction)) as string;
  }

  /**
   * Mines a block as planned, out of a pool that was just read. Returns the transactions that the node refused to take, by
   * hash. A client's transaction can still slip in, so whoever made the plan must check the block. The pool is emptied only
   * where its order is a wrong one: with what is dropped goes what the same sender sent in this very moment.
   */
  async mine(plan: BlockPlan, { hashes, ready }: Pool): Promise<ReadonlyMap<string, string>> {
    const inOrder = ready.every((hash, index) => plan.transactions[index]?.hash === hash);
    const missing = inOrder ? plan.transactions.slice(ready.length) : plan.transactions;
    const preparation: readonly RpcRequest[] = [
      ...(inOrder ? [] : hashes.map((hash): RpcRequest => ['anvil_dropTransaction', [hash]])),
      ['anvil_setNextBlockBaseFeePerGas', [toHex(plan.baseFee)]],
      ['anvil_setCoinbase', [plan.coinbase]],
    ];
    const sends = missing.map(({ raw }): RpcRequest => ['eth_sendRawTransaction', [raw]]);
    const answers = await this.#process.rpc.batch([...preparation, ...sends, ['evm_mine', [toHex(plan.timestamp)]]]);
    const mined = answers.at(-1);
    if (!mined?.ok) throw new Error(`${this.name} did not mine: ${mined?.message}`);
    return refusals(missing, answers.slice(preparation.length));
  }

  async wireBlock(number: number): Promise<WireBlock> {
    const block = await this.#process.rpc.call('eth_getBlockByNumber', toHex(number), false);
    if (block === null) throw new Error(`${this.name} has no block ${number}`);
    return block as WireBlock;
  }

  /** Notes that the node now has this block on top of the others. */
  hold(block: Block): void {
    this.#held.push(block);
  }

  /** Takes the newest block off that the node mined but that `hold` was never told of. */
  async undo(): Promise<void> {
    await this.#process.rpc.call('anvil_rollback', 1);
  }

  async rollBackTo(number: number): Promise<void> {
    const depth = this.head.number - number;
    if (depth === 0) return;
    await this.#process.rpc.call('anvil_rollback', depth);
    this.#held.length = number + 1;
  }

  freeze(): void {
    this.#process.freeze();
  }

  thaw(): void {
    this.#process.thaw();
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }

  killNow(): void {
    this.#process.killNow();
  }

  /** A dead node comes back on the same port with nothing but genesis. */
  async restart(): Promise<void> {
    this.#process = await AnvilProcess.start(this.#options, this.#clock);
    this.#held = [];
    await this.#readGenesis();
  }

  async #readGenesis(): Promise<void> {
    this.hold(toBlock(await this.wireBlock(0), []));
  }
}

interface PoolContent {
  readonly pending: PoolPart;
  readonly queued: PoolPart;
}

type PoolPart = Readonly<Record<string, Readonly<Record<string, { readonly hash: string }>>>>;

/** A transaction that the node already has is not refused. */
const refusals = (transactions: readonly Transaction[], answers: readonly RpcAnswer[]): ReadonlyMap<string, string> =>
  new Map(
    transactions.flatMap(({ hash }, index) => {
      const answer = answers[index];
      return answer === undefined || answer.ok || answer.message.includes('already imported')
        ? []
        : [[hash, answer.message] as const];
    }),
  );
