/** The node software, as far as wordings and abilities depend on it. */
export type ClientKind =
  | 'geth'
  | 'nethermind'
  | 'besu'
  | 'erigon'
  | 'reth'
  | 'openethereum'
  | 'anvil'
  | 'hardhat'
  | 'other';

export interface ClientVersion {
  readonly kind: ClientKind;
  /** As `1.13.5`, without a leading `v` and without build words; empty where the text has none. */
  readonly version: string;
}

/** First words of `web3_clientVersion`, lower-cased. Forks that kept their parent's wordings stand with the parent. */
const prefixes: readonly (readonly [ClientKind, readonly string[]])[] = [
  ['geth', ['geth', 'bor', 'op-geth', 'coregeth', 'quorum', 'goquorum', 'gochain', 'xdc']],
  ['nethermind', ['nethermind']],
  ['besu', ['besu', 'linea-besu', 'pantheon']],
  ['erigon', ['erigon', 'op-erigon', 'turbogeth', 'bsc-erigon']],
  ['reth', ['reth', 'op-reth', 'bera-reth']],
  ['openethereum', ['openethereum', 'parity-ethereum', 'parity', 'openethereum-xdai']],
  ['anvil', ['anvil']],
  ['hardhat', ['hardhatnetwork', 'hardhat', 'edr']],
];

const kinds: ReadonlyMap<string, ClientKind> = new Map(
  prefixes.flatMap(([kind, words]) => words.map((word) => [word, kind] as const)),
);

/**
 * Reads `web3_clientVersion` (`Geth/v1.13.5-stable/linux-amd64/go1.21`, `OpenEthereum//v3.3.5/…`, `anvil/v1.7.1`):
 * the first part is the client, the version is the first later part that starts with a number.
 */
export const clientVersion = (text: string): ClientVersion => {
  const [first = '', ...rest] = text.slice(0, 300).split('/');
  const kind = kinds.get(first.trim().toLowerCase()) ?? 'other';
  for (const part of rest) {
    const version = /^v?(\d+(?:\.\d+)*)/.exec(part.trim())?.[1];
    if (version !== undefined) return { kind, version };
  }
  return { kind, version: '' };
};
