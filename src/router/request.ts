import type { Call } from '../core/call.ts';
import { locate, rewrite } from '../ethereum/block-ref.ts';
import type { ClientKind } from '../ethereum/client-kind.ts';
import { elementOf, replaceElement } from '../jsonrpc/params.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import type { NodeView } from '../head/chain-view.ts';
import type { UpstreamRequest } from '../upstream/upstream.ts';

/**
 * Methods that name a block by number, and their siblings that name it by hash: the answer has the same shape, but a node
 * on another branch says `null` instead of telling about another block.
 */
const siblings: ReadonlyMap<string, string> = new Map([
  ['eth_getBlockByNumber', 'eth_getBlockByHash'],
  ['eth_getBlockTransactionCountByNumber', 'eth_getBlockTransactionCountByHash'],
  ['eth_getUncleCountByBlockNumber', 'eth_getUncleCountByBlockHash'],
  ['eth_getUncleByBlockNumberAndIndex', 'eth_getUncleByBlockHashAndIndex'],
  ['eth_getTransactionByBlockNumberAndIndex', 'eth_getTransactionByBlockHashAndIndex'],
]);

/** What to ask this node for this call: the pinned block by its hash where the node understands that, else by number. */
export const requestFor = (call: Call, node: NodeView): UpstreamRequest => {
  const { spec, pin, method } = call;
  const as = (params: RawJson, name = method): UpstreamRequest => ({ method: name, params, heavy: spec.heavy });
  if (pin === undefined) return as(call.params);
  const sibling = siblings.get(method);
  if (sibling !== undefined) return as(replaceElement(call.params, 0, json(pin.hash)), sibling);
  if (spec.block.kind === 'logs') return as(oneBlock(call, pin.number, pin.hash) ?? call.params);
  return as(rewrite(call.params, spec, pin, byNumberOnly.has(node.kind) ? 'number' : 'hash'));
};

/** Clients without EIP-1898; a provider that hides what it runs is asked by number, too. */
const byNumberOnly: ReadonlySet<ClientKind> = new Set(['other', 'hardhat', 'openethereum']);

const json = (value: unknown): RawJson => Buffer.from(JSON.stringify(value));

/** Logs of the pinned block alone are asked for by its hash (EIP-234). */
const oneBlock = (call: Call, number: number, hash: string): RawJson | undefined => {
  const ref = locate(call.spec, call.params);
  if (ref.kind !== 'logs' || ref.from?.kind !== 'number' || ref.from.number !== number) return undefined;
  const index = call.spec.block.kind === 'logs' ? call.spec.block.index : 0;
  const { fromBlock: _from, toBlock: _to, ...filter } = elementOf(call.params, index) as Record<string, unknown>;
  return replaceElement(call.params, index, json({ ...filter, blockHash: hash }));
};
