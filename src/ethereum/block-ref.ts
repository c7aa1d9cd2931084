import type { RawJson } from '../jsonrpc/message.ts';
import { elements, replaceElement } from '../jsonrpc/params.ts';
import type { MethodSpec } from './method-spec.ts';

/** The words by which a block is named relative to the chain's head, and the first one. */
export type Tag = 'latest' | 'safe' | 'finalized' | 'pending' | 'earliest';

/**
 * One end of a range of blocks. A left-out end is `latest`, as every client has it for `eth_getLogs`; a left-out start of a
 * filter of traces is `earliest`, the least that any client takes for it (`startsOpen`).
 */
export type BlockEnd =
  | { readonly kind: 'tag'; readonly tag: Tag }
  | { readonly kind: 'number'; readonly number: number };

/** The block that a call's params name. */
export type BlockRef =
  | { readonly kind: 'none' }
  /** Also where the parameter is left out or `null`. */
  | { readonly kind: 'tag'; readonly tag: Tag }
  /** Exact below 2^53; above, still above every block there is. */
  | { readonly kind: 'number'; readonly number: number }
  /** 0x-prefixed, lower case. */
  | { readonly kind: 'hash'; readonly hash: string; readonly requireCanonical: boolean }
  | { readonly kind: 'logs'; readonly from: BlockEnd; readonly to: BlockEnd; readonly blockHash: undefined }
  | { readonly kind: 'logs'; readonly from: undefined; readonly to: undefined; readonly blockHash: string }
  /** 0x-prefixed, lower case. */
  | { readonly kind: 'transaction'; readonly hash: string }
  /** The client's mistake: -32602 `invalid_params`, with words that say which. */
  | { readonly kind: 'invalid'; readonly message: string };

/** A block to write into params. */
export interface WrittenBlock {
  readonly number: number;
  readonly hash: string;
}

type Fields = Readonly<Record<string, unknown>>;
type Invalid = Extract<BlockRef, { kind: 'invalid' }>;

const tags: ReadonlySet<unknown> = new Set<Tag>(['latest', 'safe', 'finalized', 'pending', 'earliest']);
const isTag = (value: unknown): value is Tag => tags.has(value);
const latest: BlockEnd = { kind: 'tag', tag: 'latest' };
const isHash = (value: unknown): value is string => typeof value === 'string' && /^0x[0-9a-fA-F]{64}$/.test(value);
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const invalid = (message: string): Invalid => ({ kind: 'invalid', message });
const shown = (value: unknown): string => JSON.stringify(value).slice(0, 80);

/**
 * A quantity as the execution-apis have it: no leading zeros, at most 63 bits. Clients differ on anything laxer (Geth
 * refuses leading zeros and JSON numbers, Nethermind and OpenEthereum take them), so it is refused for all alike.
 */
const quantity = (value: unknown): number | undefined =>
  typeof value === 'string' &&
  /^0x(?:0|[1-9a-fA-F][0-9a-fA-F]{0,15})$/.test(value) &&
  !/^0x[89a-fA-F][0-9a-fA-F]{15}$/.test(value)
    ? Number(value)
    : undefined;

const end = (value: unknown): BlockEnd | Invalid => {
  if (value === undefined || value === null) return latest;
  if (isTag(value)) return { kind: 'tag', tag: value };
  const number = quantity(value);
  return number === undefined
    ? invalid(`invalid block ${shown(value)}: want a tag, or a hex quantity without leading zeros`)
    : { kind: 'number', number };
};

/** Go reads members whatever their case, and other clients do not: such an object would mean two things. */
const misspelt = (value: Fields, names: readonly string[]): Invalid | undefined => {
  for (const name of Object.keys(value)) {
    const meant = names.find((known) => known !== name && known.toLowerCase() === name.toLowerCase());
    if (meant !== undefined) return invalid(`unknown member ${shown(name)}: did you mean ${meant}?`);
  }
  return undefined;
};

const objectMembers = ['blockHash', 'blockNumber', 'requireCanonical'];

