import type { Call } from '../core/call.ts';
import { methodSpec } from '../ethereum/methods.ts';
import type { NodeView } from '../head/chain-view.ts';
import { type PlanTools, timeLeft } from './plan.ts';

/** Bytes of a transaction with a full block of calldata, and then some. */
const LARGEST = 8 * 1024 * 1024;
const spec = methodSpec('eth_getTransactionByHash');

/** True where one node knows the transaction, by the gateway's own question; false where it does not, or does not answer. */
const knows = async (
  { upstream }: NodeView,
  hash: string,
  timeoutMs: number,
  { observer }: PlanTools,
  call: Call,
): Promise<boolean> => {
  const params = Buffer.from(JSON.stringify([hash]));
  observer.probed(call.chain, upstream.name, 1);
  const [outcome] = await upstream.probe([{ method: spec.name, params, heavy: false }], timeoutMs);
  if (outcome?.kind !== 'answered' || outcome.result.length > LARGEST) return false;
  const found: unknown = JSON.parse(outcome.result.toString());
  return typeof found === 'object' && found !== null;
};

/** True as soon as any node that serves reads knows the transaction; false when none of them does. */
export const isKnown = async (call: Call, hash: string, tools: PlanTools): Promise<boolean> => {
  const wanted = { spec, pin: undefined, only: call.only, minBlock: undefined };
  const { candidates } = tools.select(wanted);
  const timeoutMs = Math.min(tools.attemptTimeout, timeLeft(call, tools.clock));
  return new Promise((resolve) => {
    const all = candidates.map(async (node) => {
      if (await knows(node, hash, timeoutMs, tools, call)) resolve(true);
    });
    void Promise.all(all).then(() => resolve(false));
  });
};
