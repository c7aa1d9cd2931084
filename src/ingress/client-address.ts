import { BlockList, isIP } from 'node:net';

/** Tells whether an address belongs to a proxy whose word on its clients is believed. */
export type Trusts = (address: string) => boolean;

/** Compiles CIDRs such as `10.0.0.0/8` or `fd00::/8`; a bare address is itself alone. */
export const trusts = (cidrs: readonly string[]): Trusts => {
  if (cidrs.length === 0) return () => false;
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', length] = cidr.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (length === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(length), family);
  }
  return (address) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
};

/**
 * The address a client is known by: the socket's own, or, behind trusted proxies, the rightmost entry of
 * X-Forwarded-For that is not one of them. Entries to the left of it are the client's own claim.
 */
export const clientAddress = (
  socket: string | undefined,
  forwardedFor: string | undefined,
  trusted: Trusts,
): string => {
  let address = unmapped(socket ?? 'unknown');
  if (forwardedFor === undefined) return address;
  const hops = forwardedFor.split(',').map((hop) => unmapped(hop.trim()));
  while (isIP(address) !== 0 && trusted(address)) {
    const hop = hops.pop();
    if (hop === undefined || isIP(hop) === 0) break;
    address = hop;
  }
  return address;
};

/** A dual-stack socket tells `::ffff:10.0.0.1` for what everybody calls `10.0.0.1`. */
const unmapped = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address);
