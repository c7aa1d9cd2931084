import { type FakeNode, rpcError } from './fake-node.ts';
import type { ScriptedBlock, ScriptedChain, ScriptedLog } from './scripted-chain.ts';
import { type PushFaults, ScriptedFeed } from './scripted-feed.ts';
import { type Hex, hashOf, hexOf } from './scripted-header.ts';
import { matches } from './scripted-logs.ts';

const noBlock = rpcError(-32000, 'header not found');
/** Below the head, for `safe` and `finalized`. */
const tagDepth = { safe: 32, finalized: 64 };

/** What `eth_getBalance` says at a block, so that an answer tells the block that was read. */
export const balanceAt = (block: Hex, address: unknown): Hex => hashOf('balance', block, String(address)).slice(0, 26);
/** What `eth_call` says at a block. */
export const callAt = (block: Hex, call: unknown): Hex => hashOf('call', block, JSON.stringify(call));
export const nonceAt = (block: Hex, address: unknown): Hex => hashOf('nonce', block, String(address)).slice(0, 8);

/** One node's view of a scripted chain: a head of its own, and whatever is wrong with it. */
export class ScriptedNode {
  readonly chain: ScriptedChain;
  /** Blocks behind its head that it shows. */
  lag = 0;
  /** It tells this block as its latest, and answers nothing else about it. */
  claimed: ScriptedBlock | undefined;
  /** Blocks whose logs it answers with `[]`, as if it had not indexed them yet. */
  readonly lateLogs = new Set<Hex>();
  /** Answers look-ups by hash for blocks that are not on its branch, as Geth does for a while. */
  keepsOrphans = true;
  /** Has the tags `safe` and `finalized`. */
  tags = true;
  #head: ScriptedBlock;
  readonly #feed: ScriptedFeed;

  constructor(chain: ScriptedChain, head: ScriptedBlock) {
    this.chain = chain;
    this.#head = head;
    this.#feed = new ScriptedFeed(chain, head);
  }

  get pushes(): PushFaults {
    return this.#feed.faults;
  }

