import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clientVersion } from '../../src/ethereum/client-kind.ts';

describe('a client version text', () => {
  test.each([
    ['Geth/v1.13.5-stable-916d6a44/linux-amd64/go1.21.4', 'geth', '1.13.5'],
    ['Geth/my-node/v1.14.0-stable/linux-amd64/go1.22', 'geth', '1.14.0'],
    ['bor/v1.2.3/linux-amd64/go1.21', 'geth', '1.2.3'],
    ['Nethermind/v1.25.4+20b10b35/linux-x64/dotnet8.0.2', 'nethermind', '1.25.4'],
    ['besu/v24.1.0/linux-x86_64/openjdk-java-17', 'besu', '24.1.0'],
    ['erigon/2.59.3/linux-amd64/go1.21.5', 'erigon', '2.59.3'],
    ['reth/v1.0.0-abc/x86_64-unknown-linux-gnu', 'reth', '1.0.0'],
    ['OpenEthereum//v3.3.5-stable-6c2d392d8-20220405/x86_64-linux-gnu/rustc1.59.0', 'openethereum', '3.3.5'],
    ['Parity-Ethereum//v2.7.2-stable-d961010f63-20200205/x86_64-linux-gnu/rustc1.41.0', 'openethereum', '2.7.2'],
    ['Parity//v1.7.9-stable/x86_64-linux-gnu/rustc1.21.0', 'openethereum', '1.7.9'],
    ['anvil/v1.7.1', 'anvil', '1.7.1'],
    ['HardhatNetwork/2.22.1/@nomicfoundation/edr/0.3.3', 'hardhat', '2.22.1'],
    ['Provider Gateway 7', 'other', ''],
    ['', 'other', ''],
  ])('%s is of %s %s', (text, kind, version) => {
    expect(clientVersion(text)).toEqual({ kind, version });
  });

  test('of any shape is read without a throw', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(clientVersion(text).kind).toBeTypeOf('string');
        expect(clientVersion(`Geth/${text}`).kind).toBe('geth');
      }),
    );
  });

  test('does not read inherited names as clients', () => {
    expect(clientVersion('constructor/v1.0')).toEqual({ kind: 'other', version: '1.0' });
  });
});
