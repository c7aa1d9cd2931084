import type { Call } from '../core/call.ts';
import { faultReply, type Reply } from '../core/reply.ts';
import type { NodeState, NodeView } from '../head/chain-view.ts';
import { gatewayError } from '../jsonrpc/errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { RatioBudget } from '../lib/ratio-budget.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { Asking } from './asking.ts';
import type { Denials } from './denials.ts';
import type { Hedging } from './hedge.ts';
import type { Learned } from './learned.ts';
import { freeAt, lastChance, type PlanTools, retryAfterOf, stillWanted, timeLeft, welcome } from './plan.ts';
import { type Entrant, race } from './race.ts';
import { isLimited, type Selection, stands } from './selection.ts';
import { unheard } from './second-opinion.ts';
import type { Suspects } from './suspects.ts';

export interface Reading {
  /** Attempts for one call at most, of those that may end by a node's own fault: who only says that it cannot is not counted. */
  readonly attempts: number;
  readonly hedging: Hedging;
  /** What further attempts after a failure are taken from. */
  readonly retries: RatioBudget;
  readonly suspects: Suspects;
  /** A log query that lower tiers refuse for its size goes to a higher one as it is. */
  readonly whole?: boolean;
  readonly denials: Denials;
  readonly learned: Learned;
}

/** Share of a call's time for which a node is waited for that nobody can tell when, or whether, it comes back. */
const PATIENCE = 0.25;

/**
 * One node's answer, or another's where that one fails. Where there is no other, one that is away is given time to come
 * back: a lone node's failure is no word of the pool's.
 */
export const read = async (
  call: Call,
  reading: Reading,
  tools: PlanTools,
  asking: Asking = new Asking(call),
): Promise<Reply> => {
  const { chain, clock, observer } = tools;
  if (reading.suspects.any) {
    const held = await heldBack(call, reading.suspects, asking, tools);
    if (held !== undefined) return held;
  }
  reading.hedging.called();
  const last = lastChance(call, clock);
  const patient = clock.now() + timeLeft(call, clock) * PATIENCE;
  for (let round = 0; ; round += 1) {
    const welcomed = welcome(call, asking, last, tools);
    const wanted = welcomed instanceof Promise ? await welcomed : welcomed;
    const reply = await askByTier(call, wanted, asking, reading, tools);
    if (reply !== undefined) return reply;
    if (call.pin !== undefined && !chain.view.canonical(call.pin.hash)) return asking.orphaned();
    const selection = tools.select(call);
    if (asking.doubt !== undefined && !anyExpected(selection, asking)) {
      if (!isHolderAway(call, selection, asking, tools)) return asking.doubt;
      // Until it is back, the others may hear of the transaction.
      asking.doubtAgain();
    }
    // Smaller queries are answered now; this one perhaps never.
    if (asking.tooLarge) return asking.conclusion(false, selection);
    const late = clock.now() >= call.deadline;
    const spent = asking.spent >= reading.attempts;
    const left = stillWanted(selection, asking);
    const hope = selection.hope || left.length > 0 || asking.doubt !== undefined;
    const hopeless =
      !hope && !(asking.uncertain && clock.now() < patient && selection.excluded.some(({ away }) => away));
    if (late || spent || hopeless || inVain(left, last, asking, clock) || call.cancellation.cancelled) {
      return asking.doubt ?? asking.conclusion(late, selection, retryAfterOf(left, clock));
    }
    if (wanted.length > 0) observer.retried(call.chain, 'exhausted');
    await tools.rest(call, asking, round);
  }
};

/** Nobody can be asked in time: a `null` is not held back for that, a failure as long as is of any use. */
const inVain = (nodes: readonly NodeView[], last: number, asking: Asking, clock: Clock): boolean => {
  const first = freeAt(nodes);
  return first !== undefined && first > last && (asking.doubt !== undefined || clock.now() >= last);
};

/** Waits while the like of this call is held back; a refusal where that is longer than the call has time. */
const heldBack = async (
  call: Call,
  suspects: Suspects,
  asking: Asking,
  { chain, clock }: PlanTools,
): Promise<Reply | undefined> => {
  for (;;) {
    const ms = suspects.heldMs(call);
    if (ms === 0) return undefined;
    if (clock.now() + ms >= call.deadline || call.cancellation.cancelled) {
      const message = 'held back: connections to nodes broke while they worked on this very call';
      return faultReply(gatewayError('overloaded', message), asking.info(undefined), Math.ceil(ms / 1000));
    }
    await chain.waitFor(() => false, clock.now() + ms, call.cancellation);
  }
};

/** Somebody may know better than to say `null`: a node that could not answer, unless it took all its time for that. */
const anyExpected = ({ candidates }: Selection, asking: Asking): boolean =>
  candidates.some(({ upstream }) => asking.expects(upstream.name));

/** States out of which a node that was heard lately most often comes in time. */
const AWAITED: ReadonlySet<NodeState> = new Set(['unknown', 'healthy', 'forked']);

/** A node that took the transaction which the call is about lost its connection, or is on another branch for now. */
const isHolderAway = (call: Call, { excluded }: Selection, asking: Asking, { chain, holders }: PlanTools): boolean => {
  const names = holders(call);
  if (names.size === 0) return false;
  const awaited = (name: string): boolean =>
    chain.view.nodes.some(({ upstream, state }) => upstream.name === name && AWAITED.has(state));
  return excluded.some(
    ({ upstream, away }) => away && names.has(upstream) && asking.wants(upstream) && awaited(upstream),
  );
};

