import type { Call } from '../core/call.ts';
import type { Handle } from '../core/layer.ts';
import type { Observer } from '../core/observer.ts';
import type { Attempt } from '../core/outcome.ts';
import type { Reply } from '../core/reply.ts';
import type { SentTransactions } from '../core/sends.ts';
import type { ChainFeed, NodeView } from '../head/chain-view.ts';
import type { Clock } from '../lib/clock.ts';
import { globs } from '../lib/glob.ts';
import { Asking } from './asking.ts';
import { broadcast } from './broadcast.ts';
import { Hedging, type HedgeOptions } from './hedge.ts';
import { Learned } from './learned.ts';
import { quorum } from './quorum.ts';
import { type PlanTools, stillWanted, timeLeft } from './plan.ts';
import { race } from './race.ts';
import { requestFor } from './request.ts';
import { type Selection, select, type Wanted } from './selection.ts';

export interface RouterOptions {
  /** Ms one attempt may take while another node is left to ask. */
  readonly attemptTimeout: number;
  /** Attempts for one call at most; nodes asked for a second opinion on a `null` are not counted. */
  readonly attempts: number;
  readonly hedge: HedgeOptions;
  /** Nodes that a transaction is sent to at once. */
  readonly broadcast: number;
  /** Reads on which several nodes have to agree; the first rule that fits counts. */
  readonly quorum: readonly QuorumRule[];
}

export interface QuorumRule {
  /** Names, `*` as wildcard. */
  readonly methods: readonly string[];
  readonly agree: number;
  readonly of: number;
}

export interface RouterDeps {
  readonly chain: ChainFeed;
  readonly clock: Clock;
  readonly random: () => number;
  readonly observer: Observer;
  /** Whether the config lets a method be asked of an upstream. */
  readonly offers: (upstream: string, method: string) => boolean;
  readonly sends: SentTransactions;
}

/** Ms before nodes that have all just failed are asked again; doubled with each round. */
const PAUSE = 50;

/** The end of the spine: chooses nodes, asks them within the call's deadline, and says what came of it. */
export class Router {
  readonly #options: RouterOptions;
  readonly #deps: RouterDeps;
  readonly #hedging: Hedging;
  readonly #learned: Learned;
  readonly #tools: PlanTools;
  readonly #quorums: readonly (QuorumRule & { readonly covers: (method: string) => boolean })[];

