import type { Attempt, Outcome } from '../core/outcome.ts';

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

/** The method that asks the same by hash; undefined where there is none. */
export const siblingOf = (method: string): string | undefined => siblings.get(method);

/** One attempt that asks `otherwise` where the node turns out, by its outcome, not to have the method that was asked `first`. */
export const orElse = (first: Attempt, otherwise: (outcome: Outcome) => Attempt): Attempt => {
  let current = first;
  let given = false;
  const go = (outcome: Outcome): Outcome | Promise<Outcome> => {
    if (given || outcome.kind !== 'failed' || outcome.failure !== 'unsupported') return outcome;
    current = otherwise(outcome);
    return current.outcome;
  };
  return {
    outcome: first.outcome.then(go),
    cancel: () => {
      given = true;
      current.cancel();
    },
  };
};
