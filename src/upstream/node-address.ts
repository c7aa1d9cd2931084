/** An endpoint's address with its secrets set apart. */
export interface NodeAddress {
  readonly kind: 'http' | 'ws' | 'ipc';
  /** The URL without userinfo; for IPC the path of the socket. */
  readonly target: string;
  /** With `authorization` where the URL had userinfo and no header says otherwise. */
  readonly headers: Readonly<Record<string, string>>;
  /** On this machine or in a private network, where a node is most likely one's own. */
  readonly nearby: boolean;
}

/** Takes apart `http(s)://`, `ws(s)://` and `ipc:///path`. Undefined for anything else. */
export const nodeAddress = (text: string, headers: Readonly<Record<string, string>> = {}): NodeAddress | undefined => {
  // Not by URL, which would shorten the path of a Windows pipe (`ipc:////./pipe/geth.ipc`).
  if (text.startsWith('ipc://')) return { kind: 'ipc', target: text.slice('ipc://'.length), headers: {}, nearby: true };
  const url = URL.parse(text);
  const kind = url === null ? undefined : kinds[url.protocol];
  if (url === null || kind === undefined) return undefined;
  const authorization = basicAuth(url.username, url.password);
  url.username = '';
  url.password = '';
  url.hash = '';
  return {
    kind,
    target: url.href,
    headers: { ...(authorization === undefined ? {} : { authorization }), ...lowerCased(headers) },
    nearby: isNearby(url.hostname),
  };
};

/** Where a node that offers HTTP here would offer WebSocket at the same port. */
export const siblingSocket = (url: string): string => url.replace(/^http/i, 'ws');

const kinds: Readonly<Record<string, 'http' | 'ws'>> = { 'http:': 'http', 'https:': 'http', 'ws:': 'ws', 'wss:': 'ws' };

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

const basicAuth = (user: string, password: string): string | undefined =>
  user === '' && password === ''
    ? undefined
    : `Basic ${Buffer.from(`${decoded(user)}:${decoded(password)}`).toString('base64')}`;

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

/** Loopback, private, link-local and shared (RFC 6598) addresses; names that only a local resolver knows. */
export const isNearby = (hostname: string): boolean => {
  const host = hostname.toLowerCase().replace(/\.$/, '');
  if (host.startsWith('[')) return /^\[(?:::1\]|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/.test(host);
  const octets = /^(\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}$/.exec(host);
  if (octets === null) return !host.includes('.') || /\.(?:localhost|local|internal|lan|svc|home\.arpa)$/.test(host);
  const [first, second] = [Number(octets[1]), Number(octets[2])];
  return (
    first === 127 ||
    first === 10 ||
    (first === 172 && second >= 16 && second <= 31) ||
    (first === 192 && second === 168) ||
    (first === 169 && second === 254) ||
    (first === 100 && second >= 64 && second <= 127)
  );
};
