import { readCidr, readHost, readIp, readOrigin, readRedisUrl } from './addresses.ts';
import {
  choice,
  count,
  decimal,
  duration,
  field,
  flag,
  line,
  list,
  type Reading,
  section,
  size,
  text,
} from './fields.ts';
import { readMethodPattern, readName } from './names.ts';

const kib = 1024;
const mib = 1024 * kib;
const gib = 1024 * mib;
const second = 1000;
const hour = 3600 * second;

const port = (description: string) => count(description, { min: 0, max: 65_535 });

const origins = 'Origins of web pages that may call, such as https://shop.example; * is every one';

const readWorkers = (value: unknown): Reading<number | 'auto'> => {
  if (value === 'auto') return { value };
  const workers = typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : value;
  if (typeof workers === 'number' && Number.isInteger(workers) && workers >= 1 && workers <= 256)
    return { value: workers };
  return { problem: 'expected a whole number from 1 to 256, or auto' };
};

const limits = section('Bounds on what clients may ask at once. Sizes in bytes or KiB, MiB, GiB', {
  bodySize: size('The largest request body, after unpacking. Larger ones get 413', { min: 1, max: gib }).prefault(
    '5MiB',
  ),
  responseSize: size('The largest answer taken from a node', { min: 1, max: 4 * gib }).prefault('150MiB'),
  inflight: count('Calls under way at once; a batch of N counts as N. More are told to come back (429)', {
    min: 1,
    max: 1_000_000,
  }).prefault(2000),
  inflightSize: size('Memory that requests and answers under way may take together', {
    min: 1,
    max: 64 * gib,
  }).prefault('512MiB'),
  batchItems: count('Items in a batch', { min: 1, max: 100_000 }).prefault(1000),
  jsonDepth: count('How deep arrays and objects of a request may be nested', { min: 2, max: 1000 }).prefault(64),
  connections: count('Client connections at once, HTTP and WebSocket together', { min: 1, max: 1_000_000 }).prefault(
    10_000,
  ),
  subscriptionsPerConnection: count('Subscriptions on one WebSocket; 0 allows none', {
    min: 0,
    max: 1_000_000,
  }).prefault(1000),
  wsQueue: size('Unsent bytes on one WebSocket before its slow reader is closed with 1013', {
    min: 1,
    max: gib,
  }).prefault('16MiB'),
  costly: count(
    'Costly calls at once, over all clients without a key: traces, simulations, logs of more blocks than logs.split; 0 allows none',
    {
      min: 0,
      max: 100_000,
    },
  ).prefault(16),
  requestsPerSecond: field(
    "Calls per second from one address, for clients without a key; a second's worth may come at once. null is no limit",
    {
      anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { type: 'null' }, { type: 'string', pattern: '\\$\\{|^file:/' }],
    },
    readRate,
  ).prefault(null),
  headerTimeout: duration('How long a client may take to send the headers of a request', {
    min: 1,
    max: hour,
  }).prefault('10s'),
  requestTimeout: duration(
    'How long a client may take to send a whole request, and then read nothing of a large answer',
    {
      min: 1,
      max: hour,
    },
  ).prefault('30s'),
});

function readRate(value: unknown): Reading<number | null> {
  if (value === null || value === 'null') return { value: null };
  const rate = typeof value === 'string' && /^\d{1,12}(?:\.\d{1,12})?$/.test(value) ? Number(value) : value;
  if (typeof rate === 'number' && rate > 0 && rate <= 1_000_000) return { value: rate };
  return { problem: 'expected a number above 0 and up to 1000000, or null' };
}

export const serverSchema = section('The RPC listener: JSON-RPC over HTTP and WebSocket, and event streams', {
  host: text('The IP address to listen on; 0.0.0.0 is every IPv4 one, :: every one', readIp).prefault('127.0.0.1'),
  port: port('The port to listen on; 0 takes a free one').prefault(8545),
  workers: field(
    'Processes that serve clients; auto is one per core. Polling of upstreams does not grow with it',
    {
      anyOf: [
        { type: 'integer', minimum: 1, maximum: 256 },
        { type: 'string', pattern: '^auto$|\\$\\{|^file:/' },
      ],
    },
    readWorkers,
  ).prefault(1),
  compression: flag('Gzip answers for clients that ask; costs CPU. WebSocket messages are never compressed').prefault(
    false,
  ),
  cors: section('Which web pages may call from a browser', {
    origins: list(`${origins}. Others are answered without CORS headers`, text('', readOrigin)).prefault(['*']),
  }).prefault({}),
  hosts: list(
    'More Host headers accepted while listening on loopback, besides localhost, 127.0.0.1 and [::1]',
    text('', readHost),
  ).prefault([]),
  trustedProxies: list(
    'Networks (CIDR) of the proxies in front, whose X-Forwarded-For is believed. Without it every client behind a proxy has the same address',
    text('', readCidr),
  ).prefault([]),
  tls: section('Serve https and wss. Default: plain http and ws', {
    cert: text('Path of the certificate with its chain, PEM', line),
    key: text('Path of the private key, PEM', line),
  }).optional(),
  limits: limits.prefault({}),
  drain: section('What happens between SIGTERM and the end', {
    delay: duration('Keep serving this long after saying "not ready", so that load balancers notice', {
      min: 0,
      max: hour,
    }).prefault('5s'),
    timeout: duration('How long calls under way may take after that', { min: 0, max: hour }).prefault('20s'),
  }).prefault({}),
}).prefault({});

