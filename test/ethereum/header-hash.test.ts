import { describe, expect, it } from 'vitest';
import { isSealed } from '../../src/ethereum/header-hash.ts';
import { ScriptedChain } from '../support/scripted-chain.ts';

/** Block 2 of an anvil 1.7.1 under Prague, as `eth_getBlockByNumber` gave it. */
const prague = {
  hash: '0x9b694e07e6c880167b1079f49536e6edabbcf814ad15e65a5b08fd976f176582',
  parentHash: '0x7d2bb115338c0a2aac88db1a023c7e96252b9d05c4fabead2afcc04a095ab335',
  sha3Uncles: '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347',
  miner: '0x0000000000000000000000000000000000000000',
  stateRoot: '0xab343ca77a65cb76765fd125c0b4a762dc93750b07fdef82101e0f80c7070e56',
  transactionsRoot: '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421',
  receiptsRoot: '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421',
  logsBloom: `0x${'0'.repeat(512)}`,
  difficulty: '0x0',
  number: '0x2',
  gasLimit: '0x1c9c380',
  gasUsed: '0x0',
  timestamp: '0x6b0147de',
  extraData: '0x',
  mixHash: '0x430bcdcc8efb27de8c42ddf98dbb4a731d5fd115a59c05eac827efb194e80344',
  nonce: '0x0000000000000000',
  baseFeePerGas: '0x342770c0',
  withdrawalsRoot: '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421',
  blobGasUsed: '0x0',
  excessBlobGas: '0x0',
  parentBeaconBlockRoot: `0x${'0'.repeat(64)}`,
  requestsHash: '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  totalDifficulty: '0x0',
  size: '0x267',
  uncles: [],
  transactions: [],
  withdrawals: [],
};

describe('the hash of a header', () => {
  it('is that of a real node’s header with all the forks’ fields', () => {
    expect(isSealed(prague)).toBe(true);
  });

  it('is that of a header of before the merge’s forks', () => {
    const chain = new ScriptedChain();
    expect(isSealed(chain.extend(chain.genesis, 3).header)).toBe(true);
  });

  it.each([
    ['another parent', { parentHash: prague.stateRoot }],
    ['another number', { number: '0x3' }],
    ['another timestamp', { timestamp: '0x6b0147df' }],
    ['a field less', { requestsHash: undefined }],
    ['a field that is no hex', { nonce: 'zero' }],
    ['a mandatory field less', { mixHash: undefined }],
    ['another hash', { hash: prague.parentHash }],
  ])('is not that of a header with %s', (_, change) => {
    expect(isSealed({ ...prague, ...change })).toBe(false);
  });

  it('does not depend on upper and lower case or on leading zeros of numbers', () => {
    expect(isSealed({ ...prague, hash: prague.hash.toUpperCase().replace('X', 'x'), number: '0x02' })).toBe(true);
  });
});
