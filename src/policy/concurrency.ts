import type { Layer } from '../core/layer.ts';
import { overloaded } from '../core/reply.ts';

export interface ConcurrencyOptions {
  /** Calls at once over all clients and chains; a batch of N counts as N. */
  readonly inflight: number;
}

/** Calls under way in this process; one for all chains, so that the limit holds for the whole gateway. */
export class Inflight {
  calls = 0;
  costly = 0;
}

/** Sheds load before queues grow: what is over the limit is told to come back, at the cost of an error object. */
export const concurrency =
  (options: ConcurrencyOptions, inflight: Inflight): Layer =>
  (next) =>
  async (call) => {
    if (inflight.calls >= options.inflight) return overloaded(`${options.inflight} calls are under way`);
    inflight.calls += 1;
    try {
      return await next(call);
    } finally {
      inflight.calls -= 1;
    }
  };
