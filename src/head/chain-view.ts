import type { HeadSnapshot } from '../core/call.ts';
import type { ClientKind } from '../ethereum/client-kind.ts';
import type { Cancellation } from '../lib/cancellation.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** The words in which an upstream's condition is told; the contract says what each serves. */
export type NodeState =
  | 'unknown'
  | 'healthy'
  | 'lagging'
  | 'stalled'
  | 'syncing'
  | 'isolated'
  | 'forked'
  | 'limited'
  | 'down'
  | 'wrong_chain'
  | 'drained';

/** One upstream as the chain sees it at this moment. */
export interface NodeView {
  readonly upstream: Upstream;
  readonly state: NodeState;
  /** Why it is in this state, in words. */
  readonly reason: string;
  /** It answered the gateway's last question to it. */
  readonly reachable: boolean;
  /** 0 (useless) to 1 (perfect). */
  readonly score: number;
  /** The newest block of its own that is linked into the tree. */
  readonly head: number | undefined;
  /** Blocks behind the published head; 0 when at it or ahead. */
  readonly lag: number | undefined;
  /** Undefined where the node does not tell. */
  readonly peers: number | undefined;
  readonly client: string;
  /** What `client` says that it runs. */
  readonly kind: ClientKind;
}

/**
 * The picture that each call reads synchronously; a new one replaces it whenever a head, state or score moves. The
 * published branch and the nodes in it never change. Of other blocks it tells what is known when it is asked, which may be
 * more than when it was made: a block that was unknown, and so taken for an old one, may have shown to be another branch's.
 */
export interface ChainView {
  /** Undefined until the first block is published. */
  readonly head: HeadSnapshot | undefined;
  readonly nodes: readonly NodeView[];
  /** True if the node's own branch, as far as it was heard, holds the block: by hash where given, else by height. */
  holds(upstream: string, block: { readonly number: number; readonly hash?: string }): boolean;
  /** True if the block is on the published branch, or is not known, as one is that the tree no longer reaches. */
  canonical(hash: string): boolean;
  /** Hash of the published branch's block at this height; undefined above the head and below what the tree reaches. */
  hashAt(number: number): string | undefined;
  /** Height of the published branch's block with this hash; undefined where the tree does not hold it there. */
  numberOf(hash: string): number | undefined;
}

/** What hangs on a chain reads it through this; trackers feed it in a single process. */
export interface ChainFeed {
  /** The picture of this moment; the next one replaces it as a whole. */
  readonly view: ChainView;
  /** True as soon as `predicate` holds for the current picture; false at `deadline` (monotonic ms) or on cancellation. */
  waitFor(predicate: (view: ChainView) => boolean, deadline: number, cancellation: Cancellation): Promise<boolean>;
}
