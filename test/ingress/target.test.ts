import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { Endpoints, parseTarget } from '../../src/ingress/target.ts';

describe('parseTarget', () => {
  it.each([
    ['/', { kind: 'rpc', chain: undefined, key: undefined }],
    ['', { kind: 'rpc', chain: undefined, key: undefined }],
    ['/mainnet', { kind: 'rpc', chain: 'mainnet', key: undefined }],
    ['/mainnet/', { kind: 'rpc', chain: 'mainnet', key: undefined }],
    ['/1', { kind: 'rpc', chain: '1', key: undefined }],
    ['/key/secret', { kind: 'rpc', chain: undefined, key: 'secret' }],
    ['/mainnet/key/secret', { kind: 'rpc', chain: 'mainnet', key: 'secret' }],
    ['/mainnet/key/secret/events', { kind: 'events', chain: 'mainnet', key: 'secret' }],
    ['/events', { kind: 'events', chain: undefined, key: undefined }],
    ['/mainnet/events', { kind: 'events', chain: 'mainnet', key: undefined }],
    ['/livez', { kind: 'livez' }],
    ['/readyz', { kind: 'readyz' }],
    ['/a/b', { kind: 'unknown' }],
    ['/a/b/c/d/e', { kind: 'unknown' }],
    ['/%zz', { kind: 'rpc', chain: '%zz', key: undefined }],
  ])('reads %s', (path, target) => {
    expect(parseTarget(path)).toEqual(target);
  });
});

describe('Endpoints', () => {
  const endpoint = (name: string, id: bigint | undefined): Endpoint => ({
    name,
    chainId: () => id,
    head: () => undefined,
    timeoutMs: 1,
    handle: () => Promise.reject(new Error('not called')),
  });
  const main = endpoint('mainnet', 1n);
  const other = endpoint('sepolia', 11155111n);

  it('takes the only chain for a path that names none', () => {
    expect(new Endpoints([main], undefined).find(undefined)).toBe(main);
  });

  it('takes the marked chain among several, and none without a mark', () => {
    expect(new Endpoints([main, other], 'sepolia').find(undefined)).toBe(other);
    expect(new Endpoints([main, other], undefined).find(undefined)).toBeUndefined();
  });

  it('finds a chain by name and by decimal id, and nothing else', () => {
    const endpoints = new Endpoints([main, other], undefined);
    expect(endpoints.find('sepolia')).toBe(other);
    expect(endpoints.find('11155111')).toBe(other);
    expect(endpoints.find('0x1')).toBeUndefined();
    expect(endpoints.find('2')).toBeUndefined();
  });
});
