import { Buffer } from 'node:buffer';
import { isIP } from 'node:net';
import type { Config } from './schema.ts';

/** Shorter values are no secrets, and masking them would garble every line that happens to hold them. */
const LEAST = 4;

/**
 * All texts that must never be seen in a log, page, header or error: `inserted` (what came from outside), and what the
 * configuration holds itself: tokens, passwords, the paths and queries of URLs, credentials in headers. Each once, longest
 * first, so that a part is not masked before the whole.
 */
export const secretsOf = (config: Config, inserted: readonly string[] = []): readonly string[] => {
  const upstreams = config.chains.flatMap((chain) => chain.upstreams);
  const urls = [...upstreams.flatMap(({ url, ws }) => [url, ws]), config.redis?.url];
  const headers = upstreams.flatMap(({ headers: own }) => Object.entries(own ?? {}));
  const all = [
    ...inserted,
    ...urls.flatMap((url) => (url === undefined ? [] : secretsOfUrl(url))),
    ...headers.flatMap(([name, value]) => secretsOfHeader(name, value)),
    config.ops.token ?? '',
  ];
  return [...new Set(all)].filter((secret) => secret.length >= LEAST).sort((a, b) => b.length - a.length);
};

/** A word that nobody would choose by hand: a key rather than `v3` or `mainnet`. */
const random = (word: string): boolean =>
  word.length >= 20 || (word.length >= 8 && /\d/.test(word) && /[a-z]/i.test(word));

const address = /^(?:[a-z]+:\/\/)?([a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?\/?$/i;

/** A scheme, host or port, with nothing in it that could be a key: said in logs without harm. */
export const isAddress = (text: string): boolean => {
  const host = address.exec(text)?.[1];
  return host !== undefined && (isIP(host) !== 0 || !host.split(/[.-]/).some(random));
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const secretsOfUrl = (url: string): readonly string[] => {
  if (url.startsWith('ipc:') || !URL.canParse(url)) return [];
  const { username, password, pathname, search, searchParams } = new URL(url);
  const login = `${decoded(username)}:${decoded(password)}`;
  const credentials = password === '' ? [] : [password, decoded(password), Buffer.from(login).toString('base64')];
  // A provider may take its key as the user name alone.
  if (random(username)) credentials.push(username, decoded(username));
  const words = [...pathname.split('/'), ...searchParams.values()].filter(random);
  const keyed = words.length > 0;
  return [...credentials, ...words, ...words.map(decoded), ...(keyed ? [url, `${pathname}${search}`] : [])];
};

const secretsOfHeader = (name: string, value: string): readonly string[] => {
  const credential = /auth|key|token|secret|cookie|passw|signature/i.test(name);
  if (!credential && !random(value)) return [];
  const scheme = /^[A-Za-z]+ +(\S+)$/.exec(value)?.[1];
  return scheme === undefined ? [value] : [value, scheme];
};
