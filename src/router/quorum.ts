import type { Call } from '../core/call.ts';
import { failedBecause, type Outcome } from '../core/outcome.ts';
import { faultReply, type Reply } from '../core/reply.ts';
import type { NodeView } from '../head/chain-view.ts';
import { gatewayError } from '../jsonrpc/errors.ts';
import { Asking } from './asking.ts';
import { Ballot, type Opinion } from './ballot.ts';
import { lastChance, type PlanTools, retryAfterOf, stillWanted, timeLeft, welcome } from './plan.ts';
import { stands } from './selection.ts';
import { judge } from './verdict.ts';

/** How many nodes have to give the same answer, of how many that are asked. */
export interface QuorumOptions {
  readonly agree: number;
  readonly of: number;
  /** Times that nodes which failed are tried. */
  readonly rounds: number;
}

/**
 * Asks several nodes about the same block, and answers when enough of them say the same. What they say is compared by its
 * meaning (`canonicalJson`). Who is found alone against an agreement is reported, and loses score; the rest of the nodes
 * are heard to their end for that, behind the answer.
 */
export const quorum = async (call: Call, options: QuorumOptions, tools: PlanTools): Promise<Reply> => {
  const poll = new Poll(call, options, tools);
  const { asking } = poll;
  const last = lastChance(call, tools.clock);
  const unheard = (): readonly NodeView[] =>
    stillWanted(tools.select(call), asking).filter(({ upstream }) => !poll.heard(upstream.name));
  for (let round = 0; ; ) {
    const wanted = await welcome(call, asking, last, tools, unheard);
    const reply = await poll.ask(wanted);
    if (reply !== undefined) return reply;
    if (call.pin !== undefined && !tools.chain.view.canonical(call.pin.hash)) return asking.orphaned();
    if (wanted.length > 0) round += 1;
    const selection = tools.select(call);
    const late = tools.clock.now() >= call.deadline;
    const over = late || round >= options.rounds || call.cancellation.cancelled;
    const hopeless =
      !selection.hope && stillWanted(selection, asking).every(({ upstream }) => poll.heard(upstream.name));
    if (over || hopeless || poll.split) {
      const retryAfter = retryAfterOf(unheard(), tools.clock);
      return poll.conclusion() ?? asking.conclusion(late, selection, retryAfter);
    }
    await tools.rest(call, asking, round);
  }
};

/** What the nodes have said so far on one question. */
class Poll {
  readonly asking: Asking;
  readonly #call: Call;
  readonly #options: QuorumOptions;
  readonly #tools: PlanTools;
  readonly #ballot = new Ballot();
  readonly #nodes = new Map<string, NodeView>();
  #running = 0;
  /** Answers that count for `of`: one node's `null` may be ignorance, and has another one asked beside it. */
  #counted = 0;
  #decided: Opinion | undefined;

  constructor(call: Call, options: QuorumOptions, tools: PlanTools) {
    this.#call = call;
    this.#options = options;
    this.#tools = tools;
    this.asking = new Asking(call);
  }

  heard(upstream: string): boolean {
    return this.#ballot.has(upstream);
  }

  /** So many different things were said that no further node can bring about an agreement. */
  get split(): boolean {
    const most = this.#ballot.opinions[0]?.upstreams.length ?? 0;
    return most + this.#options.of - this.#counted < this.#options.agree;
  }

