/**
 * Where a method names the block it reads at.
 * - `none`: it reads no block's state (`eth_chainId`, `net_version`).
 * - `tag`: parameter `index` is a tag, a number or, where `byHash`, an EIP-1898 object; left out it means `latest`.
 * - `number`: like `tag`, but a look-up of the block itself: an unknown block is answered with `null`.
 * - `hash`: parameter `index` is a block hash.
 * - `logs`: parameter `index` is a log filter with `fromBlock`, `toBlock` or `blockHash`.
 * - `range`: parameter `index` is the newest block of a range that runs backwards (`eth_feeHistory`).
 * - `transaction`: parameter `index` is a transaction hash; answered with `null` while it is unknown.
 */
export type BlockParameter =
  | { readonly kind: 'none' }
  | { readonly kind: 'tag'; readonly index: number; readonly byHash: boolean }
  | { readonly kind: 'number'; readonly index: number }
  | { readonly kind: 'hash'; readonly index: number }
  | { readonly kind: 'logs'; readonly index: number }
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
  /** Changes something at the node, or for others. */
  readonly write: boolean;
  /** May be sent a second time, to the same node or another one, after a failure that leaves its fate open. */
  readonly idempotent: boolean;
  /** With its block pinned, the answer never changes. */
  readonly cacheable: boolean;
  /** May keep a node busy for seconds; few run at once. */
  readonly costly: boolean;
  /** The answer may be large: it travels by HTTP where the node has it, so that no small answer waits behind it. */
  readonly heavy: boolean;
  readonly need: Need;
  /** What a provider roughly charges, in units of a plain read. */
  readonly units: number;
}

const read: MethodSpec = {
  name: '',
  known: true,
  block: { kind: 'none' },
  write: false,
  idempotent: true,
  cacheable: false,
  costly: false,
  heavy: false,
  need: 'nothing',
  units: 1,
};

const table: ReadonlyMap<string, MethodSpec> = new Map(
  (
    [
      { name: 'eth_chainId' },
      { name: 'eth_sendRawTransaction', write: true },
    ] satisfies (Partial<MethodSpec> & { name: string })[]
  ).map((row) => [row.name, { ...read, ...row }]),
);

/** The table's row for a method; for an unknown one a careful guess: forwarded, never repeated, never stored. */
export const methodSpec = (name: string): MethodSpec =>
  table.get(name) ?? { ...read, name, known: false, idempotent: false };
