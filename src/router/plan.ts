import type { Call } from '../core/call.ts';
import type { Observer } from '../core/observer.ts';
import type { Attempt } from '../core/outcome.ts';
import type { Origin } from '../core/sends.ts';
import type { ChainFeed, NodeView } from '../head/chain-view.ts';
import type { Clock } from '../lib/clock.ts';
import type { Asking } from './asking.ts';
import { isLimited, type Selection, type Wanted } from './selection.ts';

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
  /** Whose the transaction is that the call is about, where it went through here. */
  readonly origin: (call: Call) => Origin | undefined;
  /** One attempt at a node; what came of it is reported to whoever learns from it. */
  readonly ask: (call: Call, node: NodeView, timeoutMs: number) => Attempt;
  /** After a round that came to nothing: waits, longer each time, and then until there is somebody to ask. */
  readonly rest: (call: Call, asking: Asking, round: number) => Promise<void>;
  /** Has the head of a node read that is rarely asked for it. */
  readonly lookAt: (upstream: string) => void;
  /**
   * The same for all whom nothing but their last known head keeps from the call: resolves when they have been asked;
   * undefined where there are none.
   */
  readonly lookAround: (call: Wanted) => Promise<unknown> | undefined;
}

/** Nodes that can be asked at this moment and may still have something to say; those who have failed are the last. */
export const stillWanted = ({ candidates }: Selection, asking: Asking): readonly NodeView[] => {
  const wanted = candidates.filter(({ upstream }) => asking.wants(upstream.name));
  if (!asking.failed) return wanted;
  const failed = (node: NodeView): boolean => asking.hasFailed(node.upstream.name);
  return [...wanted.filter((node) => !failed(node)), ...wanted.filter(failed)];
};

/** Ms that are left for a call, at least 1. */
export const timeLeft = (call: Call, clock: Clock): number => Math.max(1, call.deadline - clock.now());

/** Ms before its deadline, at most, and share of its time at which a call that waits for a node asks for the last time. */
const LAST_STRETCH = { ms: 500, share: 0.25 };

/** Monotonic ms until which a call that just began may wait for a node that asked not to be called. */
export const lastChance = (call: Call, clock: Clock): number =>
  call.deadline - Math.min(LAST_STRETCH.ms, timeLeft(call, clock) * LAST_STRETCH.share);

/** When the first of the nodes may be called again; undefined where one may be called now, or there is none. */
export const freeAt = (nodes: readonly NodeView[]): number | undefined =>
  nodes.length > 0 && nodes.every(isLimited)
    ? Math.min(...nodes.map(({ upstream }) => upstream.stats.limitedUntil))
    : undefined;

/** Seconds after which the client may come again; undefined where no node asked to be left alone. */
export const retryAfterOf = (nodes: readonly NodeView[], clock: Clock): number | undefined => {
  const first = freeAt(nodes);
  return first === undefined ? undefined : Math.max(1, Math.ceil((first - clock.now()) / 1000));
};

/**
 * Who can be asked. Where all of them want to be left alone for a while, waits for the first, or for another node that can
 * be asked meanwhile, but not past `last`. A call that would have to wait longer asks at once, and then again at the last.
 */
export const welcome = (
  call: Call,
  asking: Asking,
  last: number,
  { chain, select, lookAround }: PlanTools,
  wanted: () => readonly NodeView[] = () => stillWanted(select(call), asking),
): readonly NodeView[] | Promise<readonly NodeView[]> => {
  const nodes = wanted();
  const first = freeAt(nodes);
  if (first === undefined) return nodes;
  void lookAround(call);
  if (first > last && !asking.failed) return nodes;
  const free = (): boolean => wanted().some((node) => !isLimited(node));
  return chain.waitFor(free, Math.min(first, last), call.cancellation).then(wanted);
};
