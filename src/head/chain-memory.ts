import type { NodeState } from './chain-view.ts';
import { stateOf } from './node-state.ts';
import type { BlockTree } from './block-tree.ts';
import type { ChainView } from './chain-view.ts';
import type { Header } from './header.ts';
import { pictureOf, type Reach, reachOf } from './picture.ts';
import type { Ballot, PublishedHead } from './published-head.ts';
import { scoreOf } from './score.ts';
import { votersOf } from './voters.ts';
import type { WatchedNode } from './watched-node.ts';

/** The bounds by which nodes are judged. */
export interface JudgementOptions {
  readonly maxLag: number;
  readonly minPeers: number;
  /** Heartbeats that may be missed before a node is down. */
  readonly missed: number;
}

/** What a chain remembers: its nodes, their headers, and what was made of them. The tree is replaced when the chain turns out to be another one. */
export interface ChainMemory {
  readonly options: JudgementOptions;
  readonly nodes: Map<string, WatchedNode>;
  readonly published: PublishedHead;
  tree: BlockTree;
  /** Names of those who vote, as they were last found. */
  voters: ReadonlySet<string>;
}

/** A change of a node's shown state. */
export interface StateChange {
  readonly name: string;
  readonly from: NodeState;
  readonly to: NodeState;
  readonly reason: string;
}

/** States in which a node serves nothing, whatever else may be said for it. */
const useless: ReadonlySet<NodeState> = new Set(['unknown', 'down', 'forked', 'wrong_chain', 'drained']);

/** Names of those who vote now. */
export const electVoters = (
  { nodes, options, published }: ChainMemory,
  now: number,
  stallMs: number,
): ReadonlySet<string> => {
  const all = [...nodes.values()];
  const able = all.filter((node) => node.eligible(options.missed));
  for (const node of all) {
    node.compare(able.filter((other) => other !== node).map((other) => other.standing()));
  }
  return votersOf(all.map((node) => node.voterFacts(now, options.missed, stallMs, published.head)));
};

/** What every node that can be asked stands on, and whether it has a say. */
export const ballotsOf = ({ nodes, options, tree }: ChainMemory, voters: ReadonlySet<string>): Ballot[] =>
  [...nodes.values()]
    .filter((node) => node.eligible(options.missed))
    .map((node) => ({
      name: node.name,
      voter: voters.has(node.name),
      head: votesFor(tree, node),
      latest: node.tracker.head?.number ?? 0,
      safe: node.tracker.vitals.safe,
      finalized: node.tracker.vitals.finalized,
    }));

/** Who tells otherwise of a block than is believed, where nothing but votes can tell who is right, has voted for its parent. */
const votesFor = (tree: BlockTree, { name, linked }: WatchedNode): Header | undefined => {
  if (linked === undefined || !tree.linked(linked.hash)) return undefined;
  return tree.told(linked.hash)?.outvotes(name) ? tree.get(linked.parentHash) : linked;
};

/**
 * True where what the block's header tells of it may be gone by; undefined for one that is not kept. Where one node alone
 * has a say, its word is the published head; those who have none are asked so rarely that they tell few blocks.
 */
export const believes = ({ tree, voters }: ChainMemory, hash: string): boolean | undefined => {
  const belief = tree.told(hash)?.belief;
  return belief === 'alone' ? voters.size < 2 : belief && belief !== 'disputed';
};

/** Tells each node's state and score anew. */
export const showStates = (memory: ChainMemory, now: number, stallMs: number): StateChange[] => {
  const { options, published, tree } = memory;
  const nodes = [...memory.nodes.values()];
  const changes: StateChange[] = [];
  for (const node of nodes) {
    const poolHasPeers = nodes.some((other) => other !== node && (other.tracker.vitals.peers ?? 0) > 0);
    const found = stateOf(node.facts(tree, published.head, now, poolHasPeers), { ...options, stallMs });
    const before = node.show(found, now);
    const { state, reason } = node.verdict;
    if (before.state !== state) changes.push({ name: node.name, from: before.state, to: state, reason });
  }
  const serving = nodes.filter((node) => !useless.has(node.verdict.state));
  const latencies = serving.flatMap(({ upstream }) => upstream.stats.latencyMs ?? []);
  const bestLatencyMs = latencies.length === 0 ? undefined : Math.min(...latencies);
  for (const node of nodes) {
    const { stats } = node.upstream;
    node.score = useless.has(node.verdict.state)
      ? 0
      : scoreOf({
          lag: node.lag(published.head),
          maxLag: options.maxLag,
          latencyMs: stats.latencyMs,
          bestLatencyMs,
          errorRate: stats.errorRate,
          peers: node.tracker.vitals.peers,
          minPeers: options.minPeers,
          poolHasPeers: nodes.some((other) => other !== node && (other.tracker.vitals.peers ?? 0) > 0),
        });
  }
  return changes;
};

/** Has nodes whose heads are polled asked at once for a block that somebody else has told of. */
export const nudgeOthers = ({ nodes }: ChainMemory, header: Header, teller?: WatchedNode): void => {
  for (const node of nodes.values()) {
    const { head } = node.tracker;
    if (node !== teller && head !== undefined && head.number < header.number) node.tracker.nudge();
  }
};

/** The picture of this moment. */
export const viewOf = ({ nodes, published, tree }: ChainMemory): ChainView => {
  const { head, branch, snapshot } = published;
  const reaches = new Map<string, Reach>();
  for (const node of nodes.values()) {
    const { tracker, linked } = node;
    if (!tracker.admitted || head === undefined) continue;
    if (node.link === 'below' && tracker.head !== undefined) {
      reaches.set(node.name, { head: tracker.head.number, hash: tracker.head.hash, joint: tracker.head.number });
    } else if (linked !== undefined) {
      reaches.set(node.name, reachOf(tree, linked, head));
    }
  }
  const views = [...nodes.values()].map((node) => node.view(head));
  return pictureOf(tree, snapshot, branch, views, reaches);
};
