/** What decides whether a node votes on the chain's head. */
export interface VoterFacts {
  readonly name: string;
  readonly tier: number;
  /** Of the right chain, not drained, and reachable, or lost so lately that its answer is still awaited. */
  readonly eligible: boolean;
  /** Says that it is syncing, and is behind. */
  readonly syncing: boolean;
  /** Others have had a higher block for `stall` block times and its head has not moved since. */
  readonly stalled: boolean;
}

/** Names of the voters: those who keep up, of the lowest tier that has any; where nobody keeps up, those who stand still. */
export const votersOf = (nodes: readonly VoterFacts[]): ReadonlySet<string> => {
  const able = nodes.filter((node) => node.eligible && !node.syncing);
  const moving = able.filter((node) => !node.stalled);
  const candidates = moving.length > 0 ? moving : able;
  const tier = Math.min(...candidates.map((node) => node.tier));
  return new Set(candidates.filter((node) => node.tier === tier).map((node) => node.name));
};

/** A node's newest linked block and when it came to it (monotonic ms). */
export interface Standing {
  readonly head: number | undefined;
  readonly movedAt: number;
}

/**
 * Since when a node has stood still while another one went higher; undefined when it is not behind. On a chain without
 * blocks nobody goes higher, so nobody is taken for stalled, however long it lasts. `previous` is the last result.
 */
export const behindSince = (
  node: Standing,
  others: readonly Standing[],
  previous: number | undefined,
): number | undefined => {
  if (node.head === undefined) return undefined;
  const own = node.head;
  const higher = others.filter((other) => other.head !== undefined && other.head > own);
  if (higher.length === 0) return undefined;
  if (previous !== undefined && previous >= node.movedAt) return previous;
  const passed = Math.min(...higher.map((other) => other.movedAt));
  return Math.max(node.movedAt, passed);
};
