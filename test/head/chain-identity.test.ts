import { describe, expect, it } from 'vitest';
import { chainIdentityOf, type IdentityReport, nextIdentity, wrongChain } from '../../src/head/chain-identity.ts';

const report = (
  chainId: number | 'failed' | undefined,
  genesis: string | undefined = '0xaa',
  tier = 0,
): IdentityReport => ({
  tier,
  identity: typeof chainId === 'number' ? { chainId: BigInt(chainId), genesis, client: '' } : chainId,
});

describe('the identity of a chain', () => {
  it('is what more than half of all upstreams say, as soon as they have', () => {
    expect(chainIdentityOf([report(1), report(1), report(undefined)], undefined, true)).toEqual({
      chainId: 1n,
      genesis: '0xaa',
      settled: true,
    });
  });

  it('is not decided by a lone upstream while others are still awaited', () => {
    expect(chainIdentityOf([report(5), report(undefined), report(undefined)], undefined, true)).toBeUndefined();
    expect(chainIdentityOf([report(5), report(1), report(1)], undefined, true)?.chainId).toBe(1n);
  });

  it('is provisional where only a few can be asked', () => {
    expect(chainIdentityOf([report(5), report('failed'), report('failed')], undefined, true)).toMatchObject({
      chainId: 5n,
      settled: false,
    });
    expect(chainIdentityOf([report(5), report(undefined), report(undefined)], undefined, false)?.settled).toBe(false);
  });

  it('is that of the lowest tier on a tie', () => {
    expect(chainIdentityOf([report(5, '0xaa', 1), report(1, '0xbb', 0)], undefined, true)?.chainId).toBe(1n);
  });

  it('is the configured chain’s, whatever the majority is of', () => {
    expect(chainIdentityOf([report(5), report(5), report(1, '0xcc')], 1n, true)).toMatchObject({
      chainId: 1n,
      genesis: '0xcc',
    });
    expect(chainIdentityOf([report(5), report(5)], 1n, true)).toBeUndefined();
  });

  it('has the genesis that most nodes of the chain tell, and counts those that cannot tell for it', () => {
    const reports = [report(1, '0xaa'), report(1, undefined), report(1, '0xaa'), report(1, '0xbb')];
    expect(chainIdentityOf(reports, undefined, true)).toEqual({ chainId: 1n, genesis: '0xaa', settled: true });
  });

  it('gives way to a majority while it is provisional', () => {
    const first = nextIdentity(undefined, [report(5), report('failed'), report('failed')], undefined, true);
    expect(first?.chainId).toBe(5n);
    expect(nextIdentity(first, [report(5), report(1), report('failed')], undefined, true)?.chainId).toBe(5n);
    expect(nextIdentity(first, [report(5), report(1), report(1)], undefined, true)?.chainId).toBe(1n);
  });

  it('keeps its chain id for good once it is settled', () => {
    const settled = { chainId: 1n, genesis: '0xaa', settled: true };
    expect(nextIdentity(settled, [report(5), report(5), report(5)], undefined, true)).toBe(settled);
  });

  it('takes another genesis only when a majority has it and nobody the old one', () => {
    const settled = { chainId: 1n, genesis: '0xaa', settled: true };
    expect(nextIdentity(settled, [report(1, '0xbb'), report(1, '0xbb'), report(1, '0xaa')], undefined, true)).toBe(
      settled,
    );
    expect(
      nextIdentity(settled, [report(1, '0xbb'), report(1, '0xbb'), report('failed')], undefined, true)?.genesis,
    ).toBe('0xbb');
    expect(nextIdentity(settled, [report(1, '0xbb'), report('failed'), report('failed')], undefined, true)).toBe(
      settled,
    );
  });

  it('is not that of a node with another id or genesis, and a node that cannot tell its genesis passes', () => {
    const chain = { chainId: 1n, genesis: '0xaa', settled: true };
    const identity = (chainId: bigint, genesis: string | undefined) => ({ chainId, genesis, client: '' });
    expect(wrongChain(identity(5n, '0xaa'), chain)).toBe('it is of chain 5, this is chain 1');
    expect(wrongChain(identity(1n, '0xbb'), chain)).toBe("its genesis is 0xbb, this chain's is 0xaa");
    expect(wrongChain(identity(1n, undefined), chain)).toBeUndefined();
    expect(wrongChain(identity(1n, '0xaa'), chain)).toBeUndefined();
  });
});
