import type { Call } from '../core/call.ts';
import { failedBecause, type Outcome } from '../core/outcome.ts';
import type { Reply } from '../core/reply.ts';
import type { SentTransactions } from '../core/sends.ts';
import { alreadyKnown, nonceTooLow } from '../ethereum/error-class.ts';
import { senderOf } from '../ethereum/sender.ts';
import { type RawTransaction, readTransaction } from '../ethereum/transaction.ts';
import type { NodeView } from '../head/chain-view.ts';
import type { RawJson, RpcError } from '../jsonrpc/message.ts';
import { elementOf } from '../jsonrpc/params.ts';
import { Asking } from './asking.ts';
import { hasHead, isKnown } from './inquiry.ts';
import { lastChance, type PlanTools, retryAfterOf, stillWanted, timeLeft, welcome } from './plan.ts';
import { isLimited, stands } from './selection.ts';
import { fateUnknown } from './verdict.ts';

export interface BroadcastOptions {
  /** Nodes of one tier that a transaction is sent to at once. */
  readonly width: number;
  /** Times that all nodes are tried. */
  readonly rounds: number;
}

/** What a node had against a transaction, in its own words. */
interface Objection {
  readonly upstream: string;
  readonly error: RpcError;
  readonly raw: RawJson;
}

/**
 * Sends a transaction to several nodes at once. The first to take it answers, and the rest go on behind the answer, so
 * that it does not die with one node. One that a node has already, or that is mined, was sent with success; a refusal
 * stands when nobody took it, if it is by a node that has the head: one that lags does not know of the sender's money.
 */
export const broadcast = async (
  call: Call,
  options: BroadcastOptions,
  sends: SentTransactions,
  tools: PlanTools,
): Promise<Reply> => {
  const sending = new Sending(call, sends, tools);
  const last = lastChance(call, tools.clock);
  for (let round = 0; ; round += 1) {
    const wanted = await welcome(call, sending.asking, last, tools);
    const groups = groupsOf(wanted);
    for (const [place, group] of groups.entries()) {
      const reply = await sending.offer(group, options.width, groups.length - 1 - place);
      if (reply !== undefined) return reply;
    }
    const selection = tools.select(call);
    const late = tools.clock.now() >= call.deadline;
    const hopeless = wanted.length === 0 && !selection.hope;
    if (late || hopeless || call.cancellation.cancelled || round + 1 >= options.rounds) {
      const left = stillWanted(selection, sending.asking);
      return sending.asking.conclusion(late, selection, retryAfterOf(left, tools.clock));
    }
    await tools.rest(call, sending.asking, round);
  }
};

