import type { Call } from '../core/call.ts';
import type { NodeView } from '../head/chain-view.ts';
import type { Asking } from './asking.ts';
import type { Denials } from './denials.ts';
import { isUnmined } from './inquiry.ts';
import type { PlanTools } from './plan.ts';
import { stands } from './selection.ts';

/** Methods that know of mined transactions only: what is in no block is unknown to them, whatever a pool holds. */
const MINED: ReadonlySet<string> = new Set(['eth_getTransactionReceipt']);

/**
 * Which nodes of higher tiers have to be asked before the `null` of the lower one is believed. None where it is proven;
 * nor those who said the same at this very head, for a client that polls would pay them for each poll. The others are
 * taken as heard. Without a node of the lower tier that has the head and says `null`, all are asked.
 */
export const unheard = async (
  call: Call,
  lower: readonly NodeView[],
  higher: readonly NodeView[],
  asking: Asking,
  denials: Denials,
  tools: PlanTools,
): Promise<readonly NodeView[]> => {
  const head = call.head?.latest;
  const deniers = lower.filter(({ upstream: { name } }) => asking.denied(name) && stands(tools.chain.view, name, head));
  if (head === undefined || deniers.length === 0) return higher;
  const left = higher.filter(({ upstream }) => !denials.has(call, upstream.name));
  if (left.length > 0 && (await isProven(call, deniers, tools))) {
    for (const { upstream } of left.splice(0)) denials.add(call, upstream.name);
  }
  for (const node of higher) if (!left.includes(node)) asking.spare(node.upstream.name);
  return left;
};

/** Whether one of the nodes can show that what went through here is not mined. */
const isProven = async (call: Call, nodes: readonly NodeView[], tools: PlanTools): Promise<boolean> => {
  const origin = MINED.has(call.method) ? tools.origin(call) : undefined;
  if (origin === undefined) return false;
  for (const node of nodes) if (await isUnmined(call, origin, node, tools)) return true;
  return false;
};
