import type { BlockParameter, MethodSpec } from './method-spec.ts';

type Row = Partial<Omit<MethodSpec, 'name' | 'known'>>;
type Group = readonly [row: Row, names: readonly string[]];

const tag = (index: number): BlockParameter => ({ kind: 'tag', index, byHash: false });
const tagOrHash = (index: number): BlockParameter => ({ kind: 'tag', index, byHash: true });
const number = (index: number): BlockParameter => ({ kind: 'number', index, byHash: false });
const hash = (index: number): BlockParameter => ({ kind: 'hash', index });
const transaction = (index: number): BlockParameter => ({ kind: 'transaction', index });
const logs: BlockParameter = { kind: 'logs', index: 0, of: 'logs' };
const traceFilter: BlockParameter = { kind: 'logs', index: 0, of: 'traces' };
/** Erigon's and Reth's second argument of `*CallMany`: `{ blockNumber, transactionIndex }`. */
const context: BlockParameter = { kind: 'tag', index: 1, byHash: false, field: 'blockNumber' };

const state: Row = { need: 'state', cacheable: true };
const found: Row = { lookup: true, cacheable: true };
const traced: Row = { need: 'trace', cacheable: true, costly: true, heavy: true, units: 20 };
const debugged: Row = { need: 'debug', cacheable: true, costly: true, heavy: true, units: 40 };
const write: Row = { write: true, idempotent: false };
const pool: Row = { need: 'txpool' };

/**
 * Sources: ethereum/execution-apis, Geth's `internal/ethapi` and `eth/tracers`, the JSON-RPC pages of Nethermind, Besu,
 * Erigon, Reth and OpenEthereum, and anvil's request type. The first `byHash` list is EIP-1898's own.
 */
const core: readonly Group[] = [
  [
    {},
    [
      'eth_chainId',
      'eth_protocolVersion',
      'eth_syncing',
      'eth_accounts',
      'eth_coinbase',
      'eth_mining',
      'eth_hashrate',
      'eth_capabilities',
      'net_version',
      'net_listening',
      'net_peerCount',
      'web3_clientVersion',
      'rpc_modules',
    ],
  ],
  [
    { atHead: true },
    [
      'eth_blockNumber',
      'eth_gasPrice',
      'eth_maxPriorityFeePerGas',
      'eth_baseFee',
      'eth_blobBaseFee',
      'eth_config',
      'eth_fillTransaction',
    ],
  ],
  [{ cacheable: true }, ['web3_sha3']],
  [{ ...state, block: tagOrHash(1) }, ['eth_getBalance', 'eth_getCode', 'eth_getTransactionCount']],
  [{ ...state, block: tagOrHash(1) }, ['eth_getAccount', 'eth_getAccountInfo']],
  [{ ...state, block: tagOrHash(1), units: 2 }, ['eth_call']],
  [{ ...state, block: tagOrHash(1), units: 4 }, ['eth_getStorageValues']],
  [{ ...state, block: tagOrHash(2) }, ['eth_getStorageAt']],
  [{ ...state, block: tagOrHash(2), units: 2 }, ['eth_getProof']],
  // Clients honestly differ in estimates, access lists and simulations: one client's answer must not stand for all.
  [{ need: 'state', block: tag(1), units: 4 }, ['eth_estimateGas', 'eth_createAccessList']],
  [{ need: 'state', block: tag(1), costly: true, heavy: true, units: 8 }, ['eth_simulateV1']],
  [{ need: 'state', block: context, costly: true, heavy: true, units: 8 }, ['eth_callMany']],
  [{ need: 'state', atHead: true, costly: true, units: 8 }, ['eth_callBundle']],
  [{ block: { kind: 'range', index: 1 }, cacheable: true, units: 2 }, ['eth_feeHistory']],
  [
    { ...found, block: number(0) },
    [
      'eth_getBlockByNumber',
      'eth_getHeaderByNumber',
      'eth_getBlockTransactionCountByNumber',
      'eth_getUncleCountByBlockNumber',
      'eth_getUncleByBlockNumberAndIndex',
      'eth_getTransactionByBlockNumberAndIndex',
      'eth_getRawTransactionByBlockNumberAndIndex',
    ],
  ],
  [
    { ...found, block: hash(0) },
    [
      'eth_getBlockByHash',
      'eth_getHeaderByHash',
      'eth_getBlockTransactionCountByHash',
      'eth_getUncleCountByBlockHash',
      'eth_getUncleByBlockHashAndIndex',
      'eth_getTransactionByBlockHashAndIndex',
      'eth_getRawTransactionByBlockHashAndIndex',
    ],
  ],
  [{ ...found, block: { kind: 'number', index: 0, byHash: true }, heavy: true, units: 5 }, ['eth_getBlockReceipts']],
  [
    { ...found, block: transaction(0) },
    ['eth_getTransactionByHash', 'eth_getTransactionReceipt', 'eth_getRawTransactionByHash'],
  ],
  [{ lookup: true }, ['eth_getTransactionBySenderAndNonce']],
  [{ need: 'logs', block: logs, cacheable: true, heavy: true, units: 5 }, ['eth_getLogs']],
  [pool, ['eth_pendingTransactions', 'txpool_status']],
  [{ ...pool, heavy: true, units: 5 }, ['txpool_content', 'txpool_inspect']],
  [pool, ['txpool_contentFrom', 'txpool_besuStatistics', 'txpool_besuTransactions', 'txpool_besuPendingTransactions']],
];

