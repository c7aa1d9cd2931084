/** A transaction in the form in which any node takes it. */
export interface Transaction {
  readonly hash: string;
  /** 0x-prefixed, as for `eth_sendRawTransaction`. */
  readonly raw: string;
}

/** Everything that decides a block's hash on top of a given parent. */
export interface BlockPlan {
  /** Seconds since the Unix epoch; not before the parent's. */
  readonly timestamp: number;
  /** Names the branch: blocks that differ in nothing else still differ in hash. */
  readonly coinbase: string;
  /** In wei. */
  readonly baseFee: bigint;
  readonly transactions: readonly Transaction[];
}

/** A mined block, with what it takes to mine it again on another node. */
export interface Block extends BlockPlan {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly gasUsed: bigint;
  readonly gasLimit: bigint;
}

/** The parts of a node's block answer that a devnet reads. */
export interface WireBlock {
  readonly number: string;
  readonly hash: string;
  readonly parentHash: string;
  readonly timestamp: string;
  readonly miner: string;
  readonly baseFeePerGas: string;
  readonly gasUsed: string;
  readonly gasLimit: string;
  readonly transactions: readonly string[];
}

/** `transactions` are those the block names, in its order. */
export const toBlock = (wire: WireBlock, transactions: readonly Transaction[]): Block => ({
  number: Number(wire.number),
  hash: wire.hash,
  parentHash: wire.parentHash,
  timestamp: Number(wire.timestamp),
  coinbase: wire.miner,
  baseFee: BigInt(wire.baseFeePerGas),
  gasUsed: BigInt(wire.gasUsed),
  gasLimit: BigInt(wire.gasLimit),
  transactions,
});

/**
 * The base fee of the block after `parent`, by EIP-1559. Computed here because anvil does not go back to the right one
 * after `anvil_rollback`.
 */
export const nextBaseFee = (parent: Pick<Block, 'baseFee' | 'gasUsed' | 'gasLimit'>): bigint => {
  const target = parent.gasLimit / 2n;
  const excess = parent.gasUsed - target;
  if (excess === 0n) return parent.baseFee;
  const magnitude = excess > 0n ? excess : -excess;
  const change = (parent.baseFee * magnitude) / target / 8n;
  if (excess < 0n) return parent.baseFee - change;
  return parent.baseFee + (change > 0n ? change : 1n);
};

/** 0x-prefixed, without leading zeros. */
export const toHex = (value: number | bigint): string => `0x${value.toString(16)}`;

/** The address that blocks of the `index`th branch are credited to. */
export const branchCoinbase = (index: number): string => `0x${index.toString(16).padStart(40, '0')}`;
