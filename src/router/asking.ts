import type { Call } from '../core/call.ts';
import { type Failed, failedBecause, isFault, type Outcome } from '../core/outcome.ts';
import { type Reply, type ReplyInfo, faultReply } from '../core/reply.ts';
import { gatewayError, type Reason } from '../jsonrpc/errors.ts';
import { sizeRefusal } from './log-limits.ts';
import type { Selection } from './selection.ts';
import { agreed, judge, mayPass, stated } from './verdict.ts';

/** Connections that may break while a node works on a costly call; after that it is not given to a further node. */
const DEATHS = 2;

/** What one call has come to so far: who was asked, who failed, and the answer that follows from it. */
export class Asking {
  readonly #call: Call;
  readonly #failures = new Map<string, Failed>();
  /** The last errors that nodes stated about the call, of those too that were asked again since. */
  #said: Map<string, Failed> | undefined;
  readonly #doubters = new Set<string>();
  readonly #deniers = new Set<string>();
  #doubt: Reply | undefined;
  #doubts = 0;
  #attempts = 0;
  #hedges = 0;
  #harmless = 0;
  /** The last attempt to fail may have cost its node something. */
  #harmed = false;
  #deaths = 0;
  #tooLarge = false;

  constructor(call: Call) {
    this.#call = call;
  }

  /**
   * Attempts that count against the limit. A hedge and a second opinion on a `null` are no retries; and a node that turned
   * the call away (it keeps to its limits, or has lost the block), or only said that it cannot answer, has lost nothing by
   * it. The first may happen as often as the deadline allows, the latter once for each node.
   */
  get spent(): number {
    return this.#attempts - this.#hedges - this.#doubts - this.#harmless;
  }

  /** A node that was asked could not answer. */
  get failed(): boolean {
    return this.#failures.size > 0;
  }

  /** A node that has failed would be asked again. */
  get repeats(): boolean {
    return this.#failures.values().some(mayPass);
  }

