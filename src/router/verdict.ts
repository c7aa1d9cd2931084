import type { Call } from '../core/call.ts';
import type { Failed, FailureClass, Outcome } from '../core/outcome.ts';

/**
 * What an attempt's outcome means for the call.
 * - `answer`: it is over.
 * - `doubt`: a `null`, or a lagging node's word that a transaction is pending, which another node may know better; it
 *   stands once everybody has been asked.
 * - `next`: another node may do better.
 * - `stop`: it failed, and asking again could do harm.
 */
export type Verdict = 'answer' | 'doubt' | 'next' | 'stop';

const NULL = Buffer.from('null');
const PENDING = /"blockHash"\s*:\s*null/;

/**
 * Judges one attempt at `upstream`. `holds` tells whether the node still is what it was when it was asked: of this chain,
 * and with the pinned block on its branch. If not, even its errors may be another chain's. `current`: it has reached the
 * head that the call came with.
 */
export const judge = (
  call: Call,
  upstream: string,
  outcome: Outcome,
  holds: boolean,
  current: boolean = true,
): Verdict => {
  switch (outcome.kind) {
    case 'refused':
      return holds ? 'answer' : 'next';
    case 'cancelled':
      return 'next';
    case 'failed':
      return call.spec.idempotent || !fateUnknown(outcome.failure) ? 'next' : 'stop';
    case 'answered':
      if (!holds || call.accept?.(outcome.result, upstream) === false) return 'next';
      return call.spec.lookup && isVague(call, outcome.result, current) ? 'doubt' : 'answer';
    default:
      return outcome satisfies never;
  }
};

/** Another node may know better: this one knows nothing, or lags and has not seen that the transaction was mined. */
const isVague = ({ spec }: Call, result: Buffer, current: boolean): boolean =>
  result.equals(NULL) || (!current && spec.block.kind === 'transaction' && PENDING.test(result.toString('latin1')));

/** The request may have reached the node and been carried out, although no answer came. */
export const fateUnknown = (failure: FailureClass): boolean =>
  failure === 'transport' || failure === 'timeout' || failure === 'bad_reply';

/** The node itself stated this error about the call: if all candidates say so, it is the answer. */
export const stated = (failed: Failed): boolean =>
  failed.raw !== undefined &&
  (failed.failure === 'unsupported' ||
    failed.failure === 'missing_data' ||
    failed.failure === 'not_yet' ||
    failed.failure === 'unclassified');

/** Whether it makes sense to ask the same node the same thing again after a moment. */
export const mayPass = (failed: Failed): boolean =>
  failed.failure !== 'unsupported' && failed.failure !== 'missing_data' && failed.failure !== 'unclassified';

/** The error on which all of them agree, as one of them said it. */
export const agreed = (failures: readonly Failed[]): Failed | undefined =>
  failures.length > 0 && failures.every(stated) ? failures[0] : undefined;
