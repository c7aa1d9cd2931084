import type { Clock } from '../lib/clock.ts';
import type { Block } from './block.ts';
import { toHex } from './block.ts';
import type { ChainNode, Course, DevnetNode } from './chain-node.ts';
import { Conductor } from './conductor.ts';
import { Mempool } from './mempool.ts';
import { RpcFault } from './rpc.ts';
import { Serial } from './serial.ts';
import type { TruthView } from './truth.ts';
import { Truth } from './truth.ts';

/** What a devnet is put together from. */
export interface DevnetParts {
  /** The private node that mines every block first. */
  readonly builder: ChainNode;
  readonly nodes: readonly ChainNode[];
  /** anvil's prefunded accounts, unlocked on every node. */
  readonly accounts: readonly string[];
  readonly chainId: number;
  /** 0: transactions spread only before each block. */
  readonly gossipMs: number;
  readonly maxWaiting: number;
  readonly clock: Clock;
  /** Runs once every process has ended. */
  readonly onClose: () => void;
}

/** A transaction from one of anvil's ten prefunded accounts. */
export interface DevTransaction {
  /** Index of the account, from 0 to 9. */
  readonly from: number;
  /** Left out: `data` creates a contract. */
  readonly to?: string;
  /** 0x-prefixed bytes. */
  readonly data?: string;
  /** In wei. */
  readonly value?: bigint;
}

/**
 * Real anvil nodes that are one chain, and the faults that real nodes have. Blocks come only from `mine`. All methods
 * wait for each other; they throw for a node that is not in the state they need, and for a node out of step.
 */
export class Devnet {
  readonly #parts: DevnetParts;
  readonly #truth: Truth;
  readonly #conductor: Conductor;
  readonly #serial = new Serial();
  #closed = false;

  constructor(parts: DevnetParts) {
    const { builder, nodes, maxWaiting, gossipMs, clock } = parts;
    this.#parts = parts;
    this.#truth = new Truth(builder.head);
    this.#conductor = new Conductor(builder, nodes, this.#truth, new Mempool(maxWaiting), clock);
    if (gossipMs > 0) this.#gossipEvery(gossipMs, clock);
  }

  get chainId(): number {
    return this.#parts.chainId;
  }

  get nodes(): readonly DevnetNode[] {
    return this.#parts.nodes;
  }

  /** What the chain really is. */
  get truth(): TruthView {
    return this.#truth;
  }

  /** How often a node showed a block of its own for some milliseconds, because a client's transaction slipped into it. */
  get repairs(): number {
    return this.#conductor.repairs;
  }

  /** The node of this name. */
  node(name: string): DevnetNode {
    return this.#find(name);
  }

  /** Address of one of the ten prefunded accounts. */
  account(index: number): string {
    const address = this.#parts.accounts[index];
    if (address === undefined) throw new Error(`there is no account ${index}`);
    return address;
  }

