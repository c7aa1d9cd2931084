import { isIP } from 'node:net';
import type { Reading } from './fields.ts';
import { nearest } from './suggest.ts';

/** An address to listen on. */
export const readIp = (value: string): Reading<string> => {
  if (isIP(value) !== 0) return { value };
  if (value === 'localhost') return { problem: 'expected an IP address', suggestion: 'did you mean 127.0.0.1?' };
  if (value === '*' || value === '') return { problem: 'expected an IP address', suggestion: 'did you mean 0.0.0.0?' };
  return { problem: 'expected an IP address' };
};

/** A network as `10.0.0.0/8`; a single address counts as a network of one. */
export const readCidr = (value: string): Reading<string> => {
  const [address = '', prefix, ...more] = value.split('/');
  const family = isIP(address);
  const bits = family === 4 ? 32 : 128;
  if (family !== 0 && prefix === undefined) return { value: `${address}/${bits}` };
  if (family !== 0 && more.length === 0 && /^\d{1,3}$/.test(prefix ?? '') && Number(prefix) <= bits) return { value };
  return { problem: 'expected a network such as 10.0.0.0/8 or fd00::/8' };
};

/** A page's origin as browsers send it, or `*` for every one. */
export const readOrigin = (value: string): Reading<string> => {
  if (value === '*') return { value };
  const problem = 'expected an origin such as https://shop.example, without a path';
  const match = /^([a-z][a-z0-9+.-]*:\/\/[^/?#\s@*]+)(\/?)$/i.exec(value);
  if (match?.[1] === undefined) return { problem };
  const origin = match[1].toLowerCase();
  return match[2] === '' && origin === value ? { value } : { problem, suggestion: `did you mean ${origin}?` };
};

/** A `Host` header: a name or address, with or without a port. */
export const readHost = (value: string): Reading<string> =>
  /^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.test(value)
    ? { value: value.toLowerCase() }
    : { problem: 'expected a host name, with or without a port, such as gateway.example:8545' };

/** A name that DNS can be asked for. */
export const readDnsName = (value: string): Reading<string> =>
  value.length <= 253 && isIP(value) === 0 && /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9])?\.?$/i.test(value)
    ? { value }
    : { problem: 'expected a DNS name such as geth-headless.nodes.svc' };

const nodeSchemes = ['http', 'https', 'ws', 'wss', 'ipc'] as const;

/** A node's address: `http(s)://`, `ws(s)://` or `ipc:///path`. */
export const readNodeUrl = (value: string): Reading<string> => {
  const problem = 'expected a URL that begins with http://, https://, ws://, wss:// or ipc:///';
  if (value.startsWith('ipc:')) return readIpc(value);
  if (/^\/[^\s?#]*$/.test(value)) return { problem, suggestion: `did you mean ipc://${value}?` };
  return readUrl(value, nodeSchemes, problem);
};

/** A node's WebSocket address. */
export const readWebSocketUrl = (value: string): Reading<string> =>
  readUrl(value, ['ws', 'wss'], 'expected a URL that begins with ws:// or wss://');

/** A Redis server's address. */
export const readRedisUrl = (value: string): Reading<string> => {
  const reading = readUrl(value, ['redis', 'rediss'], 'expected a URL that begins with redis:// or rediss://');
  if ('problem' in reading || /^\/?\d*$/.test(new URL(value).pathname)) return reading;
  return { problem: 'names its database by something else than a number, as in redis://host:6379/1' };
};

const readIpc = (value: string): Reading<string> => {
  if (/^ipc:\/\/\/[^\s/][^\0]*$/.test(value)) return { value };
  const path = /^ipc:(?:\/\/)?([^/\s][^\s]*|\/[^/\s][^\s]*)$/.exec(value)?.[1];
  const suggestion = path === undefined ? undefined : `did you mean ipc:///${path.replace(/^\//, '')}?`;
  return { problem: 'expected ipc:/// and an absolute path', suggestion };
};

const readUrl = (value: string, schemes: readonly string[], problem: string): Reading<string> => {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(value)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    // Only a host and port are said back: what follows them may be a key.
    const bare = /^(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?(?=$|\/)/i.exec(value)?.[0];
    return { problem, suggestion: bare === undefined ? undefined : `did you mean ${schemes[0]}://${bare}?` };
  }
  if (!schemes.includes(scheme)) {
    const near = nearest(scheme, schemes);
    return { problem, suggestion: near === undefined ? undefined : `did you mean ${near}://?` };
  }
  if (/\s/.test(value) || !URL.canParse(value)) return { problem: 'is not a URL that can be read' };
  const { hostname, hash } = new URL(value);
  if (hostname === '') return { problem: 'has no host' };
  return hash === '' ? { value } : { problem: 'has a # part, which is never sent to a server' };
};
