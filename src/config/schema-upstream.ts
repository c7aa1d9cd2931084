import * as z from 'zod';
import { readDnsName, readNodeUrl, readWebSocketUrl } from './addresses.ts';
import { choice, count, decimal, duration, flag, line, list, section, text } from './fields.ts';
import { readMethodPattern, readName } from './names.ts';

const discover = section(
  'Instead of url: a name in DNS, of which every address is an upstream. They come and go with it',
  {
    dns: text('The name, such as a Kubernetes headless service', readDnsName),
    port: count('The port of JSON-RPC over HTTP at each address', { min: 1, max: 65_535 }).prefault(8545),
    every: duration('How often DNS is asked', { min: 100, max: 3_600_000 }).prefault('10s'),
  },
);

const headers = z
  .record(z.string(), text('', line))
  .superRefine((value, context) => {
    for (const name of Object.keys(value)) {
      const message = headerObjection(name);
      if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message });
    }
  })
  .meta({ description: 'HTTP headers sent to it, such as authorization. Default: none' });

const headerObjection = (name: string): string | undefined => {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) return 'is not the name of an HTTP header';
  const own = ['connection', 'content-length', 'content-type', 'transfer-encoding', 'upgrade'];
  return own.includes(name.toLowerCase()) ? 'is set by headgate itself' : undefined;
};

const keys = {
  name: text(
    'Name in headers, logs, metrics and admin paths; unique in the file. Default: the host and port of its URL',
    readName(),
  ).optional(),
  url: text('http(s)://, ws(s):// or ipc:///path.ipc; user:password@ is sent as basic auth', readNodeUrl).optional(),
  ws: text(
    'Its WebSocket, for heads, subscriptions and small calls. Default: tried at the host and port of url, nowhere else',
    readWebSocketUrl,
  ).optional(),
  discover: discover.optional(),
  calls: choice('What small calls ride on: auto takes the WebSocket of nodes at private addresses', [
    'auto',
    'http',
    'ws',
  ]).prefault('auto'),
  send: choice('Gets transactions: true, false, or only (a protected relay; then nobody else gets them)', [
    true,
    false,
    'only',
  ]).prefault(true),
  headers: headers.optional(),
  tier: count("Lower first; a higher tier gets a client's call only when no lower one can answer it", {
    min: 0,
    max: 100,
  }).prefault(0),
  weight: decimal('Its share of the calls within its tier, against the weights of the others', {
    min: 0.001,
    max: 1000,
  }).prefault(1),
  drained: flag('Gets no calls until it is undrained').prefault(false),
  budget: section('What it may be asked. Default: learned downward from its 429s', {
    requestsPerSecond: decimal('Calls per second, probes included; never more, fewer where it answers 429', {
      min: 0.001,
      max: 1_000_000,
    }),
  }).optional(),
  methods: section('Which methods it is asked; allow beats deny. What it does not have is learned', {
    deny: list('Never asked of it; * is a wildcard', text('', readMethodPattern)).prefault([]),
    allow: list('Asked of it even where deny names them; * is a wildcard', text('', readMethodPattern)).prefault([]),
  }).prefault({}),
};

/** One node, or what discovery makes of one DNS name; which of the two, and what goes with what, `rules.ts` judges. */
export const upstreamSchema = z
  .strictObject(keys)
  .meta({ description: 'One node or provider endpoint', oneOf: [{ required: ['url'] }, { required: ['discover'] }] });