  /**
   * To ask this node now is what there is a retry budget for: after a node that took harm, or for the second time. Who
   * only said that it cannot answer has the next one asked at no charge, for as often as there are nodes.
   */
  retries(upstream: string): boolean {
    return this.failed && (this.#harmed || this.#failures.has(upstream));
  }

  /** Nodes that met the call with an error of their own. */
  get perplexed(): readonly string[] {
    return [...this.#failures].filter(([, { failure }]) => failure === 'unclassified').map(([upstream]) => upstream);
  }

  hasFailed(upstream: string): boolean {
    return this.#failures.has(upstream);
  }

  /** Only one node has been asked with no success, so that nobody bears out what it says. */
  get uncertain(): boolean {
    return this.#failures.size === 1;
  }

  /** A node refused a log query for what it asks for at once. */
  get tooLarge(): boolean {
    return this.#tooLarge;
  }

  /** A `null`, or a transaction said to be pending, that stands unless somebody knows better. */
  get doubt(): Reply | undefined {
    return this.#doubt && { ...this.#doubt, info: { ...this.#doubt.info, attempts: this.#attempts } };
  }

  /** `hedge`: beside a slow attempt. */
  started(hedge: boolean = false): void {
    this.#attempts += 1;
    if (hedge) this.#hedges += 1;
  }

  /** Takes in an attempt's outcome; the reply if it settles the call. */
  ended(upstream: string, outcome: Outcome, holds: boolean, current: boolean = true): Reply | undefined {
    const verdict = judge(this.#call, upstream, outcome, holds, current);
    if (outcome.kind === 'cancelled') return undefined;
    if (outcome.kind === 'failed') {
      this.#failures.set(upstream, outcome);
      if (stated(outcome)) (this.#said ??= new Map()).set(upstream, outcome);
      if (outcome.died) this.#deaths += 1;
      this.#harmed = isFault(outcome) && !outcome.unsent;
      if (!this.#harmed) this.#harmless += 1;
      this.#tooLarge ||= sizeRefusal(this.#call, outcome) !== undefined;
      const deadly = this.#call.spec.costly && this.#deaths >= DEATHS;
      return verdict === 'stop' || deadly ? this.#failed() : undefined;
    }
    if (verdict === 'next') {
      this.#failures.set(upstream, refuted(holds));
      this.#harmed = holds;
      if (!holds) this.#harmless += 1;
      return undefined;
    }
    const info = this.info(upstream);
    const reply: Reply =
      outcome.kind === 'answered'
        ? { ok: true, result: outcome.result, info }
        : { ok: false, error: outcome.error, raw: outcome.raw, reason: undefined, retryAfter: undefined, info };
    if (verdict === 'answer') return reply;
    // What it failed at before, it has told by now.
    this.#failures.delete(upstream);
    this.#doubters.add(upstream);
    if (isNull(reply)) this.#deniers.add(upstream);
    this.#doubts += 1;
    // That a transaction waits is more than to know nothing of it.
    if (this.#doubt === undefined || !isNull(reply)) this.#doubt = reply;
    return undefined;
  }

  /** Those who gave the doubtful answer may be asked again. */
  doubtAgain(): void {
    this.#doubters.clear();
  }

  /** The node said `null`. */
  denied(upstream: string): boolean {
    return this.#deniers.has(upstream);
  }

  /** Takes a node's `null` as said: it is known without asking. */
  spare(upstream: string): void {
    this.#doubters.add(upstream);
  }

  /** Whether this node may still have something to say. */
  wants(upstream: string): boolean {
    const failure = this.#failures.get(upstream);
    return failure === undefined ? !this.#doubters.has(upstream) : mayPass(failure);
  }

  /** Whether this node may soon have something to say: it was not asked yet, or failed at once. */
  expects(upstream: string): boolean {
    return this.wants(upstream) && this.#failures.get(upstream)?.failure !== 'timeout';
  }

  /** The pinned block is no longer on the chain: whoever pinned it has to do so again. */
  orphaned(): Reply {
    const error = gatewayError('not_yet', 'the block that was read is no longer part of the chain');
    return faultReply(error, { ...this.info(undefined), orphaned: true });
  }

  /** The last word when nobody is left to ask, or no time. `retryAfter`: seconds after which a node may be asked again. */
  conclusion(late: boolean, { candidates, excluded }: Selection, retryAfter?: number): Reply {
    const failures = [...this.#failures.entries()];
    const everybody = candidates.every(({ upstream }) => this.#failures.has(upstream.name));
    // Whom the end of the call cut short has taken nothing back.
    const cut = (upstream: string, failed: Failed): Failed =>
      late && failed.failure === 'timeout' ? (this.#said?.get(upstream) ?? failed) : failed;
    const said = everybody ? agreed(failures.map(([upstream, failed]) => cut(upstream, failed))) : undefined;
    if (said?.raw !== undefined && said.error !== undefined) {
      const info = this.info(failures[0]?.[0]);
      return { ok: false, error: said.error, raw: said.raw, reason: undefined, retryAfter: undefined, info };
    }
    if (failures.length > 0)
      return late
        ? this.#fault('timeout', `no answer within the time; ${this.#told()}`, retryAfter)
        : this.#failed(retryAfter);
    const why = excluded.map(({ upstream, why: words }) => `${upstream} ${words}`).join('; ');
    const waiting = excluded.some(({ lacksBlock }) => lacksBlock);
    return waiting
      ? this.#fault('not_yet', `no node has the block yet: ${why}`)
      : this.#fault('no_upstream', `no node can serve this call: ${why || 'none is configured'}`);
  }

  /** How the answer came, if it is this upstream's. */
  info(upstream: string | undefined): ReplyInfo {
    const { spec, bypassCache, head } = this.#call;
    return {
      source: spec.cacheable && !bypassCache ? 'miss' : 'bypass',
      upstream,
      attempts: this.#attempts,
      block: head?.latest.number,
      orphaned: false,
    };
  }

  #failed(retryAfter?: number): Reply {
    return this.#fault('upstreams_failed', `every node asked has failed: ${this.#told()}`, retryAfter);
  }

  #told(): string {
    return [...this.#failures].map(([upstream, { message }]) => `${upstream}: ${message}`).join('; ');
  }

  #fault(reason: Reason, message: string, retryAfter?: number): Reply {
    return faultReply(gatewayError(reason, message), this.info(undefined), retryAfter);
  }
}

const NULL = Buffer.from('null');

const isNull = (reply: Reply): boolean => reply.ok && reply.result.equals(NULL);

const refuted = (holds: boolean): Failed =>
  holds
    ? failedBecause('bad_reply', 'its answer was found to be false')
    : failedBecause('not_yet', 'it lost its connection, or left the branch of the block it was asked about');