/** EIP-1898: `{ blockNumber }`, or `{ blockHash, requireCanonical? }`. */
const fromObject = (value: Fields): BlockRef => {
  const wrong = misspelt(value, objectMembers);
  if (wrong !== undefined) return wrong;
  const { blockHash = null, blockNumber = null, requireCanonical = null } = value;
  if ((blockHash === null) === (blockNumber === null)) {
    return invalid('invalid block object: want either blockHash or blockNumber');
  }
  if (blockHash === null) return end(blockNumber);
  if (!isHash(blockHash)) return invalid(`invalid blockHash ${shown(blockHash)}: want 32 bytes of hex`);
  if (requireCanonical !== null && typeof requireCanonical !== 'boolean') {
    return invalid('invalid requireCanonical: want true or false');
  }
  return { kind: 'hash', hash: blockHash.toLowerCase(), requireCanonical: requireCanonical === true };
};

/** Where state is read, a bare hash stands for `{ blockHash }`: Geth, Nethermind, Erigon and Reth take it so. */
const blockOf = (value: unknown): BlockRef => {
  if (isHash(value)) return { kind: 'hash', hash: value.toLowerCase(), requireCanonical: false };
  return isFields(value) ? fromObject(value) : end(value);
};

const filterMembers = ['fromBlock', 'toBlock', 'blockHash', 'address', 'topics'];

const logsOf = (value: unknown, of: 'logs' | 'traces'): BlockRef => {
  if (!isFields(value)) return invalid('invalid filter: want an object');
  const wrong = misspelt(value, filterMembers);
  if (wrong !== undefined) return wrong;
  const { blockHash = null, fromBlock = null, toBlock = null } = value;
  if (blockHash !== null) {
    if (fromBlock !== null || toBlock !== null) return invalid('cannot specify both blockHash and fromBlock/toBlock');
    if (!isHash(blockHash)) return invalid(`invalid blockHash ${shown(blockHash)}: want 32 bytes of hex`);
    return { kind: 'logs', from: undefined, to: undefined, blockHash: blockHash.toLowerCase() };
  }
  const from = end(fromBlock ?? (of === 'traces' ? 'earliest' : null));
  const to = end(toBlock);
  if (from.kind === 'invalid') return from;
  if (to.kind === 'invalid') return to;
  if (from.kind === 'number' && to.kind === 'number' && from.number > to.number) {
    return invalid('invalid block range: fromBlock is after toBlock');
  }
  return { kind: 'logs', from, to, blockHash: undefined };
};

const hashOf = (value: unknown, kind: 'hash' | 'transaction'): BlockRef => {
  if (!isHash(value)) return invalid(`invalid hash ${shown(value)}: want 32 bytes of hex`);
  const hash = value.toLowerCase();
  return kind === 'hash' ? { kind, hash, requireCanonical: false } : { kind, hash };
};

/** Parameters that may be left out because every client then reads at `latest`. */
const optional = (block: MethodSpec['block']): boolean => block.kind === 'tag';

/** Finds the block that a call names, where the method's table row says it stands. Never throws on valid JSON. */
export const locate = (spec: MethodSpec, params: RawJson): BlockRef => {
  const { block } = spec;
  if (block.kind === 'none') return block;
  if (params[0] === 0x7b) return invalid('params must be an array');
  const spans = elements(params);
  const needed = optional(block) ? block.index : block.index + 1;
  if (spans.length < needed) return invalid(`missing value for required argument ${spans.length}`);
  const span = spans[block.index];
  const value: unknown = span === undefined ? null : JSON.parse(params.toString('utf8', span.start, span.end));
  if (value === null && !optional(block)) return invalid(`missing value for required argument ${block.index}`);
  switch (block.kind) {
    case 'tag':
      return block.field === undefined ? blockOf(value) : inContext(value, block.field);
    case 'number':
      return block.byHash ? blockOf(value) : end(value);
    case 'range':
      return end(value);
    case 'logs':
      return logsOf(value, block.of);
    case 'hash':
    case 'transaction':
      return hashOf(value, block.kind);
  }
};

