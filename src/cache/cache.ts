import type { Call } from '../core/call.ts';
import type { Handle, Layer } from '../core/layer.ts';
import type { Reply } from '../core/reply.ts';
import type { Answers, Lasting } from './answers.ts';
import type { Branch } from './branch.ts';
import { identify } from './cache-key.ts';
import type { KeptAnswer } from './memory-store.ts';
import type { RedisStore } from './redis-store.ts';
import type { SingleFlight } from './single-flight.ts';

export interface CacheDeps {
  readonly branch: Branch;
  readonly answers: Answers;
  readonly flights: SingleFlight;
  /** What replicas have in common; undefined where they have nothing. */
  readonly shared?: SharedAnswers | undefined;
}

/** Answers kept elsewhere, for all replicas. */
export interface SharedAnswers {
  readonly store: RedisStore;
  /** The name among replicas of a chain that is the same up to `height`, as far as one is given; undefined while it is not known. */
  readonly name: (height: number | undefined) => string | undefined;
  /** Ms since the Unix epoch. */
  readonly wall: () => number;
}

/**
 * Pays for each fact once: what is kept is given again, and calls that ask for the same at the same time share one
 * question. Stands behind pinning, for a key names the block that is read.
 */
export const cached = ({ branch, answers, flights, shared: elsewhere }: CacheDeps): Layer => {
  /** Counts what may have been written; what is read after that must not come from a read that began before it. */
  let writes = 0;
  const written = async (call: Call, next: Handle): Promise<Reply> => {
    const reply = await next(call);
    writes += 1;
    return reply;
  };
  const ask = (identity: Lasting, call: Call, next: Handle): Promise<Reply> => {
    // What a transaction's answer is not held against by hash lies below all that the chain is known by.
    const name = elsewhere?.name(identity.kind === 'included' ? 0 : identity.height);
    return elsewhere === undefined || name === undefined
      ? fill(answers, identity, call, next)
      : fillFrom(elsewhere, name, answers, identity, call, next);
  };
  return (next) => (call) => {
    if (call.spec.write || !call.spec.known) return written(call, next);
    // Who wants one node's word is not served with somebody else's.
    if (call.bypassCache || call.only !== undefined) return past(call, next);
    const identity = identify(call, branch.view, writes);
    if (identity === undefined) return past(call, next);
    const alone: Handle =
      identity.kind === 'passing' ? (shared) => past(shared, next) : (shared) => ask(identity, shared, next);
    const kept = identity.kind === 'passing' ? undefined : answers.read(identity);
    if (kept !== undefined && fits(call, kept)) return Promise.resolve(again(call, kept));
    const reply = flights.join(identity.flight, call, alone);
    return call.accept === undefined ? reply : accepted(call, reply, alone);
  };
};

/** Whether the answer is one that the call does not find false. */
const fits = ({ accept }: Call, { result, upstream = '' }: Pick<KeptAnswer, 'result' | 'upstream'>): boolean =>
  accept === undefined || accept(result, upstream);

/** What others were content with need not do for this call. */
const accepted = async (call: Call, shared: Promise<Reply>, alone: Handle): Promise<Reply> => {
  const reply = await shared;
  const refused = reply.ok && reply.info.source === 'coalesced';
  return refused && !fits(call, { result: reply.result, upstream: reply.info.upstream }) ? alone(call) : reply;
};

const fill = async (answers: Answers, identity: Lasting, call: Call, next: Handle): Promise<Reply> => {
  const askedAt = answers.age;
  const reply = await next(call);
  answers.keep(identity, reply, askedAt);
  return reply;
};

/** The same, by way of the other replicas: what one of them has asked for need not be asked for again. */
const fillFrom = async (
  { store, wall }: SharedAnswers,
  name: string,
  answers: Answers,
  identity: Lasting,
  call: Call,
  next: Handle,
): Promise<Reply> => {
  const [askedAt, wallAskedAt] = [answers.age, wall()];
  const found = await store.get(name, identity);
  const known = found && answers.put(identity, { ...found, askedAt });
  if (known !== undefined && fits(call, known)) return again(call, known);
  const reply = await next(call);
  const kept = answers.keep(identity, reply, askedAt);
  if (kept !== undefined) store.put(name, identity, { ...kept, askedAt: wallAskedAt });
  return reply;
};

/** Nothing is looked up and nothing kept. */
const past = async (call: Call, next: Handle): Promise<Reply> => {
  const reply = await next(call);
  return reply.info.source === 'miss' ? { ...reply, info: { ...reply.info, source: 'bypass' } } : reply;
};

const again = (call: Call, { result, upstream }: KeptAnswer): Reply => ({
  ok: true,
  result,
  info: { source: 'hit', upstream, attempts: 0, block: call.head?.latest.number, orphaned: false },
});
