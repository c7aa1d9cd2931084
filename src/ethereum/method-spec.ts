/**
 * Where a method names the block it reads at.
 * - `none`: no parameter names a block (`eth_chainId`, `eth_gasPrice`).
 * - `tag`: parameter `index` is a tag, a number or, where `byHash`, an EIP-1898 object; left out it means `latest`.
 *   With `field`, the block stands in that member of the parameter, an object (`eth_callMany`).
 * - `number`: like `tag`, but required, and a look-up of the block itself: an unknown block is answered with `null`.
 * - `hash`: parameter `index` is a block hash.
 * - `logs`: parameter `index` is a filter with `fromBlock`, `toBlock` or `blockHash`: of logs (EIP-234), or of traces, where
 *   few clients know `blockHash`, and a left-out `fromBlock` is `latest` to some and the first block to others.
 * - `range`: parameter `index` is the newest block of a range that runs backwards (`eth_feeHistory`).
 * - `transaction`: parameter `index` is a transaction hash; answered with `null` while it is unknown.
 *
 * `byHash` is true only where Geth, Nethermind, Besu, Erigon, Reth and anvil, as far as they have the method, all take
 * the hash of a block in place of its number.
 */
export type BlockParameter =
  | { readonly kind: 'none' }
  | { readonly kind: 'tag'; readonly index: number; readonly byHash: boolean; readonly field?: string }
  | { readonly kind: 'number'; readonly index: number; readonly byHash: boolean }
  | { readonly kind: 'hash'; readonly index: number }
  | { readonly kind: 'logs'; readonly index: number; readonly of: 'logs' | 'traces' }
  | { readonly kind: 'range'; readonly index: number }
  | { readonly kind: 'transaction'; readonly index: number };

/** What a node must offer, besides the block, to answer. */
export type Need = 'nothing' | 'state' | 'logs' | 'trace' | 'debug' | 'txpool';

/** What headgate knows about one JSON-RPC method. */
export interface MethodSpec {
  readonly name: string;
  /** False for a method that is not in the table; it is forwarded, but its name is no metric label. */
  readonly known: boolean;
  readonly block: BlockParameter;
  /** Reads the node's own head, which no parameter can name (`eth_gasPrice`): only a node at the published head is fresh. */
  readonly atHead: boolean;
  /** Changes something at the node, or for others. */
  readonly write: boolean;
  /** May be sent a second time, to the same node or another one, after a failure that leaves its fate open. */
  readonly idempotent: boolean;
  /**
   * With its block pinned, the answer never changes. Where the block is only known from the answer (`transaction`), this
   * holds from the answer's own block on; `null` and pending answers never qualify.
   */
  readonly cacheable: boolean;
  /** `null` is a legitimate answer, but one node's `null` may be ignorance: others are asked before it is believed. */
  readonly lookup: boolean;
  /** May keep a node busy for seconds; few run at once. */
  readonly costly: boolean;
  /** The answer may be large: it travels by HTTP where the node has it, so that no small answer waits behind it. */
  readonly heavy: boolean;
  readonly need: Need;
  /** What a provider roughly charges, in units of a plain read. */
  readonly units: number;
}
