import { locate, type BlockEnd } from '../ethereum/block-ref.ts';
import { parseLogFilter } from '../ethereum/logs.ts';
import { methodSpec } from '../ethereum/methods.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import type { Session } from '../core/session.ts';
import { decodeCursor } from './cursor.ts';
import type { LogQuery } from './matcher.ts';
import type { Origin } from './origin.ts';

/** The client's mistake: -32602, in words that say which. */
export interface Unclear {
  readonly invalid: string;
}

/** What `eth_subscribe` asks for. */
export type Wish =
  | { readonly kind: 'newHeads'; readonly origin: Origin }
  | { readonly kind: 'logs'; readonly query: LogQuery; readonly origin: Origin }
  /** An event stream: logs, and the heads before them where it wants those. */
  | { readonly kind: 'events'; readonly query: LogQuery; readonly heads: boolean; readonly origin: Origin }
  | { readonly kind: 'newPendingTransactions'; readonly bodies: boolean }
  | { readonly kind: 'syncing' };

/** Reads the params of `eth_subscribe`; `events` is only for those who read a stream. */
export const parseWish = (params: RawJson, style: Session['style']): Wish | Unclear => {
  const list: unknown = JSON.parse(params.toString());
  if (!Array.isArray(list) || list.length === 0) return { invalid: 'missing value for required argument 0' };
  const [kind, argument, second] = list as readonly unknown[];
  switch (kind) {
    case 'newHeads': {
      // Other dialects have options of their own here. Heads have no filter, so that an origin may stand in its place.
      const origins = [argument, second].filter(isOrigin);
      const origin = origins.length > 1 ? { invalid: 'want one place to begin at' } : parseOrigin(origins[0]);
      return 'invalid' in origin ? origin : { kind, origin };
    }
    case 'logs': {
      const query = parseQuery(argument);
      if ('invalid' in query) return query;
      const origin = parseOrigin(second);
      return 'invalid' in origin ? origin : { kind, query, origin };
    }
    case 'newPendingTransactions':
      if (typeof (argument ?? false) !== 'boolean') return { invalid: 'want true for whole transactions, or nothing' };
      return { kind, bodies: argument === true };
    case 'syncing':
      return { kind };
    case 'events':
      if (style === 'stream') return parseEvents(argument, second);
      return { invalid: 'no such subscription: "events"' };
    default:
      return { invalid: `no such subscription: ${JSON.stringify(kind)?.slice(0, 80)}` };
  }
};

const parseEvents = (argument: unknown, second: unknown): Wish | Unclear => {
  const { heads, ...filter } = isFields(argument) ? argument : {};
  const query = parseQuery(filter);
  if ('invalid' in query) return query;
  const origin = parseOrigin(second);
  return 'invalid' in origin ? origin : { kind: 'events', query, heads: heads === true, origin };
};

/** As in Geth: who asks once may name more. */
const ALTERNATIVES = 1000;

/** Reads a log filter; left out it wants everything. Heights in it bound what is delivered, and never ask for history. */
export const parseQuery = (value: unknown): LogQuery | Unclear => {
  const given = value ?? {};
  const filter = parseLogFilter(given);
  if ('invalid' in filter) return filter;
  if ([filter.addresses, ...filter.topics].some((values) => (values?.size ?? 0) > ALTERNATIVES)) {
    return { invalid: `too many addresses or topics: at most ${ALTERNATIVES} are looked for in one place` };
  }
  const blocks = locate(methodSpec('eth_getLogs'), Buffer.from(JSON.stringify([given])));
  if (blocks.kind === 'invalid') return { invalid: blocks.message };
  if (blocks.kind !== 'logs' || blocks.blockHash !== undefined) return { invalid: 'blockHash names the past' };
  if (isPending(blocks.from) || isPending(blocks.to)) return { invalid: 'pending logs are not supported' };
  return {
    filter,
    from: blocks.from.kind === 'number' ? blocks.from.number : 0,
    to: blocks.to.kind === 'number' ? blocks.to.number : Number.POSITIVE_INFINITY,
  };
};

const live: Origin = { kind: 'head' };

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isOrigin = (value: unknown): boolean => isFields(value) && ('resumeFrom' in value || 'replay' in value);

/** Reads `{ resumeFrom }` or `{ replay: { fromBlock } }`; left out it is the head. */
const parseOrigin = (value: unknown): Origin | Unclear => {
  if (value === undefined || value === null) return live;
  if (!isFields(value) || Object.keys(value).length !== 1 || !isOrigin(value)) {
    return { invalid: 'want either { resumeFrom: cursor } or { replay: { fromBlock } }' };
  }
  if ('resumeFrom' in value) {
    const cursor = decodeCursor(value['resumeFrom']);
    return cursor === undefined ? { invalid: 'resumeFrom is no cursor of this gateway' } : { kind: 'cursor', cursor };
  }
  const { replay } = value;
  const fromBlock = isFields(replay) ? replay['fromBlock'] : undefined;
  const range = typeof fromBlock === 'string' && fromBlock.startsWith('0x') ? parseQuery({ fromBlock }) : undefined;
  if (range === undefined || 'invalid' in range) {
    return { invalid: 'replay wants fromBlock, a hex quantity without leading zeros' };
  }
  return { kind: 'block', number: range.from };
};

const isPending = (end: BlockEnd): boolean => end.kind === 'tag' && end.tag === 'pending';
