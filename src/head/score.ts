/** What a node's score is made of. */
export interface ScoreInput {
  /** Blocks behind the published head; undefined while that cannot be told. */
  readonly lag: number | undefined;
  /** Lag, in blocks, that still counts as keeping up. */
  readonly maxLag: number;
  /** Peak-sensitive average of the node; undefined before its first answer. */
  readonly latencyMs: number | undefined;
  /** The lowest such average in the pool. */
  readonly bestLatencyMs: number | undefined;
  /** Share of recent attempts that failed, 0 to 1. */
  readonly errorRate: number;
  /** Undefined where the node does not tell, which is no fault. */
  readonly peers: number | undefined;
  readonly minPeers: number;
  /** Another node of the pool has peers, so that having none says something. */
  readonly poolHasPeers: boolean;
}

/** Differences below this are noise on a local network, in ms. */
const latencyGrain = 5;
const latencyWeight = 0.25;
const lonelyFactor = 0.5;

/**
 * How good a node is, from 1 (perfect) to 0 (useless): the product of four factors, each 1 when nothing is wrong.
 * - lag: 1 at the head, ½ at `maxLag`, falling with its square, so that a block in flight hardly counts;
 * - latency: against the pool's best, ¼ off for the first doubling and less for each further one;
 * - errors: the square of the share of attempts that went well, which is the chance that two in a row do;
 * - peers: ½ with fewer than `minPeers` while another node has some.
 */
export const scoreOf = (input: ScoreInput): number =>
  lagFactor(input) * latencyFactor(input) * errorFactor(input) * peerFactor(input);

const lagFactor = ({ lag, maxLag }: ScoreInput): number => {
  if (lag === undefined) return 0;
  return 1 / (1 + (Math.max(0, lag) / Math.max(1, maxLag)) ** 2);
};

const latencyFactor = ({ latencyMs, bestLatencyMs }: ScoreInput): number => {
  if (latencyMs === undefined || bestLatencyMs === undefined) return 1;
  const ratio = (latencyMs + latencyGrain) / (bestLatencyMs + latencyGrain);
  return 1 / (1 + latencyWeight * Math.max(0, Math.log2(ratio)));
};

const errorFactor = ({ errorRate }: ScoreInput): number => (1 - Math.min(1, Math.max(0, errorRate))) ** 2;

const peerFactor = ({ peers, minPeers, poolHasPeers }: ScoreInput): number =>
  peers !== undefined && peers < minPeers && poolHasPeers ? lonelyFactor : 1;
