import type { Call } from '../core/call.ts';
import type { Handle } from '../core/layer.ts';
import type { Observer } from '../core/observer.ts';
import type { Attempt, Failed, Outcome } from '../core/outcome.ts';
import type { SentTransactions } from '../core/sends.ts';
import { prunedBelow } from '../ethereum/error-class.ts';
import type { ChainFeed, NodeView } from '../head/chain-view.ts';
import type { Clock } from '../lib/clock.ts';
import { globs } from '../lib/glob.ts';
import { RatioBudget } from '../lib/ratio-budget.ts';
import { Asking } from './asking.ts';
import { broadcast } from './broadcast.ts';
import { Denials } from './denials.ts';
import { depthOf } from './depth.ts';
import { Hedging, type HedgeOptions } from './hedge.ts';
import { Learned } from './learned.ts';
import { LogLimits, sizeOf, sizeRefusal } from './log-limits.ts';
import { type LogsTools, readLogs } from './logs.ts';
import { type PlanTools, stillWanted } from './plan.ts';
import { quorum } from './quorum.ts';
import { type Reading, read } from './reading.ts';
import { requestFor } from './request.ts';
import { isLimited, type Selection, select, type Wanted } from './selection.ts';
import { orElse } from './sibling.ts';
import { Suspects } from './suspects.ts';

export interface RouterOptions {
  /** Ms one attempt may take while another node is left to ask. */
  readonly attemptTimeout: number;
  /** Attempts for one call at most, of those that may end by a node's own fault: who only says that it cannot is not counted. */
  readonly attempts: number;
  readonly hedge: HedgeOptions;
  /** Nodes that a transaction is sent to at once. */
  readonly broadcast: number;
  /** Bytes of an answer that is put together from several. */
  readonly mostBytes: number;
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
  /** Has the head of an upstream asked for that is known to be behind, and may not be; false where it is. */
  readonly lookAt: (upstream: string) => Promise<void> | undefined;
}

