import type { Call } from '../core/call.ts';
import type { Handle } from '../core/layer.ts';
import type { Observer } from '../core/observer.ts';
import type { Attempt, Outcome } from '../core/outcome.ts';
import type { SentTransactions } from '../core/sends.ts';
import { prunedBelow } from '../ethereum/error-class.ts';
import type { ChainFeed, NodeView } from '../head/chain-view.ts';
import type { Clock } from '../lib/clock.ts';
import { globs } from '../lib/glob.ts';
import { RatioBudget } from '../lib/ratio-budget.ts';
import type { Asking } from './asking.ts';
import { broadcast } from './broadcast.ts';
import { depthOf } from './depth.ts';
import { Hedging, type HedgeOptions } from './hedge.ts';
import { Learned } from './learned.ts';
import { type PlanTools, stillWanted } from './plan.ts';
import { quorum } from './quorum.ts';
import { type Reading, read } from './reading.ts';
import { requestFor } from './request.ts';
import { type Selection, select, type Wanted } from './selection.ts';
import { Suspects } from './suspects.ts';
import type { Failed } from './verdict.ts';

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
/** Further attempts after failures as a share of calls, and how many may be saved up for a node's sudden death. */
const RETRIES = { ratio: 0.5, burst: 200 };
/** Blocks below the head that no node prunes: what it lacks of these it lacks for a moment. */
const NEVER_PRUNED = 16;

/** The end of the spine: chooses nodes, asks them within the call's deadline, and says what came of it. */
export class Router {
  readonly #options: RouterOptions;
  readonly #deps: RouterDeps;
  readonly #hedging: Hedging;
  readonly #learned: Learned;
  readonly #retries = new RatioBudget(RETRIES.ratio, RETRIES.burst);
  readonly #suspects: Suspects;
  readonly #tools: PlanTools;
  readonly #reading: Reading;
  readonly #quorums: readonly (QuorumRule & { readonly covers: (method: string) => boolean })[];

  constructor(options: RouterOptions, deps: RouterDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#hedging = new Hedging(options.hedge);
    this.#learned = new Learned(deps.clock);
    this.#suspects = new Suspects(deps.clock);
    const { attempts } = options;
    this.#reading = { attempts, hedging: this.#hedging, retries: this.#retries, suspects: this.#suspects };
    this.#quorums = options.quorum.map((rule) => ({ ...rule, covers: globs(rule.methods) }));
    this.#tools = {
      ...deps,
      attemptTimeout: options.attemptTimeout,
      select: (call) => this.select(call),
      holders: (call) => deps.sends.holders(call),
      ask: (call, node, timeoutMs) => this.#ask(call, node, timeoutMs),
      rest: (call, asking, round) => this.#rest(call, asking, round),
    };
  }

  /** Who could serve this call now, in the order of asking, and why the others could not. */
  select(call: Call | Wanted): Selection {
    const { chain, offers, random, sends } = this.#deps;
    const depth = 'params' in call && this.#learned.anyPruned ? depthOf(call) : undefined;
    const { name, need } = call.spec;
    return select(
      chain.view,
      call,
      {
        offers: (upstream) => offers(upstream, name),
        lacks: (upstream) => this.#learned.missing(upstream, name, need, depth),
        holders: 'params' in call ? sends.holders(call) : nobody,
      },
      random,
    );
  }

  readonly handle: Handle = (call) => {
    this.#retries.earn();
    const { attempts: rounds, broadcast: width } = this.#options;
    if (call.method === 'eth_sendRawTransaction') {
      return broadcast(call, { width, rounds }, this.#deps.sends, this.#tools);
    }
    const rule = call.only === undefined ? this.#quorums.find(({ covers }) => covers(call.method)) : undefined;
    return rule === undefined ? read(call, this.#reading, this.#tools) : quorum(call, { ...rule, rounds }, this.#tools);
  };

  /** An attempt of which everybody who learns from it is told. */
  #ask(call: Call, node: NodeView, timeoutMs: number): Attempt {
    const attempt = node.upstream.call(requestFor(call, node), timeoutMs);
    void attempt.outcome.then((outcome) => this.#report(call, node.upstream.name, outcome));
    return attempt;
  }

  #report(call: Call, upstream: string, outcome: Outcome): void {
    this.#deps.observer.attemptEnded(call.chain, upstream, call.spec.known ? call.method : 'other', outcome);
    if (outcome.kind === 'cancelled') return;
    if (outcome.kind === 'failed') this.#learnFrom(call, upstream, outcome);
    else this.#suspects.survived(call);
    if (outcome.kind !== 'answered') return;
    this.#hedging.answered(call.spec, outcome.latencyMs);
    const depth = this.#learned.anyPruned ? depthOf(call) : undefined;
    if (depth !== undefined) this.#learned.served(upstream, call.spec.need, depth);
  }

  #learnFrom(call: Call, upstream: string, { failure, error, died }: Failed): void {
    if (died) this.#suspects.died(call);
    if (failure === 'unsupported') this.#learned.lacks(upstream, call.spec.name);
    if (failure !== 'missing_data' || error === undefined) return;
    const depth = depthOf(call);
    const head = this.#deps.chain.view.head?.latest.number ?? 0;
    if (depth === undefined || depth > head - NEVER_PRUNED) return;
    this.#learned.pruned(upstream, call.spec.need, Math.max(depth + 1, Math.min(head, prunedBelow(error) ?? 0)));
  }

  /** Pauses, and then waits until a node can be asked that may have something to say, or there is no hope of one. */
  async #rest(call: Call, asking: Asking, round: number): Promise<void> {
    const { chain, clock } = this.#deps;
    do {
      const until = Math.min(call.deadline, clock.now() + (PAUSE << Math.min(round, 5)));
      await chain.waitFor(() => false, until, call.cancellation);
    } while (asking.failed && !this.#retries.take() && clock.now() < call.deadline && !call.cancellation.cancelled);
    const ready = (): boolean => {
      const selection = this.select(call);
      return !selection.hope || stillWanted(selection, asking).length > 0;
    };
    await chain.waitFor(ready, call.deadline, call.cancellation);
  }
}

const nobody: ReadonlySet<string> = new Set();