export const opsSchema = section('The listener for operators: metrics, probes, status page. Keep it off the internet', {
  host: text('The IP address to listen on', readIp).prefault('127.0.0.1'),
  port: port('The port to listen on; 0 takes a free one').prefault(9545),
  token: field(
    'Bearer token for what changes something (drain, purge, reload). Empty: nobody can. Reading needs none',
    { type: 'string' },
    readToken,
  ).prefault('${HEADGATE_OPS_TOKEN:-}'),
}).prefault({});

function readToken(value: unknown): Reading<string | undefined> {
  if (typeof value === 'number' || typeof value === 'boolean') return { problem: 'expected text; put it in quotes' };
  if (typeof value !== 'string') return { problem: 'expected text' };
  if (value === '') return { value: undefined };
  return /^[\x21-\x7e]{1,4096}$/.test(value)
    ? { value }
    : { problem: 'expected visible ASCII characters without spaces' };
}

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export const logSchema = section('Log lines go to standard output', {
  level: choice('The least level that is written', logLevels).prefault('info'),
  format: choice('auto is pretty on a terminal, else JSON', ['auto', 'pretty', 'json']).prefault('auto'),
}).prefault({});

export const cacheSchema = section('Answers that cannot change any more', {
  memory: size('Memory for stored answers, in each process', { min: mib, max: 64 * gib }).prefault('256MiB'),
}).prefault({});

export const redisSchema = section('Shared by replicas: cache, heads, sends. Default: none, each process for itself', {
  url: text('redis://[user:password@]host:port[/db], or rediss:// for TLS', readRedisUrl, '^rediss?://'),
}).optional();

const keySchema = section('A client that is let in', {
  name: text('Name in logs and metrics; unique', readName('anonymous', 'other')),
  sha256: text("SHA-256 of the key, 64 hex digits (printf %s 'THE KEY' | sha256sum)", readDigest, '^[0-9a-fA-F]{64}$'),
  requestsPerSecond: decimal("Calls per second; a second's worth may come at once. Default: no limit", {
    min: 0.001,
    max: 1_000_000,
  }).optional(),
  unitsPerDay: count('Cost units per day (UTC); a plain read costs 1, logs and traces more. Default: no limit', {
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
  }).optional(),
  methods: list(
    'Methods it may call, * as wildcard. Default: all that the gateway offers',
    text('', readMethodPattern),
  ).optional(),
  origins: list(`${origins}. Others get 403. Default: every one`, text('', readOrigin)).optional(),
  chains: list('Names of the chains it may call. Default: every one', text('', line)).optional(),
  debug: flag('May choose the upstream and go past the cache, by x-headgate-upstream and x-headgate-cache').prefault(
    false,
  ),
});

function readDigest(value: string): Reading<string> {
  if (/^[0-9a-f]{64}$/i.test(value)) return { value: value.toLowerCase() };
  return { problem: 'expected the SHA-256 of the key, 64 hex digits', suggestion: "printf %s 'THE KEY' | sha256sum" };
}

export const keysSchema = list(
  'Clients that may call. Default: open to everybody who can connect',
  keySchema,
  1,
).optional();

/** Names that change a node, reach into it, or let it act with its own accounts. */
const deniedByDefault = [
  'admin_*',
  'personal_*',
  'engine_*',
  'miner_*',
  'debug_*',
  'clique_*',
  'istanbul_*',
  'ibft_*',
  'qbft_*',
  'raft_*',
  'perm_*',
  'signer_*',
  'anvil_*',
  'hardhat_*',
  'evm_*',
  'parity_set*',
  'parity_*Account*',
  'eth_sign*',
  'eth_sendTransaction',
];

export const methodsSchema = section(
  'Which methods are offered. A list given here replaces the default; allow beats deny, both beat unknown',
  {
    unknown: choice('What happens to a method that headgate does not know', ['forward', 'deny']).prefault('forward'),
    allow: list('Offered even where deny names them; * is a wildcard', text('', readMethodPattern)).prefault([]),
    deny: list(
      'Never offered, nor within eth_getFilterLogs or parity_subscribe; * is a wildcard. New logs are events: to offer none, deny eth_subscribe (/events too) and eth_newFilter',
      text('', readMethodPattern),
    ).prefault(deniedByDefault),
  },
).prefault({});
