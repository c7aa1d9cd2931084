/** Beginnings of methods that write, or that make something which lives at one node. */
const writing = [
  'eth_send',
  'eth_sign',
  'eth_submit',
  'eth_cancel',
  'eth_resend',
  'eth_subscribe',
  'eth_unsubscribe',
  'eth_new',
  'eth_getFilter',
  'eth_uninstallFilter',
  'mev_',
  'admin_',
  'personal_',
  'engine_',
  'miner_',
  'anvil_',
  'hardhat_',
  'evm_',
  'perm_',
  'signer_',
  'raft_',
  'clique_',
  'istanbul_',
  'ibft_',
  'qbft_',
];

/**
 * Beginnings of methods on which honest nodes differ, so that comparing their answers would report liars where there
 * are none: estimates and fee suggestions, traces (each client has a shape of its own), what a node says of itself or
 * of its pool.
 */
const differing = [
  'eth_estimate',
  'eth_gasPrice',
  'eth_maxPriorityFeePerGas',
  'eth_blobBaseFee',
  'eth_feeHistory',
  'eth_createAccessList',
  'eth_fillTransaction',
  'eth_pendingTransactions',
  'eth_protocolVersion',
  'eth_syncing',
  'eth_mining',
  'eth_hashrate',
  'eth_coinbase',
  'eth_accounts',
  'eth_getWork',
  'eth_config',
  'eth_capabilities',
  'trace_',
  'debug_',
  'net_',
  'txpool_',
  'web3_',
  'parity_',
  'ots_',
  'rpc_',
];

/** Why a method, or a pattern with `*`, cannot be read from a quorum. Undefined where it can. */
export const quorumObjection = (pattern: string): string | undefined => {
  if (writing.some((start) => covers(pattern, start))) {
    return 'covers methods that write or that live at one node, which cannot be asked of several';
  }
  if (differing.some((start) => covers(pattern, start))) {
    return 'covers methods on which honest nodes differ: estimates, fees, traces, what a node says of itself';
  }
  return undefined;
};

/** With a wildcard only what stands before it counts: rather one pattern too many refused than a write repeated. */
const covers = (pattern: string, start: string): boolean => {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern.startsWith(start);
  const fixed = pattern.slice(0, star);
  return fixed.startsWith(start) || start.startsWith(fixed);
};
