import type { Call } from '../core/call.ts';
import type { Handle, Layer } from '../core/layer.ts';
import { overloaded } from '../core/reply.ts';
import { locate } from '../ethereum/block-ref.ts';
import type { Inflight } from './concurrency.ts';

export interface CostlyOptions {
  /** Costly calls (traces, wide logs and the like) at once over all clients without a key. */
  readonly costly: number;
  /** Blocks beyond which a range of logs is wide. */
  readonly split: number;
}

/** Holds calls that may keep a node busy for seconds to a limit of their own, so that cheap ones pass. */
export const costlyCalls =
  ({ costly, split }: CostlyOptions, inflight: Inflight): Layer =>
  (next) => {
    const held: Handle = async (call) => {
      if (inflight.costly >= costly) {
        return overloaded(`${costly} costly calls (traces, wide logs and the like) are under way`);
      }
      inflight.costly += 1;
      try {
        return await next(call);
      } finally {
        inflight.costly -= 1;
      }
    };
    return (call) => (isCostly(call, split) ? held(call) : next(call));
  };

/** How wide a range of logs is that a tag ends is only known once that has become a number. */
const isCostly = ({ spec, params }: Call, split: number): boolean => {
  if (spec.costly) return true;
  if (spec.block.kind !== 'logs') return false;
  const ref = locate(spec, params);
  if (ref.kind !== 'logs' || ref.blockHash !== undefined) return false;
  const { from, to } = ref;
  return from.kind === 'number' && to.kind === 'number' && to.number - from.number >= split;
};