  /** What it shows as its latest block. */
  get head(): ScriptedBlock {
    if (this.claimed !== undefined) return this.claimed;
    return this.chain.at(this.#head, Math.max(0, this.#head.number - this.lag)) ?? this.chain.genesis;
  }

  /** Moves to a block and pushes that one alone, as Geth does for an import or reorganisation of several. */
  setHead(head: ScriptedBlock): void {
    this.#head = head;
    this.#feed.announce(this.head);
  }

  /** Moves to a block and pushes each that is new on its branch. */
  follow(head: ScriptedBlock): void {
    const before = this.#head;
    this.#head = head;
    for (const block of this.chain.branch(head, Math.min(before.number, head.number) - 16)) {
      if (!this.chain.contains(before, block)) this.#feed.announce(block);
    }
  }

  /** Moves without a word, as `anvil_rollback` does, or a restart with an old database. */
  place(head: ScriptedBlock): void {
    this.#head = head;
    this.#feed.stand(head);
  }

  /** What it answers to `eth_getBlockByNumber`. */
  blockAt(reference: unknown): unknown {
    if (!this.tags && (reference === 'safe' || reference === 'finalized')) {
      return rpcError(-39001, `${reference} block not found`);
    }
    return this.#full(this.#resolve(reference));
  }

  /** Answers for the node from now on. */
  attach(node: FakeNode): this {
    this.#feed.node = node;
    const { chain } = this;
    node
      .on('eth_chainId', () => hexOf(chain.chainId))
      .on('net_version', () => String(chain.chainId))
      .on('eth_blockNumber', () => hexOf(this.head.number))
      .on('eth_getBlockByNumber', ([reference]) => this.blockAt(reference))
      .on('eth_getBlockByHash', ([hash]) => this.#full(this.#byHash(hash)))
      .on('eth_getBalance', ([address, reference]) => this.#stateAt(reference, (block) => balanceAt(block, address)))
      .on('eth_call', ([call, reference]) => this.#stateAt(reference, (block) => callAt(block, call)))
      .on('eth_getTransactionCount', ([address, at]) => this.#stateAt(at, (block) => nonceAt(block, address)))
      .on('eth_getLogs', ([filter]) => this.#logs((filter ?? {}) as Record<string, unknown>))
      .on('eth_getTransactionReceipt', ([hash]) => this.#receipt(hash))
      .on('eth_getBlockReceipts', ([reference]) => {
        const block = this.#resolve(reference);
        return block === undefined ? null : block.logs.map((log) => receiptOf(block, log));
      });
    return this;
  }

  #full(block: ScriptedBlock | undefined): unknown {
    if (block === undefined) return null;
    return { ...block.header, size: '0x220', uncles: [], transactions: block.transactions };
  }

  #byHash(hash: unknown): ScriptedBlock | undefined {
    if (this.claimed?.hash === hash) return this.claimed;
    const block = this.chain.block(String(hash));
    if (block === undefined) return undefined;
    const own = this.chain.contains(this.head, block);
    return own || (this.keepsOrphans && block.number <= this.head.number) ? block : undefined;
  }

  /** A tag, a number, a hash, an EIP-1898 object, or nothing for `latest`. */
  #resolve(reference: unknown): ScriptedBlock | undefined {
    const { chain, head } = this;
    if (reference === undefined || reference === null || reference === 'latest' || reference === 'pending') return head;
    if (reference === 'earliest') return chain.genesis;
    if (reference === 'safe' || reference === 'finalized') {
      return chain.at(head, Math.max(0, head.number - tagDepth[reference]));
    }
    if (typeof reference === 'object') {
      const { blockHash, blockNumber } = reference as Record<string, unknown>;
      return blockHash === undefined ? this.#resolve(blockNumber) : this.#byHash(blockHash);
    }
    if (typeof reference === 'string' && reference.length === 66) return this.#byHash(reference);
    const number = Number(reference);
    return number === head.number ? head : chain.at(head, number);
  }

  #stateAt(reference: unknown, answer: (block: Hex) => Hex): unknown {
    const block = this.#resolve(reference);
    return block === undefined ? noBlock : answer(block.hash);
  }

  #logs(filter: Record<string, unknown>): unknown {
    if (filter['blockHash'] !== undefined) {
      const block = this.#byHash(filter['blockHash']);
      return block === undefined ? rpcError(-32000, 'unknown block') : this.#logsOf([block], filter);
    }
    const from = this.#resolve(filter['fromBlock'])?.number ?? Number(filter['fromBlock']);
    // A range that ends above the head is cut there without a word, as nodes do.
    const to = this.#resolve(filter['toBlock']) ?? this.head;
    return this.#logsOf(this.chain.branch(to, from), filter);
  }

  #logsOf(blocks: readonly ScriptedBlock[], filter: Record<string, unknown>): ScriptedLog[] {
    return blocks
      .filter(({ hash }) => !this.lateLogs.has(hash))
      .flatMap(({ logs }) => logs)
      .filter((log) => matches(log, filter));
  }

  #receipt(hash: unknown): unknown {
    for (const block of this.chain.branch(this.head, this.head.number - 512).reverse()) {
      const log = block.logs.find(({ transactionHash }) => transactionHash === hash);
      if (log !== undefined) return receiptOf(block, log);
    }
    return null;
  }
}

const receiptOf = (block: ScriptedBlock, log: ScriptedLog): Record<string, unknown> => ({
  transactionHash: log.transactionHash,
  transactionIndex: log.transactionIndex,
  blockHash: block.hash,
  blockNumber: hexOf(block.number),
  from: '0x000000000000000000000000000000000000f00d',
  to: log.address,
  contractAddress: null,
  status: '0x1',
  type: '0x2',
  gasUsed: '0x5208',
  cumulativeGasUsed: hexOf(21_000 * (Number(log.transactionIndex) + 1)),
  effectiveGasPrice: '0x3b9aca00',
  logs: [log],
  logsBloom: block.header['logsBloom'],
});