interface Asked extends Entrant {
  readonly upstream: Upstream;
}

/** Asks the given nodes in turn, of higher tiers only those whose word on a `null` is needed. */
const askByTier = (
  call: Call,
  nodes: readonly NodeView[],
  asking: Asking,
  reading: Reading,
  tools: PlanTools,
): Promise<Reply | undefined> => {
  const tier = nodes[0]?.upstream.tier ?? 0;
  const asks = call.spec.lookup || call.method === 'eth_getLogs';
  const dear = asks ? nodes.findIndex(({ upstream }) => upstream.tier > tier) : -1;
  return dear === -1
    ? askInTurn(call, nodes, [0, nodes.length], asking, reading, tools)
    : askDear(call, nodes, dear, asking, reading, tools);
};

/** The nodes from `dear` on are of higher tiers. */
const askDear = async (
  call: Call,
  nodes: readonly NodeView[],
  dear: number,
  asking: Asking,
  reading: Reading,
  tools: PlanTools,
): Promise<Reply | undefined> => {
  const reply = await askInTurn(call, nodes, [0, dear], asking, reading, tools);
  if (reply !== undefined) return reply;
  if (call.method === 'eth_getLogs') {
    // In pieces, the lower tier can answer.
    const cut = asking.tooLarge && reading.whole !== true;
    return cut ? undefined : askInTurn(call, nodes, [dear, nodes.length], asking, reading, tools);
  }
  const { denials } = reading;
  const lower = nodes.slice(0, dear);
  const higher = await unheard(call, lower, nodes.slice(dear), asking, denials, tools);
  const later = await askInTurn(call, [...lower, ...higher], [dear, dear + higher.length], asking, reading, tools);
  for (const { upstream: node } of higher) {
    if (!asking.denied(node.name)) continue;
    // One that is not known to have come to the head may know more in a moment.
    if (stands(tools.chain.view, node.name, call.head?.latest)) denials.add(call, node.name);
    else tools.lookAt(node.name);
  }
  return later;
};

/** Asks the given nodes in turn, those from one place up to another; undefined when none of them had an answer. */
const askInTurn = async (
  call: Call,
  nodes: readonly NodeView[],
  [from, until]: readonly [number, number],
  asking: Asking,
  { attempts, hedging, retries, learned }: Reading,
  tools: PlanTools,
): Promise<Reply | undefined> => {
  const { chain, observer } = tools;
  let started = from;
  let hedges = 0;
  const contest = race<Asked, Reply>(
    {
      start: (hedge) => {
        const left = attempts - asking.spent;
        const late = asking.failed && tools.clock.now() >= call.deadline;
        const node = started < until ? nodes[started] : undefined;
        if ((left <= 0 && !hedge) || node === undefined || late) return undefined;
        // The first of a round has been paid for by then.
        if (started > 0 && !hedge && asking.retries(node.upstream.name) && !retries.take()) return undefined;
        started += 1;
        if (hedge) hedges += 1;
        asking.started(hedge);
        const others = Math.min(left - 1, nodes.length - started);
        const attempt = tools.ask(call, node, shareOf(call, others, asking, tools));
        return { attempt, hedge, upstream: node.upstream };
      },
      judge: ({ upstream: { name }, hedge }, outcome) => {
        if (outcome.kind === 'failed' && started < nodes.length) observer.retried(call.chain, outcome.failure);
        const { view } = chain;
        const current = call.head === undefined || view.holds(name, { number: call.head.latest.number });
        const reply = asking.ended(name, outcome, stands(view, name, call.pin), current);
        if (reply?.ok && asking.failed && !asking.tooLarge) {
          for (const other of asking.perplexed) learned.outdone(other, call.spec.name);
        }
        if (reply !== undefined && hedges > 0) observer.hedged(call.chain, hedge ? 'won' : 'lost');
        return reply;
      },
      overtaken: ({ upstream }) => upstream.overtaken(),
      hedgeAfterMs: () => (started < until ? hedging.delay(call.spec) : undefined),
      takeHedge: () => mayAccompany(nodes[started], nodes[started - 1]) && hedging.take(),
    },
    tools.clock,
  );
  const forgetClient = call.cancellation.onCancel(() => contest.cancel());
  const reply = await contest.result;
  forgetClient();
  return reply;
};

/**
 * Whether a node may be asked beside one that is only slow: that one can answer yet, so that a higher tier is not called
 * for, nor a node that asked to be left alone.
 */
const mayAccompany = (next: NodeView | undefined, slow: NodeView | undefined): boolean =>
  next !== undefined && slow !== undefined && !isLimited(next) && next.upstream.tier <= slow.upstream.tier;

/**
 * Ms for the next attempt, such that `others` more still get their turn. The last one has all that is left, unless it is
 * only to confirm a `null`: a node that hangs would hold up everybody who waits for a transaction to be mined.
 */
const shareOf = (call: Call, others: number, asking: Asking, { attemptTimeout, clock }: PlanTools): number => {
  const left = timeLeft(call, clock);
  if (others <= 0 && asking.doubt === undefined) return left;
  const fair = left / (others + 1);
  return call.spec.costly ? fair : Math.min(fair, attemptTimeout);
};