const inContext = (value: unknown, field: string): BlockRef => {
  if (value === null) return latest;
  if (!isFields(value)) return invalid('invalid simulation context: want an object');
  return blockOf(Object.hasOwn(value, field) ? value[field] : null);
};

const hex = (number: number): string => `0x${number.toString(16)}`;
const bytes = (value: unknown): RawJson => Buffer.from(JSON.stringify(value));

const fieldsAt = (params: RawJson, index: number): Fields => {
  const span = elements(params)[index];
  const value: unknown = span === undefined ? {} : JSON.parse(params.toString('utf8', span.start, span.end));
  return isFields(value) ? value : {};
};

/**
 * Writes a block in place of the one that the params name, and changes no other element. `form: 'hash'` is honoured where
 * the row has `byHash` (EIP-1898, so that a node on another branch refuses instead of answering); elsewhere the number
 * is written. Of a log filter, only ends that are `latest` or left out are written (`rewriteRange` writes both). Params
 * of `none`, `hash` and `transaction` rows come back as they are. Only for params that `locate` accepted.
 */
export const rewrite = (params: RawJson, spec: MethodSpec, block: WrittenBlock, form: 'number' | 'hash'): RawJson => {
  const { block: at } = spec;
  switch (at.kind) {
    case 'none':
    case 'hash':
    case 'transaction':
      return params;
    case 'tag':
      if (at.field !== undefined) {
        const context = { ...fieldsAt(params, at.index), [at.field]: hex(block.number) };
        return replaceElement(params, at.index, bytes(context));
      }
      return replaceElement(
        params,
        at.index,
        bytes(form === 'hash' && at.byHash ? { blockHash: block.hash } : hex(block.number)),
      );
    case 'number':
      // The one such method takes a bare hash, and not every client takes the object there.
      return replaceElement(params, at.index, bytes(form === 'hash' && at.byHash ? block.hash : hex(block.number)));
    case 'range':
      return replaceElement(params, at.index, bytes(hex(block.number)));
    case 'logs': {
      const ref = locate(spec, params);
      if (ref.kind !== 'logs' || ref.blockHash !== undefined) return params;
      const written = (side: BlockEnd): number | Tag =>
        side.kind === 'number' ? side.number : side.tag === 'latest' ? block.number : side.tag;
      return writeEnds(params, spec, at.index, written(ref.from), written(ref.to));
    }
  }
};

const writeEnds = (params: RawJson, spec: MethodSpec, index: number, from: number | Tag, to: number | Tag): RawJson => {
  const side = (value: number | Tag): string => (typeof value === 'number' ? hex(value) : value);
  const { blockHash: _, ...filter } = fieldsAt(params, index);
  const start = startsOpen(spec, params) ? {} : { fromBlock: side(from) };
  return replaceElement(params, index, bytes({ ...filter, ...start, toBlock: side(to) }));
};

/**
 * Writes both ends of a filter as numbers (a part of a split range, or resolved tags), and nothing else. A start that each
 * client takes for something else stays left out.
 */
export const rewriteRange = (params: RawJson, spec: MethodSpec, from: number, to: number): RawJson =>
  spec.block.kind === 'logs' ? writeEnds(params, spec, spec.block.index, from, to) : params;

/**
 * True for a filter of traces without a start: Nethermind and OpenEthereum take `latest` for it (their `TraceFilterForRpc`
 * and `TraceFilter`), Erigon and Reth the first block, so that the answer depends on who gives it.
 */
export const startsOpen = ({ block }: MethodSpec, params: RawJson): boolean => {
  if (block.kind !== 'logs' || block.of !== 'traces') return false;
  const { fromBlock = null, blockHash = null } = fieldsAt(params, block.index);
  return fromBlock === null && blockHash === null;
};

/** Writes the start of a filter, and nothing else. */
export const rewriteStart = (params: RawJson, { block }: MethodSpec, from: number): RawJson =>
  block.kind === 'logs'
    ? replaceElement(params, block.index, bytes({ ...fieldsAt(params, block.index), fromBlock: hex(from) }))
    : params;