/** Ms before nodes that have all just failed are asked again; doubled with each round. */
const PAUSE = 50;
/** Ms for which the head of a node is waited for that can answer if it is what the others' is. */
const LOOK = 1_000;
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
  readonly #logLimits: LogLimits;
  readonly #logs: LogsTools;
  readonly #tools: PlanTools;
  readonly #reading: Reading;
  readonly #quorums: readonly (QuorumRule & { readonly covers: (method: string) => boolean })[];

  constructor(options: RouterOptions, deps: RouterDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#hedging = new Hedging(options.hedge);
    this.#learned = new Learned(deps.clock);
    this.#suspects = new Suspects(deps.clock);
    this.#logLimits = new LogLimits(deps.clock);
    this.#logs = this.#logsTools();
    const { attempts } = options;
    const denials = new Denials(deps.clock);
    const learned = this.#learned;
    this.#reading = {
      attempts,
      hedging: this.#hedging,
      retries: this.#retries,
      suspects: this.#suspects,
      denials,
      learned,
    };
    this.#quorums = options.quorum.map((rule) => ({ ...rule, covers: globs(rule.methods) }));
    this.#tools = {
      ...deps,
      attemptTimeout: options.attemptTimeout,
      select: (call) => this.select(call),
      holders: (call) => deps.sends.holders(call),
      origin: (call) => deps.sends.origin(call),
      ask: (call, node, timeoutMs) => this.#ask(call, node, timeoutMs),
      rest: (call, asking, round) => this.#rest(call, asking, round),
      lookAt: (upstream) => void this.#deps.lookAt(upstream),
      lookAround: (call) => this.#lookAround(call),
    };
  }

  /** Who could serve this call now, in the order of asking, and why the others could not. */
  select(call: Call | Wanted): Selection {
    const { chain, offers, random, sends } = this.#deps;
    const depth = 'params' in call && this.#learned.anyPruned ? depthOf(call) : undefined;
    const { name, need } = call.spec;
    const size = 'params' in call && this.#logLimits.any ? sizeOf(call) : undefined;
    const tooLarge = (upstream: string): string | undefined => size && this.#logLimits.refusal(upstream, size);
    return select(
      chain.view,
      call,
      {
        offers: (upstream) => offers(upstream, name),
        lacks: (upstream) => this.#learned.missing(upstream, name, need, depth) ?? tooLarge(upstream),
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
    if (rule !== undefined) return quorum(call, { ...rule, rounds }, this.#tools);
    return call.method === 'eth_getLogs' ? readLogs(call, this.#logs) : read(call, this.#reading, this.#tools);
  };

  /** Words if it was learned that the upstream has not got what the call wants; how large the call is apart. */
  #lacks({ spec, params, pin }: Call, upstream: string): string | undefined {
    const depth = this.#learned.anyPruned ? depthOf({ spec, params, pin }) : undefined;
    return this.#learned.missing(upstream, spec.name, spec.need, depth);
  }

  #logsTools(): LogsTools {
    const limits = this.#logLimits;
    /** Those of the lowest tier that can answer, in pieces or not. */
    const candidates = (call: Call): string[] => {
      const { candidates: all } = this.select(call);
      const able = all.filter((node) => !isLimited(node) && this.#lacks(call, node.upstream.name) === undefined);
      const nodes = able.length > 0 ? able : all;
      const lowest = Math.min(...nodes.map(({ upstream }) => upstream.tier));
      return nodes.filter(({ upstream }) => upstream.tier === lowest).map(({ upstream }) => upstream.name);
    };
    return {
      chain: this.#deps.chain,
      mostBytes: this.#options.mostBytes,
      read: async (call) => {
        const asking = new Asking(call);
        const reply = await read(call, this.#reading, this.#tools, asking);
        return { reply, tooLarge: !reply.ok && !reply.info.orphaned && asking.tooLarge };
      },
      above: (call) => {
        const lower = candidates(call);
        const higher = this.select(call).candidates.some(({ upstream }) => !lower.includes(upstream.name));
        return higher ? read(call, { ...this.#reading, whole: true }, this.#tools) : undefined;
      },
      refused: (call, size) => {
        const names = limits.any ? candidates(call) : [];
        return names.length > 0 && names.every((name) => limits.refusal(name, size) !== undefined);
      },
      allowed: (call) => limits.most(candidates(call)),
    };
  }

  /** An attempt of which everybody who learns from it is told. */
  #ask(call: Call, node: NodeView, timeoutMs: number): Attempt {
    const attempt = this.#attempt(call, node, timeoutMs);
    void attempt.outcome.then((outcome) => this.#report(call, node.upstream.name, outcome));
    return attempt;
  }

  #attempt(call: Call, node: NodeView, timeoutMs: number): Attempt {
    const { clock } = this.#deps;
    const { upstream } = node;
    const until = clock.now() + timeoutMs;
    const lacks = (method: string): boolean => this.#learned.lacksMethod(upstream.name, method);
    const request = requestFor(call, node, lacks);
    const attempt = upstream.call(request, timeoutMs);
    if (request.method === call.method) return attempt;
    // Its word is checked against its branch afterwards, as with every answer by number.
    return orElse(attempt, (outcome) => {
      this.#deps.observer.attemptEnded(call.chain, upstream.name, request.method, outcome);
      this.#learned.lacks(upstream.name, request.method);
      return upstream.call(requestFor(call, node, lacks), Math.max(1, until - clock.now()));
    });
  }

  #report(call: Call, upstream: string, outcome: Outcome): void {
    this.#deps.observer.attemptEnded(call.chain, upstream, call.spec.known ? call.method : 'other', outcome);
    if (outcome.kind === 'cancelled') return;
    if (outcome.kind === 'failed') this.#learnFrom(call, upstream, outcome);
    else {
      this.#suspects.survived(call);
      this.#learned.answered(upstream, call.spec.name);
    }
    if (outcome.kind !== 'answered') return;
    this.#hedging.answered(call.spec, outcome.latencyMs);
    const depth = this.#learned.anyPruned ? depthOf(call) : undefined;
    if (depth !== undefined) this.#learned.served(upstream, call.spec.need, depth);
  }

  #learnFrom(call: Call, upstream: string, failed: Failed): void {
    const { failure, error, died } = failed;
    if (died) this.#suspects.died(call);
    const limit = sizeRefusal(call, failed);
    const size = limit && sizeOf(call);
    if (limit !== undefined && size !== undefined) this.#logLimits.refused(upstream, size, limit);
    if (failure === 'unsupported') this.#learned.lacks(upstream, call.spec.name);
    if (failure !== 'missing_data' || error === undefined) return;
    const depth = depthOf(call);
    const head = this.#deps.chain.view.head?.latest.number ?? 0;
    if (depth === undefined || depth > head - NEVER_PRUNED) return;
    const told = prunedBelow(error);
    const lowest = Math.max(depth + 1, Math.min(head, told ?? 0));
    this.#learned.pruned(upstream, call.spec.need, lowest, told === undefined ? head - NEVER_PRUNED : lowest);
  }

  /** Has the heads be read of those who lack the call's block as far as is known; undefined where there are none. */
  #lookAround(call: Wanted): Promise<unknown> | undefined {
    const lacking = this.select(call).excluded.filter(({ lacksBlock }) => lacksBlock);
    const looks = lacking.map(({ upstream }) => this.#deps.lookAt(upstream)).filter((look) => look !== undefined);
    return looks.length === 0 ? undefined : Promise.all(looks);
  }

  /** Pauses, and then waits until a node can be asked that may have something to say, or there is no hope of one. */
  async #rest(call: Call, asking: Asking, round: number): Promise<void> {
    const { chain, clock } = this.#deps;
    const looked = this.#lookAround(call);
    if (looked !== undefined) {
      const fresh = (): boolean =>
        stillWanted(this.select(call), asking).some(({ upstream }) => !asking.hasFailed(upstream.name));
      const found = chain.waitFor(fresh, Math.min(call.deadline, clock.now() + LOOK), call.cancellation);
      await Promise.race([found, looked]);
    }
    do {
      const until = Math.min(call.deadline, clock.now() + (PAUSE << Math.min(round, 5)));
      await chain.waitFor(() => false, until, call.cancellation);
    } while (asking.repeats && !this.#retries.take() && clock.now() < call.deadline && !call.cancellation.cancelled);
    const ready = (): boolean => {
      const selection = this.select(call);
      const orphaned = call.pin !== undefined && !chain.view.canonical(call.pin.hash);
      return orphaned || !selection.hope || stillWanted(selection, asking).length > 0;
    };
    await chain.waitFor(ready, call.deadline, call.cancellation);
  }
}

const nobody: ReadonlySet<string> = new Set();
