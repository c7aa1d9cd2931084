import { describe, expect, it } from 'vitest';
import { clientAddress, trusts } from '../../src/ingress/client-address.ts';

const nobody = trusts([]);
const inside = trusts(['10.0.0.0/8', 'fd00::/8', '192.0.2.7']);

describe('clientAddress', () => {
  it('believes no header unless the socket is a trusted proxy', () => {
    expect(clientAddress('203.0.113.9', '198.51.100.1', nobody)).toBe('203.0.113.9');
    expect(clientAddress('203.0.113.9', '198.51.100.1', inside)).toBe('203.0.113.9');
  });

  it('takes the rightmost entry that is no proxy, not what a client wrote before it', () => {
    expect(clientAddress('10.0.0.1', '198.51.100.1, 203.0.113.5, 10.0.0.2', inside)).toBe('203.0.113.5');
  });

  it('trusts single addresses, and IPv6 networks', () => {
    expect(clientAddress('192.0.2.7', '203.0.113.5', inside)).toBe('203.0.113.5');
    expect(clientAddress('fd00::1', '2001:db8::5', inside)).toBe('2001:db8::5');
  });

  it('stops at an entry that is no address', () => {
    expect(clientAddress('10.0.0.1', '203.0.113.5, unknown', inside)).toBe('10.0.0.1');
  });

  it('knows a mapped IPv4 address for what it is', () => {
    expect(clientAddress('::ffff:10.0.0.1', '203.0.113.5', inside)).toBe('203.0.113.5');
  });

  it('says so when a socket has no address', () => {
    expect(clientAddress(undefined, undefined, inside)).toBe('unknown');
  });
});