const writes: readonly Group[] = [
  [{ write: true, idempotent: true, units: 5 }, ['eth_sendRawTransaction']],
  [
    { ...write, units: 5 },
    [
      'eth_sendRawTransactionSync',
      'eth_sendRawTransactionConditional',
      'eth_sendPrivateTransaction',
      'eth_sendPrivateRawTransaction',
      'eth_cancelPrivateTransaction',
      'eth_sendBundle',
      'eth_sendUserOperation',
      'mev_sendBundle',
    ],
  ],
  [
    write,
    [
      'eth_sendTransaction',
      'eth_resend',
      'eth_submitWork',
      'eth_submitHashrate',
      'eth_newFilter',
      'eth_newBlockFilter',
      'eth_newPendingTransactionFilter',
      'eth_getFilterChanges',
      'eth_uninstallFilter',
      'eth_subscribe',
      'eth_unsubscribe',
      'parity_subscribe',
      'parity_unsubscribe',
      'parity_postTransaction',
      'parity_removeTransaction',
      'debug_setHead',
      'debug_standardTraceBlockToFile',
      'debug_standardTraceBadBlockToFile',
    ],
  ],
  // Answered out of what one node holds (its keys, its work package, a filter): another node would say something else.
  [
    { idempotent: false },
    [
      'eth_sign',
      'eth_signTransaction',
      'eth_signTypedData',
      'eth_signTypedData_v3',
      'eth_signTypedData_v4',
      'eth_getWork',
      'eth_getFilterLogs',
    ],
  ],
];

const traces: readonly Group[] = [
  [{ ...traced, lookup: true, block: tag(0) }, ['trace_block']],
  [{ ...traced, block: tag(0), units: 40 }, ['trace_replayBlockTransactions']],
  [{ ...traced, block: tag(1) }, ['trace_callMany']],
  [{ ...traced, block: tag(2) }, ['trace_call']],
  [{ ...traced, cacheable: false, atHead: true }, ['trace_rawTransaction']],
  [{ ...traced, lookup: true, block: transaction(0) }, ['trace_transaction', 'trace_get']],
  [{ ...traced, block: transaction(0) }, ['trace_replayTransaction']],
  [{ ...traced, block: traceFilter, units: 40 }, ['trace_filter']],
  [{ ...debugged, block: tag(0), units: 80 }, ['debug_traceBlockByNumber']],
  [{ ...debugged, block: hash(0), units: 80 }, ['debug_traceBlockByHash', 'debug_intermediateRoots']],
  [{ ...debugged, block: tag(1) }, ['debug_traceCall']],
  [{ ...debugged, block: context }, ['debug_traceCallMany']],
  [{ ...debugged, block: transaction(0) }, ['debug_traceTransaction']],
  [{ ...debugged, block: tag(0) }, ['debug_storageRangeAt', 'debug_accountRange', 'debug_dumpBlock']],
  [{ ...debugged, cacheable: false }, ['debug_traceBlock', 'debug_traceBadBlock', 'debug_getBadBlocks']],
  [
    { need: 'debug', cacheable: true, heavy: true, units: 5, block: tag(0) },
    ['debug_getRawBlock', 'debug_getRawHeader', 'debug_getRawReceipts', 'debug_executionWitness'],
  ],
  [{ ...found, need: 'debug', block: transaction(0) }, ['debug_getRawTransaction']],
  [{ need: 'debug' }, ['debug_getModifiedAccountsByNumber', 'debug_getModifiedAccountsByHash', 'debug_preimage']],
];

