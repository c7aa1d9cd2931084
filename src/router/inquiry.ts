import type { Call } from '../core/call.ts';
import { methodSpec } from '../ethereum/methods.ts';
import type { NodeView } from '../head/chain-view.ts';
import { memberOf } from '../jsonrpc/member.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import { OPEN_OBJECT } from '../jsonrpc/scan.ts';
import { shortValue } from '../jsonrpc/short-value.ts';
import type { Origin } from '../core/sends.ts';
import { type PlanTools, timeLeft } from './plan.ts';
import { stands } from './selection.ts';

/** Bytes of a transaction with a full block of calldata, and then some. */
const LARGEST = 8 * 1024 * 1024;
const NULL = Buffer.from('null');
const spec = methodSpec('eth_getTransactionByHash');

/** What one node says to the gateway's own question; undefined where it does not answer. */
const ask = async (
  { upstream }: NodeView,
  method: string,
  asked: readonly unknown[],
  call: Call,
  { attemptTimeout, clock }: PlanTools,
): Promise<RawJson | undefined> => {
  const params = Buffer.from(JSON.stringify(asked));
  const timeoutMs = Math.min(attemptTimeout, timeLeft(call, clock));
  const [outcome] = await upstream.probe([{ method, params, heavy: false }], timeoutMs);
  return outcome?.kind === 'answered' && outcome.result.length <= LARGEST ? outcome.result : undefined;
};

const isObject = (answer: RawJson | undefined): answer is RawJson => answer?.[0] === OPEN_OBJECT;

const isNull = (answer: RawJson | undefined): boolean => answer?.equals(NULL) ?? false;

/** Ms before a node is asked for the second time; doubled with each. */
const PAUSE = 50;
/** Times that a node is asked which does not answer: one fault must not make the sender take what is mined for refused. */
const TRIES = 5;
/** Times that one is asked which says no: nodes count a sender's nonce a moment before they find his transaction by its hash. */
const LOOKS = 3;

const knows = async (node: NodeView, hash: string, call: Call, tools: PlanTools): Promise<boolean> => {
  for (let tries = 1; ; tries += 1) {
    const found = await ask(node, spec.name, [hash], call, tools);
    if (isObject(found)) return true;
    const until = tools.clock.now() + (PAUSE << (tries - 1));
    const most = isNull(found) ? LOOKS : TRIES;
    if (tries >= most || until >= call.deadline || call.cancellation.cancelled) return false;
    await tools.chain.waitFor(() => false, until, call.cancellation);
  }
};

/** True as soon as any node that serves reads knows the transaction; false when none of them does. */
export const isKnown = async (call: Call, hash: string, tools: PlanTools): Promise<boolean> => {
  const wanted = { spec, pin: undefined, only: call.only, minBlock: undefined };
  const { candidates } = tools.select(wanted);
  return new Promise((resolve, reject) => {
    const all = candidates.map(async (node) => {
      if (await knows(node, hash, call, tools)) resolve(true);
    });
    Promise.all(all).then(() => resolve(false), reject);
  });
};

/** False where the node says that it does not have the head that the call came with: it lags, or is of another chain by now. */
export const hasHead = async (call: Call, node: NodeView, tools: PlanTools): Promise<boolean> => {
  if (call.head === undefined) return true;
  const { number, hash } = call.head.latest;
  const block = await ask(node, 'eth_getBlockByNumber', [`0x${number.toString(16)}`, false], call, tools);
  if (!isObject(block)) return !isNull(block);
  const said = memberOf(block, 'hash');
  const value = said === undefined ? undefined : shortValue(said);
  return typeof value === 'string' && value.toLowerCase() === hash;
};

/**
 * True where a node that has the call's head shows that the transaction is in none of its blocks: the sender's nonce there
 * has not passed the transaction's. That needs no index of transactions, which many nodes keep in part or not at all.
 */
export const isUnmined = async (
  call: Call,
  { sender, nonce }: Origin,
  node: NodeView,
  tools: PlanTools,
): Promise<boolean> => {
  const head = call.head?.latest;
  const { name } = node.upstream;
  if (head === undefined || !stands(tools.chain.view, name, head)) return false;
  const answer = await ask(node, 'eth_getTransactionCount', [sender, `0x${head.number.toString(16)}`], call, tools);
  const told = answer === undefined ? undefined : shortValue(answer);
  const next = typeof told === 'string' && /^0x[0-9a-f]{1,13}$/i.test(told) ? Number(told) : undefined;
  return next !== undefined && next <= nonce && stands(tools.chain.view, name, head);
};