  /** Has as many of the nodes speak as the rule wants. Undefined when none is left and there is no agreement. */
  ask(nodes: readonly NodeView[]): Promise<Reply | undefined> {
    const queue = [...nodes];
    const { agree, of } = this.#options;
    const { attemptTimeout, clock } = this.#tools;
    const spare = nodes.length + this.#ballot.size > agree;
    return new Promise((resolve, reject) => {
      const fill = (): void => {
        while (this.#decided === undefined && this.#counted + this.#running < of) {
          const node = queue.shift();
          if (node === undefined) break;
          const left = timeLeft(this.#call, clock);
          this.#running += 1;
          this.#hear(node, spare ? Math.min(attemptTimeout, left) : left)
            .then((reply) => {
              this.#running -= 1;
              if (reply !== undefined) resolve(reply);
              fill();
            })
            .catch(reject);
        }
        if (this.#running === 0) resolve(this.#agreedNull());
      };
      fill();
    });
  }

  /** The last word where there is no agreement; undefined where nobody has said anything. */
  conclusion(): Reply | undefined {
    const { agree, of } = this.#options;
    const { opinions, size } = this.#ballot;
    const info = this.asking.info(undefined);
    if (size === 0) return undefined;
    if (opinions.length === 1) {
      const message = `${agree} nodes have to agree, and only ${size} could be heard`;
      return faultReply(gatewayError('no_upstream', message), info);
    }
    const answers = opinions.map(({ kind, upstreams }) => ({ kind, upstreams }));
    const message = `${agree} of ${of} nodes have to agree, and they gave ${opinions.length} different answers`;
    return faultReply(gatewayError('disagreement', message, { agree, of, answers }), info);
  }

  async #hear(node: NodeView, timeoutMs: number): Promise<Reply | undefined> {
    const { name } = node.upstream;
    const { ask, chain } = this.#tools;
    this.asking.started();
    const outcome = await ask(this.#call, node, timeoutMs).outcome;
    const opinion = this.#cast(name, outcome, stands(chain.view, name, this.#call.pin));
    if (opinion === undefined) return undefined;
    this.#nodes.set(name, node);
    if (!this.#isNull(opinion)) this.#counted += 1;
    if (this.#decided !== undefined) this.#compare(opinion, [name]);
    else if (opinion.upstreams.length >= this.#options.agree && !this.#isNull(opinion)) return this.#decide(opinion);
    return undefined;
  }

  /** Undefined for a failure, and for what is no statement about the block that was asked about. */
  #cast(name: string, outcome: Outcome, holds: boolean): Opinion | undefined {
    if (outcome.kind !== 'answered' && outcome.kind !== 'refused') {
      this.asking.ended(name, outcome, holds);
      return undefined;
    }
    const verdict = judge(this.#call, name, outcome, holds);
    const opinion = verdict === 'next' ? undefined : this.#ballot.cast(name, outcome);
    if (verdict === 'next') this.asking.ended(name, outcome, holds);
    else if (opinion === undefined)
      this.asking.ended(name, failedBecause('bad_reply', 'an answer that cannot be compared'), true);
    return opinion;
  }

  #decide(opinion: Opinion): Reply {
    this.#decided = opinion;
    for (const other of this.#ballot.opinions) this.#compare(other, other.upstreams);
    const { statement, upstreams } = opinion;
    const info = this.asking.info(upstreams[0]);
    return statement.kind === 'answered'
      ? { ok: true, result: statement.result, info }
      : { ok: false, error: statement.error, raw: statement.raw, reason: undefined, retryAfter: undefined, info };
  }

  /** `null` is believed when everybody was asked, and nobody knows better. */
  #agreedNull(): Reply | undefined {
    const [only, ...others] = this.#ballot.opinions;
    const enough = only !== undefined && only.upstreams.length >= this.#options.agree;
    return this.#decided === undefined && enough && others.length === 0 && this.#isNull(only)
      ? this.#decide(only)
      : undefined;
  }

  /**
   * A false answer is one about the very block that was asked about. A refusal says nothing of others' answers, for nodes
   * have limits of their own; nor does ignorance.
   */
  #compare(opinion: Opinion, upstreams: readonly string[]): void {
    const { chain, method, pin } = this.#call;
    const comparable = [this.#decided, opinion].every((one) => one !== undefined && one.kind !== 'error');
    if (opinion === this.#decided || pin === undefined || !comparable || this.#isNull(opinion)) return;
    for (const name of upstreams) {
      this.#tools.observer.dissented(chain, name, method);
      this.#nodes.get(name)?.upstream.disproved();
    }
  }

  #isNull({ kind }: Opinion): boolean {
    return kind === 'null' && this.#call.spec.lookup;
  }
}
