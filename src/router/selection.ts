import type { BlockId, Call } from '../core/call.ts';
import { sending } from '../ethereum/methods.ts';
import type { ChainView, NodeState, NodeView } from '../head/chain-view.ts';

/** Why an upstream is no candidate for a call, in words. */
export interface Exclusion {
  readonly upstream: string;
  readonly why: string;
  /** The node would serve, had it the block. */
  readonly lacksBlock: boolean;
  /** Its state keeps it away, which may pass. */
  readonly away: boolean;
}

export interface Selection {
  /** Best first: the order in which they are to be asked. */
  readonly candidates: readonly NodeView[];
  readonly excluded: readonly Exclusion[];
  /** A node that cannot serve at this moment may be able to soon: it pays to wait. */
  readonly hope: boolean;
}

/** Order among the nodes of a tier; undefined: never asked. */
const rank: Readonly<Record<NodeState, number | undefined>> = {
  healthy: 0,
  lagging: 1,
  stalled: 2,
  syncing: 2,
  isolated: 2,
  limited: 0,
  unknown: undefined,
  down: undefined,
  forked: undefined,
  wrong_chain: undefined,
  drained: undefined,
};

/** What of a call decides who can answer it. */
export type Wanted = Pick<Call, 'spec' | 'pin' | 'only' | 'minBlock'>;

/** What is known of an upstream for the method at hand. */
export interface Offer {
  /** The config lets it be asked. */
  readonly offers: (upstream: string) => boolean;
  /** Words if it was learned that it refuses. */
  readonly lacks: (upstream: string) => string | undefined;
  /** Upstreams to ask first: they took the transaction that the call is about. */
  readonly holders: ReadonlySet<string>;
}

/**
 * The upstreams that can answer this call, in the order in which to ask them. A higher tier comes only after all of the
 * lower one; after everybody else come nodes whose budget is spent, and those that are known to refuse the method.
 */
export const select = (view: ChainView, call: Wanted, offer: Offer, random: () => number): Selection => {
  const excluded: Exclusion[] = [];
  const fit: NodeView[] = [];
  let hope = false;
  for (const node of view.nodes) {
    const unfit = exclusion(view, node, call, offer);
    if (unfit === undefined) fit.push(node);
    else {
      excluded.push(unfit);
      hope ||= unfit.lacksBlock || (mayReturn(node) && isWanted(node, call.only));
    }
  }
  const candidates = foremost(inOrder(fit, offer, random), offer.holders, call.spec.lookup);
  return { candidates, excluded, hope: hope || leftBehind(view) };
};

/** Group after group, and within a group as `shuffle` has it. */
const inOrder = (nodes: readonly NodeView[], offer: Offer, random: () => number): readonly NodeView[] => {
  if (nodes.length < 2) return nodes;
  const groups = new Map<number, NodeView[]>();
  for (const node of nodes) {
    const key = groupOf(node, offer.lacks(node.upstream.name) !== undefined);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [node]);
    else group.push(node);
  }
  const order = [...groups.keys()].sort((a, b) => a - b);
  return order.flatMap((key) => shuffle(groups.get(key) ?? [], random));
};

/** It is being asked who it is, or it answers probes and its breaker is about to let a call try, or does so now. */
const mayReturn = ({ state, reachable, upstream }: NodeView): boolean => {
  if (state === 'unknown') return true;
  const tried = reachable && upstream.stats.turnsAway;
  return tried && (state === 'down' || rank[state] !== undefined);
};

/** The whole pool has left the published head's branch: it is about to follow them. */
const leftBehind = ({ nodes }: ChainView): boolean =>
  nodes.some(({ state }) => state === 'forked') && nodes.every(({ state }) => rank[state] === undefined);

/** States in which it is not known that a node is of this chain, and on its branch. */
const ASTRAY: ReadonlySet<NodeState> = new Set(['unknown', 'wrong_chain', 'forked']);

/** False once what a node says may be about another chain, or another branch than the pinned block's. */
export const stands = (view: ChainView, upstream: string, pin: BlockId | undefined): boolean => {
  const node = view.nodes.find((one) => one.upstream.name === upstream);
  if (node === undefined || ASTRAY.has(node.state)) return false;
  return pin === undefined || view.holds(upstream, pin);
};

/**
 * True for a node that asked not to be called, or whose budget is spent: it is asked when nobody else can serve. At this
 * very moment, for the state that is shown is calmed, and would have a higher tier asked for longer than need be.
 */
export const isLimited = ({ upstream }: NodeView): boolean => upstream.stats.limitedUntil > 0;