  /** Mines `count` blocks of what waits in the pools, and gives them to every node that follows. Returns the last. */
  mine(count = 1): Promise<Block> {
    return this.#serial.run(async () => {
      let block = this.#truth.head;
      for (let mined = 0; mined < count; mined++) block = await this.#conductor.mine();
      return block;
    });
  }

  /** Signs and sends a transaction on the private node; the others learn of it by gossip. Returns its hash. */
  send({ from, to, data, value }: DevTransaction): Promise<string> {
    return this.#serial.run(() =>
      this.#parts.builder.send({
        from: this.account(from),
        gas: '0xf4240',
        maxFeePerGas: '0x174876e800',
        maxPriorityFeePerGas: '0x3b9aca00',
        ...(to === undefined ? {} : { to }),
        ...(data === undefined ? {} : { data }),
        ...(value === undefined ? {} : { value: toHex(value) }),
      }),
    );
  }

  /** Tells every node that answers of the transactions that others have. */
  gossip(): Promise<void> {
    return this.#serial.run(() => this.#conductor.gossip());
  }

  /** Replaces the newest `depth` blocks by `length` others on every node that follows; `depth + 1` when left out. */
  reorg(depth: number, length: number = depth + 1): Promise<void> {
    return this.#serial.run(async () => {
      const { number } = this.#truth.head;
      if (depth < 1 || depth > number || length < 1) throw new Error(`no reorganisation ${depth} deep at ${number}`);
      await this.#conductor.reorg(depth, length);
    });
  }

  /** The node gets no more blocks: real lag. */
  withhold(name: string): Promise<void> {
    return this.#serial.run(async () => {
      this.#require(name, 'following').course = 'withheld';
    });
  }

  /** A withheld node gets the blocks that it lacks, and the new ones. */
  release(name: string): Promise<void> {
    return this.#follow(name, 'withheld');
  }

  /** SIGKILL. */
  kill(name: string): Promise<void> {
    return this.#serial.run(() => this.#find(name).kill());
  }

  /**
   * Starts a killed node again on its port, empty, and plays the chain to it. With `height` it gets no further than that
   * until it is released: a node that comes back with an old head.
   */
  async restart(name: string, { height }: { readonly height?: number } = {}): Promise<void> {
    await this.#serial.run(async () => {
      const node = this.#find(name);
      if (node.alive) throw new Error(`${name} is alive`);
      node.course = 'withheld';
      await node.restart();
    });
    if (height === undefined) return this.release(name);
    await this.#catchUp(this.#find(name), () => height, 'withheld');
  }

  /** SIGSTOP: connections stay open, and nothing is answered. */
  freeze(name: string): Promise<void> {
    return this.#serial.run(async () => {
      const node = this.#find(name);
      if (!node.reachable) throw new Error(`${name} is not running`);
      node.freeze();
    });
  }

  /** SIGCONT; then the node gets the blocks that it lacks, unless it is withheld or forked. */
  async thaw(name: string): Promise<void> {
    const node = this.#find(name);
    await this.#serial.run(async () => {
      if (!node.frozen) throw new Error(`${name} is not frozen`);
      node.thaw();
    });
    if (node.course === 'following') await this.#catchUp(node, () => this.#truth.head.number, 'following');
  }

  /**
   * Puts a node on a branch of its own: `length` blocks (`depth + 1` when left out) in place of its newest `depth`. It
   * mines one more of its own whenever the others get one.
   */
  fork(name: string, depth: number, length: number = depth + 1): Promise<void> {
    return this.#serial.run(async () => {
      const node = this.#require(name, 'following');
      if (depth < 0 || depth > node.head.number) throw new Error(`no fork ${depth} deep at ${node.head.number}`);
      await this.#conductor.branchOff(node, depth, length);
    });
  }

  /** A forked node leaves its branch for the truth. */
  rejoin(name: string): Promise<void> {
    return this.#follow(name, 'forked');
  }

  /** Ends every process; a second call does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#serial.run(() => Promise.all(this.#processes.map((node) => node.kill())));
    this.#parts.onClose();
  }

  get #processes(): readonly ChainNode[] {
    return [this.#parts.builder, ...this.#parts.nodes];
  }

  #find(name: string): ChainNode {
    const node = this.#parts.nodes.find((candidate) => candidate.name === name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  }

  #require(name: string, course: Course): ChainNode {
    const node = this.#find(name);
    if (!node.reachable) throw new Error(`${name} is not running`);
    if (node.course !== course) throw new Error(`${name} is ${node.course}, not ${course}`);
    return node;
  }

  async #follow(name: string, course: Course): Promise<void> {
    const node = await this.#serial.run(async () => {
      const found = this.#require(name, course);
      found.course = 'withheld';
      return found;
    });
    await this.#catchUp(node, () => this.#truth.head.number, 'following');
  }

  /** In slices, so that a long chain does not keep the next block waiting. */
  async #catchUp(node: ChainNode, target: () => number, afterwards: Course): Promise<void> {
    const slice = async (): Promise<boolean> => {
      if (!node.reachable) return true;
      const reached = await this.#conductor.catchUp(node, target());
      if (reached) node.course = afterwards;
      return reached;
    };
    while (!(await this.#serial.run(slice)));
  }

  #gossipEvery(ms: number, clock: Clock): void {
    const next = (): void => {
      if (this.#closed) return;
      const round = this.#serial.busy ? Promise.resolve() : this.gossip();
      void round.catch(ignoreFault).then(() => clock.after(ms, next));
    };
    clock.after(ms, next);
  }
}

/** The next `mine` meets the same fault, and tells its caller. */
const ignoreFault = (error: unknown): void => {
  if (!(error instanceof RpcFault)) throw error;
};