/** A tier is sent to together; nodes that asked not to be called come by themselves, as does the next tier. */
const groupsOf = (nodes: readonly NodeView[]): readonly (readonly NodeView[])[] => {
  const groups = new Map<string, NodeView[]>();
  for (const node of nodes) {
    const key = `${node.upstream.tier} ${isLimited(node)}`;
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  return [...groups.values()];
};

/** One transaction on its way to the nodes. */
class Sending {
  readonly asking: Asking;
  readonly #call: Call;
  readonly #sends: SentTransactions;
  readonly #tools: PlanTools;
  readonly #raw: unknown;
  /** Undefined where the bytes are no transaction that is known here: let a node judge. */
  readonly #transaction: RawTransaction | undefined;
  readonly #objections: Objection[] = [];
  /** Recovered once, and only when a node has taken the transaction. */
  #sender: { readonly address: string | undefined } | undefined;
  #fateUnknown = false;

  constructor(call: Call, sends: SentTransactions, tools: PlanTools) {
    this.#raw = elementOf(call.params, 0);
    this.#call = call;
    this.#sends = sends;
    this.#tools = tools;
    this.#transaction = typeof this.#raw === 'string' ? readTransaction(this.#raw) : undefined;
    this.asking = new Asking(call);
  }

  /**
   * Sends to the first `width` of the nodes, and to a further one for each that fails. Undefined when all of them failed;
   * `others`: groups that come after this one.
   */
  async offer(nodes: readonly NodeView[], width: number, others: number): Promise<Reply | undefined> {
    const queue = [...nodes];
    const taken = await new Promise<Reply | undefined>((resolve, reject) => {
      let running = 0;
      let over = false;
      const settle = (reply: Reply | undefined): void => {
        over = true;
        resolve(reply);
      };
      const launch = (): void => {
        const node = over ? undefined : queue.shift();
        if (node === undefined) return;
        running += 1;
        this.#send(node, nodes.length > 1 || others > 0)
          .then((verdict) => {
            running -= 1;
            if (verdict === 'failed') launch();
            else if (verdict !== 'refused') settle(verdict);
            if (running === 0) settle(undefined);
          })
          .catch(reject);
      };
      for (let started = 0; started < width; started += 1) launch();
    });
    return taken ?? this.#refusal();
  }

  async #send(node: NodeView, more: boolean): Promise<Reply | 'refused' | 'failed'> {
    const { ask, attemptTimeout, chain, clock } = this.#tools;
    const { name } = node.upstream;
    const left = timeLeft(this.#call, clock);
    this.asking.started();
    const outcome = await ask(this.#call, node, more ? Math.min(attemptTimeout, left / 2) : left).outcome;
    const result = this.#acceptance(outcome);
    if (result !== undefined) {
      this.#remember(result, node);
      return { ok: true, result, info: this.asking.info(name) };
    }
    if (outcome.kind === 'refused' && stands(chain.view, name, undefined)) {
      const { error, raw } = outcome;
      if (await hasHead(this.#call, node, this.#tools)) {
        this.#objections.push({ upstream: name, error, raw });
        return 'refused';
      }
      this.asking.ended(name, { ...failedBecause('not_yet', error.message), error, raw }, true);
      return 'failed';
    }
    const answered = outcome.kind === 'answered';
    if (answered || (outcome.kind === 'failed' && fateUnknown(outcome.failure))) this.#fateUnknown = true;
    this.asking.ended(
      name,
      answered ? failedBecause('bad_reply', 'what it gave is not the hash of the transaction') : outcome,
      false,
    );
    return 'failed';
  }

  /** The hash, as JSON, where the node took the transaction or has it already. */
  #acceptance(outcome: Outcome): RawJson | undefined {
    if (outcome.kind === 'answered') {
      return this.#isItsHash(outcome.result.toString('latin1', 0, 80)) ? outcome.result : undefined;
    }
    const error = outcome.kind === 'cancelled' ? undefined : outcome.error;
    return error !== undefined && alreadyKnown(error) ? this.#hash() : undefined;
  }

  /** A node that answers with the hash of something else may not have taken this transaction. */
  #isItsHash(answer: string): boolean {
    if (!/^"0x[0-9a-f]{64}"$/i.test(answer)) return false;
    const { hash, nonce } = this.#transaction ?? {};
    return hash === undefined || nonce === undefined || answer.slice(1, -1).toLowerCase() === hash;
  }

  #hash(): RawJson | undefined {
    return this.#transaction === undefined ? undefined : Buffer.from(`"${this.#transaction.hash}"`);
  }

  #remember(result: RawJson, node: NodeView): void {
    const hash = result.toString('latin1', 1, 67).toLowerCase();
    this.#sender ??= { address: typeof this.#raw === 'string' ? senderOf(this.#raw) : undefined };
    const sender = this.#sender.address;
    this.#sends.taken({ hash, nonce: this.#transaction?.nonce, sender, upstream: node.upstream.name });
  }

  /** The first refusal, unless the transaction arrived all the same: by another way, or by an attempt of unknown fate. */
  async #refusal(): Promise<Reply | undefined> {
    const [first] = this.#objections;
    if (first === undefined) return undefined;
    const { upstream, error, raw } = first;
    const info = this.asking.info(upstream);
    const open = this.#fateUnknown || this.#objections.some((objection) => nonceTooLow(objection.error));
    const result = this.#hash();
    if (open && result !== undefined && this.#transaction !== undefined) {
      if (await isKnown(this.#call, this.#transaction.hash, this.#tools)) return { ok: true, result, info };
    }
    return { ok: false, error, raw, reason: undefined, retryAfter: undefined, info };
  }
}
