import { choice, count, decimal, duration, field, flag, list, type Reading, section, text } from './fields.ts';
import { readChainName, readMethodPattern } from './names.ts';
import { quorumObjection } from './quorum-methods.ts';
import { upstreamSchema } from './schema-upstream.ts';

const minute = 60_000;
const hour = 60 * minute;

const readChainId = (value: unknown): Reading<bigint> => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return { value: BigInt(value) };
  if (typeof value === 'string' && /^(?:[1-9]\d{0,77}|0x[1-9a-fA-F][0-9a-fA-F]{0,63})$/.test(value)) {
    return { value: BigInt(value) };
  }
  const problem = 'expected a chain id: a whole number above 0';
  return typeof value === 'number' && value > Number.MAX_SAFE_INTEGER
    ? { problem, suggestion: 'put it in quotes' }
    : { problem };
};

const healthSchema = section('When a node is trusted', {
  interval: duration('How often a node is asked for its head where it does not push it', {
    min: 10,
    max: hour,
  }).prefault('2s'),
  missed: count('Heartbeats missed in a row until it is down', { min: 1, max: 1000 }).prefault(3),
  maxLag: count('Blocks behind the published head until it is lagging', { min: 0, max: 1_000_000 }).prefault(5),
  minPeers: count('Fewer peers than this, while another node has some, is isolated; 0 never asks', {
    min: 0,
    max: 10_000,
  }).prefault(1),
  stall: decimal('Block times without a new head, while another node has one, until it is stalled', {
    min: 1,
    max: 100_000,
  }).prefault(4),
});

const hedgeSchema = section('A second node is asked when the first is slower than usual', {
  quantile: decimal("Slower than this share of the method's recent answers counts as slow", {
    min: 0.5,
    max: 0.9999,
  }).prefault(0.95),
  min: duration('Never asked sooner than this', { min: 1, max: minute }).prefault('50ms'),
  max: duration('Asked after this at the latest', { min: 1, max: hour }).prefault('2s'),
  budget: decimal('At most this share of calls is hedged; 0 switches it off', { min: 0, max: 1 }).prefault(0.05),
}).superRefine(({ min, max }, context) => {
  if (min > max) context.addIssue({ code: 'custom', path: ['min'], message: 'is longer than max' });
});

const routingSchema = section('How a call finds its node', {
  timeout: duration("A client's whole call, all attempts together", { min: 10, max: hour }).prefault('10s'),
  attemptTimeout: duration('One attempt at one node; the last one keeps its turn within timeout', {
    min: 10,
    max: hour,
  }).prefault('4s'),
  attempts: count('Attempts at most; hedges, and nodes that only say that they cannot answer, are not counted', {
    min: 1,
    max: 100,
  }).prefault(4),
  hedge: hedgeSchema.prefault({}),
  head: choice("Which head is published: the majority's, or the fastest node's (which may be alone with it)", [
    'majority',
    'fastest',
  ]).prefault('majority'),
  broadcast: count('Nodes that a transaction is sent to', { min: 1, max: 100 }).prefault(3),
});

const readQuorumMethod = (value: string): Reading<string> => {
  const reading = readMethodPattern(value);
  const problem = 'value' in reading ? quorumObjection(value) : undefined;
  return problem === undefined ? reading : { problem };
};

const quorumSchema = section('Methods read from several nodes', {
  methods: list('Methods, * as wildcard; only such as every honest node answers alike', text('', readQuorumMethod), 1),
  agree: count('Nodes that have to give the same answer; more than half of "of"', { min: 1, max: 100 }),
  of: count('Nodes that are asked', { min: 1, max: 100 }),
}).superRefine(({ agree, of }, context) => {
  if (agree > of)
    context.addIssue({ code: 'custom', path: ['agree'], message: 'is more than the nodes that are asked' });
  if (agree * 2 <= of) {
    const suggestion = `say ${Math.floor(of / 2) + 1}`;
    const message = 'has to be more than half of "of", or two answers could both win';
    context.addIssue({ code: 'custom', path: ['agree'], message, params: { suggestion } });
  }
});

/** Blocks that a chain keeps where the file does not say how many. */
export const defaultWindow = 256;

const subscriptionsSchema = section('Subscriptions, filters and event streams', {
  window: count('Recent blocks kept, through which a slow or returning reader and a reorganisation are followed', {
    min: 1,
    max: 100_000,
  }).prefault(defaultWindow),
  replay: count('Blocks of history at most that a stream or a resumed subscription starts with', {
    min: 0,
    max: 1_000_000_000,
  }).prefault(10_000),
  filterTimeout: duration('A filter that nobody asks for this long is forgotten', {
    min: 100,
    max: 24 * hour,
  }).prefault('5m'),
});

export const chainSchema = section('One chain and the nodes that serve it', {
  name: text(
    'Its path on the listeners (/mainnet) and its name in metrics; unique. Default: main',
    readChainName,
  ).prefault('main'),
  default: flag('Also served at the path /. The only chain is, without saying so').prefault(false),
  id: field(
    'Chain id; a node of another chain is never used. Default: what the nodes say',
    {
      anyOf: [
        { type: 'integer', minimum: 1 },
        { type: 'string', pattern: '^[1-9]\\d*$|^0x[0-9a-fA-F]+$|\\$\\{|^file:/' },
      ],
    },
    readChainId,
  ).optional(),
  blockTime: duration('Time between blocks. Default: found from the blocks themselves', {
    min: 1,
    max: 24 * hour,
  }).optional(),
  finality: count('Blocks behind the head that count as final, for chains without the finalized tag', {
    min: 0,
    max: 10_000_000,
  }).prefault(64),
  upstreams: list('The nodes of this chain', upstreamSchema, 1),
  health: healthSchema.prefault({}),
  routing: routingSchema.prefault({}),
  quorum: list('Reads on which several nodes must agree. Default: none', quorumSchema).optional(),
  logs: section('Calls of eth_getLogs', {
    maxRange: count('Blocks that one call may span', { min: 1, max: 1_000_000_000 }).prefault(10_000),
    split: count('Wider ranges are cut into parts of this many blocks; less where a node allows less', {
      min: 1,
      max: 1_000_000_000,
    }).prefault(2000),
  }).prefault({}),
  subscriptions: subscriptionsSchema.prefault({}),
});

/** All chains of the file. */
export const chainsSchema = list('The chains that are served', chainSchema, 1);
