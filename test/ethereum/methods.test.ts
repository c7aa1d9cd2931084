import { describe, expect, test } from 'vitest';
import { methodTable } from '../../src/ethereum/method-table.ts';
import { methodSpec } from '../../src/ethereum/methods.ts';

const all = [...methodTable.values()];
const names = (wanted: (spec: (typeof all)[number]) => boolean) => all.filter(wanted).map((spec) => spec.name);

/** Methods whose block parameter the issue of pinning names; where it stands, by the clients' own documentation. */
const positions: readonly (readonly [name: string, kind: string, index: number])[] = [
  ['eth_getBalance', 'tag', 1],
  ['eth_getCode', 'tag', 1],
  ['eth_getTransactionCount', 'tag', 1],
  ['eth_getStorageAt', 'tag', 2],
  ['eth_getProof', 'tag', 2],
  ['eth_call', 'tag', 1],
  ['eth_estimateGas', 'tag', 1],
  ['eth_createAccessList', 'tag', 1],
  ['eth_simulateV1', 'tag', 1],
  ['eth_callMany', 'tag', 1],
  ['eth_feeHistory', 'range', 1],
  ['eth_getBlockByNumber', 'number', 0],
  ['eth_getBlockByHash', 'hash', 0],
  ['eth_getBlockReceipts', 'number', 0],
  ['eth_getBlockTransactionCountByNumber', 'number', 0],
  ['eth_getTransactionByBlockNumberAndIndex', 'number', 0],
  ['eth_getTransactionReceipt', 'transaction', 0],
  ['eth_getLogs', 'logs', 0],
  ['trace_block', 'tag', 0],
  ['trace_call', 'tag', 2],
  ['trace_callMany', 'tag', 1],
  ['trace_filter', 'logs', 0],
  ['trace_replayBlockTransactions', 'tag', 0],
  ['trace_replayTransaction', 'transaction', 0],
  ['debug_traceBlockByNumber', 'tag', 0],
  ['debug_traceBlockByHash', 'hash', 0],
  ['debug_traceCall', 'tag', 1],
  ['debug_traceTransaction', 'transaction', 0],
  ['parity_call', 'tag', 1],
  ['parity_listStorageKeys', 'tag', 3],
];

describe('the method table', () => {
  test.each(positions)('%s names its block as %s at parameter %i', (name, kind, index) => {
    expect(methodSpec(name).block).toMatchObject({ kind, index });
  });

  test('takes a block hash exactly where every client with the method does', () => {
    expect(names(({ block }) => 'byHash' in block && block.byHash).sort()).toEqual([
      'eth_call',
      'eth_getAccount',
      'eth_getAccountInfo',
      'eth_getBalance',
      'eth_getBlockReceipts',
      'eth_getCode',
      'eth_getProof',
      'eth_getStorageAt',
      'eth_getStorageValues',
      'eth_getTransactionCount',
    ]);
  });

  test('lets one write, and only that one, be sent again', () => {
    expect(names((spec) => spec.write && spec.idempotent)).toEqual(['eth_sendRawTransaction']);
  });

  test('never repeats what a single node keeps for itself', () => {
    const single = ['eth_sign', 'eth_signTransaction', 'eth_signTypedData_v4', 'eth_getFilterLogs', 'eth_getWork'];
    for (const name of single) expect(methodSpec(name).idempotent, name).toBe(false);
  });

  test('never stores a write, a look at the head, or something that may not be repeated', () => {
    expect(names((spec) => spec.cacheable && (spec.write || spec.atHead || !spec.idempotent))).toEqual([]);
  });

  test('stores only what names its block, but for a pure function of its input', () => {
    expect(names((spec) => spec.cacheable && spec.block.kind === 'none')).toEqual(['web3_sha3']);
  });

  test('stores nothing on which honest clients differ or that moves with time', () => {
    const volatile = ['eth_estimateGas', 'eth_createAccessList', 'eth_simulateV1', 'eth_gasPrice', 'txpool_content'];
    for (const name of [...volatile, 'eth_syncing', 'net_peerCount', 'web3_clientVersion']) {
      expect(methodSpec(name).cacheable, name).toBe(false);
    }
  });

  test('knows the head is read only where no parameter names a block', () => {
    expect(names((spec) => spec.atHead && spec.block.kind !== 'none')).toEqual([]);
  });

  test('counts a costly method dearer than a plain read', () => {
    expect(names((spec) => spec.costly && spec.units <= methodSpec('eth_getBalance').units)).toEqual([]);
  });

  test('asks others before it believes a null about a block or a transaction', () => {
    const believed = names(
      (spec) => (spec.block.kind === 'number' || spec.block.kind === 'transaction') && !spec.lookup,
    );
    // What is left answers an unknown transaction with an error.
    expect(believed.sort()).toEqual([
      'debug_traceTransaction',
      'ots_getInternalOperations',
      'ots_traceTransaction',
      'trace_replayTransaction',
    ]);
  });

  test('gives traces and debugging to nodes that offer them', () => {
    for (const spec of all) {
      if (spec.name.startsWith('trace_')) expect(spec.need, spec.name).toBe('trace');
      if (spec.name.startsWith('debug_') && !spec.write) expect(spec.need, spec.name).toBe('debug');
      if (spec.name.startsWith('txpool_')) expect(spec.need, spec.name).toBe('txpool');
    }
  });

  test('has sane figures in every row', () => {
    for (const spec of all) {
      expect(spec.known).toBe(true);
      expect(spec.units).toBeGreaterThan(0);
      if ('index' in spec.block) expect(spec.block.index).toBeGreaterThanOrEqual(0);
    }
  });

  test('knows names exactly: no folding, no trimming, no inherited names', () => {
    for (const name of ['ETH_CALL', ' eth_call', 'eth_call ', 'constructor', '__proto__', '']) {
      expect(methodSpec(name).known, name).toBe(false);
    }
  });
});

describe('a method that is not in the table', () => {
  test('is forwarded once and never stored', () => {
    expect(methodSpec('zks_L1BatchNumber')).toMatchObject({
      name: 'zks_L1BatchNumber',
      known: false,
      idempotent: false,
      cacheable: false,
      write: false,
    });
  });

  test('is a write in a namespace that changes nodes', () => {
    for (const name of [
      'admin_addPeer',
      'personal_unlockAccount',
      'anvil_setBalance',
      'evm_mine',
      'engine_newPayloadV4',
    ]) {
      expect(methodSpec(name).write, name).toBe(true);
    }
  });
});