/** One of a higher tier is not put first for a look-up: the lower one finds what is mined, and its `null` is doubted anyway. */
const foremost = (nodes: readonly NodeView[], names: ReadonlySet<string>, lookup: boolean): readonly NodeView[] => {
  if (names.size === 0) return nodes;
  const tier = lookup ? nodes[0]?.upstream.tier : undefined;
  const first = nodes.filter(
    (node) => names.has(node.upstream.name) && !isLimited(node) && node.upstream.tier <= (tier ?? node.upstream.tier),
  );
  return [...first, ...nodes.filter((node) => !first.includes(node))];
};

/** States in which no call is made, and out of which a node most often comes by itself. */
const PASSING: ReadonlySet<NodeState> = new Set(['unknown', 'down', 'forked']);

const isWanted = (node: NodeView, only: string | undefined): boolean =>
  only === undefined || only === node.upstream.name;

const exclusion = (view: ChainView, node: NodeView, call: Wanted, offer: Offer): Exclusion | undefined => {
  const { name } = node.upstream;
  const because = (why: string, { lacksBlock = false, away = false } = {}): Exclusion => ({
    upstream: name,
    why,
    lacksBlock,
    away,
  });
  if (!isWanted(node, call.only)) return because(`is not ${call.only}, which the call asks for`);
  if (!offer.offers(name)) return because(`is not asked for ${call.spec.name} by its config`);
  const sending = notForSending(view, node, call);
  if (sending !== undefined) return because(sending);
  // At this very moment: the state follows with the node's next answer, and each call until then would lose an attempt.
  if (node.upstream.stats.turnsAway) return because(closedDoor(node), { away: true });
  if (rank[node.state] === undefined)
    return because(`is ${node.state.replace('_', ' ')}: ${node.reason}`, { away: PASSING.has(node.state) });
  if (call.pin !== undefined && !view.holds(name, call.pin)) {
    return because(`does not hold block ${call.pin.number}`, { lacksBlock: true });
  }
  if (call.minBlock !== undefined && !view.holds(name, { number: call.minBlock })) {
    return because(`has not reached block ${call.minBlock}`, { lacksBlock: true });
  }
  return undefined;
};

const closedDoor = ({ upstream: { stats } }: NodeView): string =>
  stats.breaker === 'open'
    ? 'is down: its circuit breaker is open'
    : 'was down: one call is trying whether it is well again';

/** A node that is kept from transactions, or that stands beside a protected relay which alone may see them. */
const notForSending = (view: ChainView, node: NodeView, { spec }: Wanted): string | undefined => {
  if (!sending.test(spec.name)) return node.upstream.send === 'only' ? 'takes transactions only' : undefined;
  if (node.upstream.send === false) return 'takes no transactions';
  const relay = view.nodes.some(({ upstream }) => upstream.send === 'only');
  return relay && node.upstream.send !== 'only' ? 'leaves transactions to the relay' : undefined;
};

const TIERS = 1 << 20;

const groupOf = (node: NodeView, lacking: boolean): number => {
  const lastResort = (isLimited(node) ? 1 : 0) + (lacking ? 2 : 0);
  return (lastResort * TIERS + node.upstream.tier) * 4 + (rank[node.state] ?? 3);
};

/** Score over load: what one more call would find there. */
const prospect = (node: NodeView): number => node.score / (1 + node.upstream.stats.inflight);

/** By how much one prospect has to be better than another before that is more than noise. */
const CLEARLY = 1.25;

/**
 * Whether a node is to be asked although another was drawn. Alike, shares are as the weights say; a heavier node bears a
 * score that is worse, or a load that is higher, by as much as it is heavier.
 */
const outdoes = (other: NodeView, drawn: NodeView): boolean => {
  const heavier = drawn.upstream.weight / other.upstream.weight;
  return prospect(other) > prospect(drawn) * Math.max(CLEARLY, heavier);
};

/**
 * Power of two choices, again and again until all stand in order. Two that are drawn by weight and the better of them,
 * rather than the best of all: many callers with the same picture would otherwise all run to the same node.
 */
const shuffle = (nodes: readonly NodeView[], random: () => number): NodeView[] => {
  const rest = [...nodes];
  const order: NodeView[] = [];
  for (let first = draw(rest, random); first !== undefined; first = draw(rest, random)) {
    const drawn = first;
    const second = draw(
      rest.filter((node) => node !== drawn),
      random,
    );
    const next = second !== undefined && outdoes(second, drawn) ? second : drawn;
    order.push(next);
    rest.splice(rest.indexOf(next), 1);
  }
  return order;
};

/** One of the nodes, each with a chance in proportion to its weight. */
const draw = (nodes: readonly NodeView[], random: () => number): NodeView | undefined => {
  const [only] = nodes;
  if (nodes.length < 2) return only;
  let left = random() * nodes.reduce((sum, { upstream }) => sum + upstream.weight, 0);
  for (const node of nodes) {
    left -= node.upstream.weight;
    if (left < 0) return node;
  }
  return nodes.at(-1);
};