  constructor(options: RouterOptions, deps: RouterDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#hedging = new Hedging(options.hedge);
    this.#learned = new Learned(deps.clock);
    this.#quorums = options.quorum.map((rule) => ({ ...rule, covers: globs(rule.methods) }));
    this.#tools = {
      ...deps,
      attemptTimeout: options.attemptTimeout,
      select: (call) => this.select(call),
      ask: (call, node, timeoutMs) => this.#start(call, node, timeoutMs),
      rest: (call, asking, round) => this.#rest(call, asking, round),
    };
  }

  /** Who could serve this call now, in the order of asking, and why the others could not. */
  select(call: Call | Wanted): Selection {
    const { chain, offers, random, sends } = this.#deps;
    return select(
      chain.view,
      call,
      {
        offers: (upstream) => offers(upstream, call.spec.name),
        lacks: (upstream) => this.#learned.missing(upstream, call.spec.name),
        holders: 'params' in call ? sends.holders(call) : nobody,
      },
      random,
    );
  }

  readonly handle: Handle = (call) => {
    const { attempts: rounds, broadcast: width } = this.#options;
    if (call.method === 'eth_sendRawTransaction') {
      return broadcast(call, { width, rounds }, this.#deps.sends, this.#tools);
    }
    const rule = call.only === undefined ? this.#quorums.find(({ covers }) => covers(call.method)) : undefined;
    return rule === undefined ? this.#read(call) : quorum(call, { ...rule, rounds }, this.#tools);
  };

  /** One node's answer, or another's where that one fails. */
  async #read(call: Call): Promise<Reply> {
    const { chain, clock, observer } = this.#deps;
    this.#hedging.called();
    const asking = new Asking(call);
    for (let round = 0; ; round += 1) {
      const wanted = this.#wanted(call, asking);
      const reply = await this.#ask(call, wanted, asking);
      if (reply !== undefined) return reply;
      if (call.pin !== undefined && !chain.view.canonical(call.pin.hash)) return asking.orphaned();
      if (asking.doubt !== undefined) return asking.doubt;
      const selection = this.select(call);
      const late = clock.now() >= call.deadline;
      const spent = asking.spent >= this.#options.attempts;
      const hopeless = !selection.hope && this.#wanted(call, asking).length === 0;
      if (late || spent || hopeless || call.cancellation.cancelled) return asking.conclusion(late, selection.excluded);
      if (wanted.length > 0) observer.retried(call.chain, 'exhausted');
      await this.#rest(call, asking, round);
    }
  }

  #wanted(call: Call, asking: Asking): readonly NodeView[] {
    return stillWanted(this.select(call), asking);
  }

  /** An attempt beside which no other waits for its turn. */
  #start(call: Call, node: NodeView, timeoutMs: number): Attempt {
    const attempt = node.upstream.call(requestFor(call, node), timeoutMs);
    void attempt.outcome.then((outcome) => this.#report(call, node.upstream.name, outcome, false));
    return attempt;
  }

  /** Asks the given nodes in turn; undefined when none of them had an answer. */
  async #ask(call: Call, nodes: readonly NodeView[], asking: Asking): Promise<Reply | undefined> {
    const queue = [...nodes];
    const running = new Map<Attempt, NodeView>();
    const hedges = new Set<Attempt>();
    const contest = race<Reply>(
      {
        start: (hedge) => {
          const left = this.#options.attempts - asking.spent;
          const node = left > 0 ? queue.shift() : undefined;
          if (node === undefined) return undefined;
          asking.started();
          const timeout = this.#share(call, Math.min(left - 1, queue.length));
          const attempt = node.upstream.call(requestFor(call, node), timeout);
          running.set(attempt, node);
          if (hedge) hedges.add(attempt);
          return attempt;
        },
        judge: (attempt, outcome) => {
          const node = running.get(attempt);
          if (node === undefined) return undefined;
          const { name } = node.upstream;
          this.#report(call, name, outcome, queue.length > 0);
          const holds = call.pin === undefined || this.#deps.chain.view.holds(name, call.pin);
          const reply = asking.ended(name, outcome, holds);
          if (reply !== undefined && hedges.size > 0) {
            this.#deps.observer.hedged(call.chain, hedges.has(attempt) ? 'won' : 'lost');
          }
          return reply;
        },
        hedgeAfterMs: () => (queue.length > 0 ? this.#hedging.delay(call.spec) : undefined),
        takeHedge: () => this.#hedging.take(),
      },
      this.#deps.clock,
    );
    const forgetClient = call.cancellation.onCancel(() => contest.cancel());
    const reply = await contest.result;
    forgetClient();
    return reply;
  }

  #report(call: Call, upstream: string, outcome: Awaited<Attempt['outcome']>, more: boolean): void {
    this.#deps.observer.attemptEnded(call.chain, upstream, call.spec.known ? call.method : 'other', outcome);
    if (outcome.kind === 'answered') this.#hedging.answered(call.spec, outcome.latencyMs);
    if (outcome.kind !== 'failed') return;
    if (outcome.failure === 'unsupported') this.#learned.lacks(upstream, call.spec.name);
    if (more) this.#deps.observer.retried(call.chain, outcome.failure);
  }

  /** Ms for the next attempt, such that `others` more still get their turn. */
  #share(call: Call, others: number): number {
    const left = timeLeft(call, this.#deps.clock);
    if (others <= 0) return left;
    const fair = left / (others + 1);
    return call.spec.costly ? fair : Math.min(fair, this.#options.attemptTimeout);
  }

  /** Pauses, and then waits until a node can be asked that may have something to say, or there is no hope of one. */
  async #rest(call: Call, asking: Asking, round: number): Promise<void> {
    const { chain, clock } = this.#deps;
    const until = Math.min(call.deadline, clock.now() + (PAUSE << Math.min(round, 5)));
    await chain.waitFor(() => false, until, call.cancellation);
    const ready = (): boolean => this.#wanted(call, asking).length > 0 || !this.select(call).hope;
    await chain.waitFor(ready, call.deadline, call.cancellation);
  }
}

const nobody: ReadonlySet<string> = new Set();
