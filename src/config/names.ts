import type { Reading } from './fields.ts';

const label = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

const labelProblem = 'expected a name of up to 63 letters, digits, dots, dashes and underscores';

/** Reads a name that will stand in paths, headers and labels of metrics. `taken` are words with a meaning of their own. */
export const readName =
  (...taken: readonly string[]) =>
  (value: string): Reading<string> => {
    if (!label.test(value)) return { problem: labelProblem };
    return taken.includes(value.toLowerCase())
      ? { problem: 'has a meaning of its own; choose another name' }
      : { value };
  };

/** Reads a chain's name: the first part of its path, where some words and all numbers (chain ids) mean something else. */
export const readChainName = (value: string): Reading<string> => {
  if (/^\d+$/.test(value)) {
    return {
      problem: 'is a number, which in a path is a chain id',
      suggestion: `put it under "id" and choose a word, such as chain-${value.slice(0, 20)}`,
    };
  }
  if (['events', 'key', 'livez', 'readyz'].includes(value.toLowerCase())) {
    return { problem: 'is a path of its own; choose another name' };
  }
  return label.test(value) ? { value } : { problem: labelProblem };
};

/** Reads a method's name in which `*` may stand for any run of characters. */
export const readMethodPattern = (value: string): Reading<string> =>
  /^[A-Za-z0-9_.*-]{1,128}$/.test(value)
    ? { value }
    : { problem: 'expected a method such as eth_call or eth_*, with * as the only wildcard' };

/** What an upstream is called when nobody named it: its host and port, never its path, which may be a key. */
export const nameOf = (url: string | undefined, dns: string | undefined): string => {
  const words = url === undefined ? dns?.split('.')[0] : url.startsWith('ipc:') ? fileName(url) : hostAndPort(url);
  const name = (words ?? '')
    .replace(/[^A-Za-z0-9.]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 56);
  return name === '' ? 'upstream' : name;
};

const fileName = (url: string): string | undefined => /([^/]+?)(?:\.ipc)?$/.exec(url)?.[1];

const hostAndPort = (url: string): string => {
  if (!URL.canParse(url)) return '';
  const { hostname, port } = new URL(url);
  return port === '' ? hostname : `${hostname}-${port}`;
};

/** The name itself, or with the first free number behind it; takes it. */
export const unique = (name: string, taken: Set<string>): string => {
  let candidate = name;
  for (let number = 2; taken.has(candidate); number += 1) candidate = `${name}-${number}`;
  taken.add(candidate);
  return candidate;
};