const dialects: readonly Group[] = [
  [{ ...found, block: number(0) }, ['parity_getBlockHeaderByNumber', 'erigon_getHeaderByNumber']],
  [{ ...found, block: number(0), heavy: true, units: 5 }, ['parity_getBlockReceipts', 'parity_getRawBlockByNumber']],
  [{ ...state, block: tag(1), units: 4 }, ['parity_call']],
  [{ ...state, block: tag(2), heavy: true, units: 5 }, ['parity_listAccounts']],
  [{ ...state, block: tag(3), heavy: true, units: 5 }, ['parity_listStorageKeys']],
  [{ atHead: true }, ['parity_nextNonce', 'parity_gasPriceHistogram', 'parity_registryAddress']],
  [
    { ...pool, heavy: true, units: 5 },
    [
      'parity_pendingTransactions',
      'parity_allTransactions',
      'parity_allTransactionHashes',
      'parity_futureTransactions',
    ],
  ],
  [pool, ['parity_pendingTransactionsStats', 'parity_localTransactions', 'parity_transactionsLimit']],
  [
    {},
    [
      'parity_chain',
      'parity_chainId',
      'parity_chainStatus',
      'parity_nodeStatus',
      'parity_nodeName',
      'parity_nodeKind',
      'parity_enode',
      'parity_mode',
      'parity_netChain',
      'parity_netPeers',
      'parity_netPort',
      'parity_rpcSettings',
      'parity_versionInfo',
      'parity_releasesInfo',
      'parity_consensusCapability',
      'parity_defaultExtraData',
      'parity_extraData',
      'parity_gasFloorTarget',
      'parity_gasCeilTarget',
      'parity_minGasPrice',
      'parity_unsignedTransactionsCount',
      'parity_verifySignature',
      'parity_wsUrl',
      'erigon_forks',
      'erigon_nodeInfo',
      'ots_getApiLevel',
    ],
  ],
  [{ ...found, block: hash(0) }, ['erigon_getHeaderByHash', 'ots_getBlockDetailsByHash']],
  [{ ...found, block: hash(0), heavy: true, units: 5 }, ['erigon_getBlockReceiptsByBlockHash', 'erigon_getLogsByHash']],
  [{ need: 'logs', block: logs, cacheable: true, heavy: true, units: 5 }, ['erigon_getLogs']],
  [{ need: 'logs', atHead: true, costly: true, heavy: true, units: 5 }, ['erigon_getLatestLogs']],
  [{ atHead: true, lookup: true }, ['erigon_blockNumber', 'erigon_getBlockByTimestamp']],
  [{ ...state, block: tag(0), costly: true, units: 20 }, ['erigon_getBalanceChangesInBlock']],
  [{ ...found, block: number(0) }, ['ots_getBlockDetails']],
  [{ ...found, block: number(0), heavy: true, units: 5 }, ['ots_getBlockTransactions']],
  [{ ...state, block: tag(1) }, ['ots_hasCode']],
  [{ ...traced, block: transaction(0) }, ['ots_traceTransaction', 'ots_getInternalOperations']],
  [{ ...found, need: 'trace', block: transaction(0), units: 5 }, ['ots_getTransactionError']],
  [
    { need: 'trace', atHead: true, lookup: true, costly: true, units: 20 },
    ['ots_getContractCreator', 'ots_getTransactionBySenderAndNonce'],
  ],
  [
    { need: 'trace', atHead: true, costly: true, heavy: true, units: 20 },
    ['ots_searchTransactionsBefore', 'ots_searchTransactionsAfter'],
  ],
  [{ block: tag(0), cacheable: true }, ['clique_getSnapshot', 'clique_getSigners', 'istanbul_getValidators']],
  [
    { block: tag(0), cacheable: true },
    ['ibft_getValidatorsByBlockNumber', 'qbft_getValidatorsByBlockNumber', 'bor_getSnapshot', 'bor_getSigners'],
  ],
];

const plain: Omit<MethodSpec, 'name'> = {
  known: true,
  block: { kind: 'none' },
  atHead: false,
  write: false,
  idempotent: true,
  cacheable: false,
  lookup: false,
  costly: false,
  heavy: false,
  need: 'nothing',
  units: 1,
};

/** Every method headgate knows, by its exact name. */
export const methodTable: ReadonlyMap<string, MethodSpec> = new Map(
  [...core, ...writes, ...traces, ...dialects].flatMap(([row, names]) =>
    names.map((name) => [name, { ...plain, ...row, name }] as const),
  ),
);
