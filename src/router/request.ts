import type { Call } from '../core/call.ts';
import { locate, rewrite, rewriteStart, startsOpen } from '../ethereum/block-ref.ts';
import type { ClientKind } from '../ethereum/client-kind.ts';
import { elementOf, replaceElement } from '../jsonrpc/params.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import type { NodeView } from '../head/chain-view.ts';
import type { UpstreamRequest } from '../upstream/upstream.ts';
import { siblingOf } from './sibling.ts';

/**
 * What to ask this node for this call: the pinned block by its hash where the node understands that, else by number.
 * `lacks`: whether it is known not to have a method.
 */
export const requestFor = (call: Call, node: NodeView, lacks: (method: string) => boolean): UpstreamRequest => {
  const { spec, pin, method } = call;
  const as = (params: RawJson, name = method): UpstreamRequest => ({ method: name, params, heavy: spec.heavy });
  if (pin === undefined) return as(call.params);
  const sibling = siblingOf(method);
  if (sibling !== undefined && !lacks(sibling)) return as(replaceElement(call.params, 0, json(pin.hash)), sibling);
  if (spec.block.kind === 'logs') {
    return as(spec.block.of === 'logs' ? oneBlock(call, pin.number, pin.hash) : tracesFor(call, node));
  }
  return as(rewrite(call.params, spec, pin, byNumberOnly.has(node.kind) ? 'number' : 'hash'));
};

/** Clients without EIP-1898; a provider that hides what it runs is asked by number, too. */
const byNumberOnly: ReadonlySet<ClientKind> = new Set(['other', 'hardhat', 'openethereum']);

const json = (value: unknown): RawJson => Buffer.from(JSON.stringify(value));

/** Clients to whom a left-out start of a filter of traces is `latest`: the published head, not their own. */
const tracesFromLatest: ReadonlySet<ClientKind> = new Set(['nethermind', 'openethereum']);

const tracesFor = ({ spec, params, head }: Call, { kind }: NodeView): RawJson =>
  head !== undefined && tracesFromLatest.has(kind) && startsOpen(spec, params)
    ? rewriteStart(params, spec, head.latest.number)
    : params;

/** Logs of the pinned block alone are asked for by its hash (EIP-234). */
const oneBlock = ({ spec, params }: Call, number: number, hash: string): RawJson => {
  const ref = locate(spec, params);
  if (ref.kind !== 'logs' || ref.from?.kind !== 'number' || ref.from.number !== number) return params;
  const index = spec.block.kind === 'logs' ? spec.block.index : 0;
  const { fromBlock: _from, toBlock: _to, ...filter } = elementOf(params, index) as Record<string, unknown>;
  return replaceElement(params, index, json({ ...filter, blockHash: hash }));
};
