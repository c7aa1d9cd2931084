import { isIPv4 } from 'node:net';

/** Where the listener is bound, and which names besides the machine's own lead to it. */
export interface HostRule {
  /** The address or name that the listener is bound to. */
  readonly bound: string;
  /** More names accepted on loopback, without port or with the one that has to match. */
  readonly hosts: readonly string[];
}

const OWN: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Tells whether a request with this `Host` header may be served. Behind a loopback address anybody's page in this machine's browser
 * could reach us under a name of its own that it makes resolve to 127.0.0.1 (DNS rebinding); the header tells that name. Any
 * other listener is meant to be reached by names that we do not know. A request without the header is from no browser.
 */
export const hostCheck = ({ bound, hosts }: HostRule): ((header: string | undefined) => boolean) => {
  if (!isLoopback(bound)) return () => true;
  const names = new Set([...OWN, bound, ...hosts].map((name) => name.toLowerCase()));
  return (header) => {
    if (header === undefined) return true;
    const host = header.toLowerCase();
    return names.has(host) || names.has(host.replace(/:\d{0,5}$/, ''));
  };
};

/** True for an address, or name, that only this machine can reach. */
export const isLoopback = (host: string): boolean =>
  host.toLowerCase() === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
