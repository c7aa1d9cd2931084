import type { NodeState } from './chain-view.ts';

/** Bounds of the node states, in the config's words. */
export interface NodeStateOptions {
  /** Blocks behind the published head that still count as keeping up. */
  readonly maxLag: number;
  readonly minPeers: number;
  /** Heartbeats that may be missed before a node is down. */
  readonly missed: number;
  /** How long a head may stand still while another's moves. */
  readonly stallMs: number;
}

/** How a node's own newest block stands to the tree. */
export type LinkState =
  /** No block of its own was read since it was last reached. */
  | 'unread'
  | 'linked'
  /** Its parents are being asked for. */
  | 'linking'
  /** It is older than the tree's window. */
  | 'below'
  /** No chain of parents leads from it to the published branch. */
  | 'broken';

/** All that is known of a node when its state is told. */
export interface NodeFacts {
  readonly drained: boolean;
  /** Why it belongs to another chain; undefined when it does not, or has not been asked. */
  readonly wrongChain: string | undefined;
  /** False until chain id and genesis were read over the present connection, and found right. */
  readonly identified: boolean;
  /** Why it is not reachable at this moment, in words. */
  readonly trouble: string | undefined;
  /** Heartbeats missed in a row. */
  readonly missed: number;
  readonly breakerOpen: boolean;
  readonly link: LinkState;
  /** The newest height it told, linked or not. */
  readonly claimed: number | undefined;
  /** Why what it told lately makes it unbelievable, in words. */
  readonly doubted: string | undefined;
  /** Blocks behind the published head. */
  readonly lag: number | undefined;
  /** Height at which its branch left the published one; undefined when it did not. */
  readonly forkedAt: number | undefined;
  readonly saysSyncing: boolean;
  /** How long its head has stood still while another one went higher, in ms; 0 when it keeps up. */
  readonly behindForMs: number;
  readonly peers: number | undefined;
  readonly poolHasPeers: boolean;
  /** Its budget is spent, or it asked not to be called. */
  readonly limited: boolean;
}

/** A state and why, in words. */
export interface Verdict {
  readonly state: NodeState;
  readonly reason: string;
}

/**
 * Blocks that a node which says it is syncing may be behind and still be taken at the head: one in flight says nothing,
 * and some clients claim to sync for ever.
 */
const syncingSlack = 1;

/** True for a node that says it is syncing and is behind. */
export const isSyncing = (saysSyncing: boolean, lag: number | undefined): boolean =>
  saysSyncing && lag !== undefined && lag > syncingSlack;

/** The contract's table of states; where several apply, the one that serves least. */
export const stateOf = (facts: NodeFacts, options: NodeStateOptions): Verdict =>
  unusable(facts, options) ?? astray(facts) ?? behind(facts, options) ?? { state: 'healthy', reason: 'keeps up' };

const unusable = (facts: NodeFacts, options: NodeStateOptions): Verdict | undefined => {
  const why = facts.trouble === undefined ? '' : `: ${facts.trouble}`;
  if (facts.drained) return { state: 'drained', reason: 'drained by the operator' };
  if (facts.wrongChain !== undefined) return { state: 'wrong_chain', reason: facts.wrongChain };
  if (facts.missed >= options.missed) return { state: 'down', reason: `missed ${facts.missed} heartbeats${why}` };
  if (facts.breakerOpen) return { state: 'down', reason: 'its circuit breaker is open: too many calls failed' };
  if (!facts.identified) return { state: 'unknown', reason: facts.trouble ?? 'not checked yet' };
  if (facts.link === 'unread') return { state: 'unknown', reason: facts.trouble ?? 'its head has not been read yet' };
  return undefined;
};

const astray = (facts: NodeFacts): Verdict | undefined => {
  if (facts.forkedAt !== undefined)
    return { state: 'forked', reason: `its block ${facts.forkedAt} is not the published chain's` };
  if (facts.link === 'broken')
    return { state: 'forked', reason: `claims block ${facts.claimed}, which does not link to the published chain` };
  if (facts.doubted !== undefined) return { state: 'forked', reason: facts.doubted };
  if (facts.link === 'linking' && facts.lag === undefined)
    return { state: 'unknown', reason: `block ${facts.claimed} is being linked to the published chain` };
  if (facts.lag === undefined) return { state: 'unknown', reason: 'no head is published yet' };
  return undefined;
};

const behind = (facts: NodeFacts, options: NodeStateOptions): Verdict | undefined => {
  const { lag, peers } = facts;
  if (facts.limited) return { state: 'limited', reason: 'its request budget is spent' };
  if (isSyncing(facts.saysSyncing, lag))
    return { state: 'syncing', reason: `says it is syncing, ${lag} blocks behind` };
  if (facts.behindForMs >= options.stallMs) {
    const seconds = (facts.behindForMs / 1000).toFixed(1);
    return { state: 'stalled', reason: `no new head for ${seconds} s while others moved on` };
  }
  if (peers !== undefined && peers < options.minPeers && facts.poolHasPeers) {
    return { state: 'isolated', reason: `has ${peers} peers, needs ${options.minPeers}` };
  }
  if (lag !== undefined && lag > options.maxLag)
    return { state: 'lagging', reason: `${lag} blocks behind the published head` };
  return undefined;
};
