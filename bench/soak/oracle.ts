import { isDeepStrictEqual } from 'node:util';
import type { Chronicle, Fact } from './chronicle.ts';
import { essence, type Question, truthOf } from './questions.ts';

/** A client's call that is over: one question, or several in a batch. */
export interface Finished {
  readonly questions: readonly Question[];
  /** Of each question; undefined where there was none. */
  readonly results: readonly unknown[];
  /** In words, where an item failed or no answer came. */
  readonly failure: string | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
  /** `x-headgate-block`. */
  readonly block: number | undefined;
  /** The greatest height that the client had heard of when it asked, and when it had heard so. */
  readonly seen: { readonly height: number; readonly at: number };
}

export type Judgement =
  /** `staleMs`: how long before the call began the block that it was answered from ceased to be the newest. */
  | { readonly kind: 'right'; readonly staleMs: number }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'wrong'; readonly why: string }
  /** True of an older block than the client had already heard of, with no reorganisation in between. */
  | { readonly kind: 'backwards'; readonly why: string };

export interface OracleOptions {
  /** For so long, in ms, after a block the pool may still tell of the one before. */
  readonly grace: number;
}

/** Compares what clients were told with what was true. */
export const judge = (call: Finished, chronicle: Chronicle, { grace }: OracleOptions): Judgement => {
  if (call.failure !== undefined) return { kind: 'failed', why: call.failure };
  const { startedAt, endedAt } = call;
  const heads = chronicle.heads(startedAt - grace, endedAt).filter((head) => fitsHeader(call, head));
  const undone = chronicle.reorganised(startedAt - grace, endedAt);
  const matching = heads.filter((head) => isTrueAt(call, head, chronicle, undone));
  if (matching.length === 0) return { kind: 'wrong', why: expectation(call, heads, chronicle) };
  const { seen } = call;
  const floor = chronicle.reorganised(seen.at - grace, endedAt) ? 0 : seen.height;
  const known = matching.filter(({ number }) => number >= floor);
  if (known.length === 0) {
    const told = matching.map(({ number }) => number).join(', ');
    return { kind: 'backwards', why: `true at block ${told}, but the client had heard of block ${floor}` };
  }
  return { kind: 'right', staleMs: Math.min(...known.map(({ hash }) => chronicle.age(hash, startedAt))) };
};

/** A look-up by transaction may tell of a newer block than the one that the call was pinned to. */
const isLookup = ({ kind }: Question): boolean =>
  kind === 'receipt' || kind === 'transaction' || kind === 'send' || kind === 'pending-nonce';

const fitsHeader = ({ block, questions }: Finished, { number }: Fact): boolean =>
  block === undefined || number === block || questions.every(isLookup);

/** All items of a batch have to be true at one and the same block. */
const isTrueAt = ({ questions, results }: Finished, head: Fact, chronicle: Chronicle, undone: boolean): boolean =>
  questions.every((question, index) => {
    const told = essence(question, results[index]);
    if (question.kind === 'pending-nonce') return typeof told === 'string' && Number(told) >= question.least;
    // A reorganisation puts transactions back into the pools a moment after it has taken their block away.
    if (question.kind === 'transaction' && told === null) return undone;
    return isDeepStrictEqual(told, truthOf(question, head, chronicle));
  });

const expectation = ({ questions, results, block }: Finished, heads: readonly Fact[], chronicle: Chronicle): string => {
  if (heads.length === 0) return `x-headgate-block says ${block}, which was not the head at that time`;
  const lines = questions.flatMap((question, index) => {
    const told = JSON.stringify(essence(question, results[index]));
    const truths = heads.map((head) => `at ${head.number}: ${JSON.stringify(truthOf(question, head, chronicle))}`);
    return [`told ${told}`, ...new Set(truths)];
  });
  return lines.join('\n    ');
};
