import type { Call } from '../core/call.ts';
import type { Observer } from '../core/observer.ts';
import type { Attempt } from '../core/outcome.ts';
import type { ChainFeed, NodeView } from '../head/chain-view.ts';
import type { Clock } from '../lib/clock.ts';
import type { Asking } from './asking.ts';
import type { Selection, Wanted } from './selection.ts';

/** What the ways to answer a call are made of. */
export interface PlanTools {
  readonly chain: ChainFeed;
  readonly clock: Clock;
  readonly observer: Observer;
  /** Ms one attempt may take while another node is left to ask. */
  readonly attemptTimeout: number;
  /** Who could serve the call now, best first. */
  readonly select: (call: Wanted) => Selection;
  /** Upstreams that took the transaction which the call is about. */
  readonly holders: (call: Call) => ReadonlySet<string>;
  /** One attempt at a node; what came of it is reported to whoever learns from it. */
  readonly ask: (call: Call, node: NodeView, timeoutMs: number) => Attempt;
  /** After a round that came to nothing: waits, longer each time, and then until there is somebody to ask. */
  readonly rest: (call: Call, asking: Asking, round: number) => Promise<void>;
}

/** Nodes that can be asked at this moment and may still have something to say. */
export const stillWanted = (selection: Selection, asking: Asking): readonly NodeView[] =>
  selection.candidates.filter(({ upstream }) => asking.wants(upstream.name));

/** Ms that are left for a call, at least 1. */
export const timeLeft = (call: Call, clock: Clock): number => Math.max(1, call.deadline - clock.now());
