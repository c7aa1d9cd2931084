import { bloomOf, bytesOf, type Hex, hashOf, hexOf, keccak, rlp, sealHeader } from './scripted-header.ts';

export interface ScriptedLog {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly blockNumber: Hex;
  readonly blockHash: Hex;
  readonly transactionHash: Hex;
  readonly transactionIndex: Hex;
  readonly logIndex: Hex;
  readonly removed: false;
}

/** What a script says of a log; the rest follows from where it stands. */
export interface LogScript {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data?: Hex;
  /** Hash of its transaction, which may come again in another block; default one of its own. */
  readonly transaction?: Hex;
}

export interface ScriptedBlock {
  readonly number: number;
  readonly hash: Hex;
  readonly parentHash: Hex;
  /** Seconds. */
  readonly timestamp: number;
  /** As `newHeads` pushes it. */
  readonly header: Readonly<Record<string, Hex>> & { readonly hash: Hex };
  /** One for each log, and each with that log alone. */
  readonly transactions: readonly Hex[];
  readonly logs: readonly ScriptedLog[];
}

export interface MineScript {
  /** Tells siblings apart; the same salt on the same parent is the same block. */
  readonly salt?: string;
  /** Logs of the block: their scripts, or how many ticks of the scripted contract. Default 1. */
  readonly logs?: number | readonly LogScript[];
}

export interface ScriptedChainOptions {
  /** Default 1337. */
  readonly chainId?: number;
  /** Seconds between two blocks; default 2. */
  readonly blockTime?: number;
  /** Two chains with the same word have the same genesis; default `main`. */
  readonly genesis?: string;
}

/** The contract whose ticks fill blocks by default: `event Tick(uint256 indexed number, uint256 indexed index)`. */
export const ticker = {
  address: '0x00000000000000000000000000000000071c4e40',
  topic: keccak(Buffer.from('Tick(uint256,uint256)')),
} as const;

const word = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`;
const noHash = word(0);
const genesisTime = 1_700_000_000;

/**
 * The truth of a test: a tree of blocks with real hashes and blooms, that grows only by what the script mines. Nodes are
 * views of it, see scripted-node.ts. Nothing in it is random, so a test that fails once fails always.
 */
export class ScriptedChain {
  readonly chainId: number;
  readonly genesis: ScriptedBlock;
  readonly #blockTime: number;
  readonly #blocks = new Map<Hex, ScriptedBlock>();

  constructor(options: ScriptedChainOptions = {}) {
    this.chainId = options.chainId ?? 1337;
    this.#blockTime = options.blockTime ?? 2;
    this.genesis = this.#add(0, noHash, genesisTime, options.genesis ?? 'main', []);
  }

  /** One block on top of `parent`. */
  mine(parent: ScriptedBlock, script: MineScript = {}): ScriptedBlock {
    const { salt = 'main', logs = 1 } = script;
    const number = parent.number + 1;
    const scripts = typeof logs === 'number' ? ticks(number, logs) : logs;
    return this.#add(number, parent.hash, parent.timestamp + this.#blockTime, salt, scripts);
  }

  /** `count` blocks on top of `parent`; returns the last. */
  extend(parent: ScriptedBlock, count: number, script: MineScript = {}): ScriptedBlock {
    let head = parent;
    for (let mined = 0; mined < count; mined++) head = this.mine(head, script);
    return head;
  }

  /** A header that no chain contains, at any height, on a parent that nobody has: a bare claim. */
  claim(number: number): ScriptedBlock {
    return blockOf(number, hashOf('no such parent', number), genesisTime + number, 'claim', []);
  }

  block(hash: Hex): ScriptedBlock | undefined {
    return this.#blocks.get(hash);
  }

  /** The block at `number` on the branch that ends in `head`. */
  at(head: ScriptedBlock, number: number): ScriptedBlock | undefined {
    let block: ScriptedBlock | undefined = head;
    while (block !== undefined && block.number > number) block = this.#blocks.get(block.parentHash);
    return block?.number === number ? block : undefined;
  }

  /** The branch that ends in `head`, down to `from`, oldest first. */
  branch(head: ScriptedBlock, from = 0): ScriptedBlock[] {
    const blocks: ScriptedBlock[] = [];
    let block: ScriptedBlock | undefined = head;
    while (block !== undefined && block.number >= from) {
      blocks.push(block);
      block = this.#blocks.get(block.parentHash);
    }
    return blocks.reverse();
  }

  contains(head: ScriptedBlock, block: ScriptedBlock): boolean {
    return this.at(head, block.number) === block;
  }

  #add(number: number, parentHash: Hex, timestamp: number, salt: string, logs: readonly LogScript[]): ScriptedBlock {
    const block = blockOf(number, parentHash, timestamp, salt, logs);
    const known = this.#blocks.get(block.hash);
    if (known === undefined) this.#blocks.set(block.hash, block);
    return known ?? block;
  }
}

const ticks = (number: number, count: number): LogScript[] =>
  Array.from({ length: count }, (_, index) => ({
    address: ticker.address,
    topics: [ticker.topic, word(number), word(index)],
    data: word(number * 1000 + index),
  }));

const blockOf = (
  number: number,
  parentHash: Hex,
  timestamp: number,
  salt: string,
  scripts: readonly LogScript[],
): ScriptedBlock => {
  const transactions = scripts.map(
    ({ transaction }, index) => transaction ?? hashOf('transaction', parentHash, salt, index),
  );
  const receipts = scripts.map(({ address, topics, data = '0x' }) =>
    rlp([bytesOf(address), topics.map(bytesOf), bytesOf(data)]),
  );
  const header = sealHeader({
    number,
    parentHash,
    timestamp,
    salt,
    logsBloom: bloomOf(scripts),
    transactionsRoot: keccak(rlp(transactions.map(bytesOf))),
    receiptsRoot: keccak(rlp(receipts)),
  });
  const logs = scripts.map(
    ({ address, topics, data = '0x' }, index): ScriptedLog => ({
      address,
      topics,
      data,
      blockNumber: hexOf(number),
      blockHash: header.hash,
      transactionHash: transactions[index] ?? noHash,
      transactionIndex: hexOf(index),
      logIndex: hexOf(index),
      removed: false,
    }),
  );
  return { number, hash: header.hash, parentHash, timestamp, header, transactions, logs };
};
