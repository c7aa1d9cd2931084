import { locate, type BlockEnd } from '../ethereum/block-ref.ts';
import { parseLogFilter } from '../ethereum/logs.ts';
import { methodSpec } from '../ethereum/methods.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import type { LogQuery } from './matcher.ts';

/** The client's mistake: -32602, in words that say which. */
export interface Unclear {
  readonly invalid: string;
}

/** What `eth_subscribe` asks for. */
export type Wish = { readonly kind: 'newHeads' } | { readonly kind: 'logs'; readonly query: LogQuery };

/** Reads the params of `eth_subscribe`. */
export const parseWish = (params: RawJson): Wish | Unclear => {
  const list: unknown = JSON.parse(params.toString());
  if (!Array.isArray(list) || list.length === 0) return { invalid: 'missing value for required argument 0' };
  const [kind, argument] = list as readonly unknown[];
  switch (kind) {
    case 'newHeads':
      return { kind };
    case 'logs': {
      const query = parseQuery(argument);
      return 'invalid' in query ? query : { kind, query };
    }
    default:
      return { invalid: `no such subscription: ${JSON.stringify(kind)?.slice(0, 80)}` };
  }
};

/** Reads a log filter; left out it wants everything. Heights in it bound what is delivered, and never ask for history. */
export const parseQuery = (value: unknown): LogQuery | Unclear => {
  const given = value ?? {};
  const filter = parseLogFilter(given);
  if ('invalid' in filter) return filter;
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

const isPending = (end: BlockEnd): boolean => end.kind === 'tag' && end.tag === 'pending';
