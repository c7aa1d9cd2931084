import { describe, expect, it } from 'vitest';
import { hang } from '../support/fake-node.ts';
import { startPool } from './pool.ts';

const hash = `0x${'12'.repeat(32)}`;

describe('a null that another node may know better', () => {
  it('is believed after the time of one attempt, where the other node hangs', async () => {
    await using pool = await startPool([{ config: { weight: 1000 } }, { config: { weight: 0.001 } }], {
      routing: { timeout: '2m', attemptTimeout: '1500ms' },
    });
    pool.nodes[0]?.on('eth_getTransactionReceipt', () => null);
    pool.nodes[1]?.on('eth_getTransactionReceipt', () => hang());
    const { json, headers } = await pool.call('eth_getTransactionReceipt', [hash]);
    expect(json).toEqual({ jsonrpc: '2.0', id: 1, result: null });
    expect(headers.get('x-headgate-attempts')).toBe('2');
  });
});
