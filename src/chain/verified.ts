import type { BlockLogsQuery, FoundLogs } from '../core/block-logs-source.ts';
import type { BlockId, Call } from '../core/call.ts';
import type { Handle } from '../core/layer.ts';
import { type Cost, costOf, localReply, refuse, type Reply, tooManyBytes } from '../core/reply.ts';
import type { ChainFeed } from '../head/chain-view.ts';
import { arrayOf, arraySize, isArray } from '../jsonrpc/arrays.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import { Cancellation } from '../lib/cancellation.ts';
import type { Clock } from '../lib/clock.ts';

export interface VerifiedDeps {
  readonly chain: ChainFeed;
  readonly clock: Clock;
}

/** Blocks of one answer that are looked at, and those among them that are fetched because the answer leaves them out. */
const EXAMINED = 32;
const FETCHED = 4;

/** Bytes that are searched for the blocks of one answer: all of them fit but into the largest, of which the newest are looked at. */
const SEARCHED = 512 * 1024 * 1024;

/** Answers that may be found out before a call is given up. */
const ROUNDS = 4;

/** The logs of these blocks, in order, out of verified blocks; waits for them within the call's time. */
export const tellVerified = async (
  call: Call,
  hashes: readonly string[],
  query: BlockLogsQuery,
  deps: VerifiedDeps,
  cancellation: Cancellation,
): Promise<Reply> => {
  const blocks = await verifiedLogs({ ...call, cancellation }, hashes, query, deps);
  const logs = blocks?.flatMap((found) => found.logs);
  // Many calls wait for the same blocks, and all go on at once when these have come.
  const room = logs === undefined || call.memory === undefined || (await call.memory.take(arraySize(logs)));
  if (blocks === undefined || logs === undefined || isGone(call, deps)) return unverified(call, deps);
  const info = { ...costOf(blocks.map(({ cost }) => cost)), block: call.head?.latest.number };
  return room ? localReply(arrayOf(logs), info) : tooManyBytes();
};

/** Whoever pinned the call has to do so again. */
const isGone = ({ pin }: Call, { chain }: VerifiedDeps): boolean =>
  pin !== undefined && !chain.view.canonical(pin.hash);

/** Why there is no answer: its block is gone, or time has run out. */
const unverified = (call: Call, deps: VerifiedDeps): Reply => {
  const orphaned = isGone(call, deps);
  const why = orphaned
    ? refuse('not_yet', 'the block that was read is no longer part of the chain')
    : refuse('timeout', 'no node gave logs in time that fit the header of their block');
  return { ...why, info: { ...why.info, block: call.head?.latest.number, orphaned } };
};

/**
 * A node's answer for a part of a range. Blocks in it whose header speaks of such logs, although the answer has none, are
 * looked up: a node that left out what is there is not believed, and another one is asked.
 */
export const askForTruth = async (
  call: Call,
  maybe: readonly BlockId[],
  query: BlockLogsQuery | undefined,
  next: Handle,
  deps: VerifiedDeps,
): Promise<Reply> => {
  const due = new Set<string>();
  const spent: Cost[] = [];
  const accept = (result: RawJson, source: string): boolean =>
    isArray(result) && due.values().every((hash) => result.includes(hash)) && (call.accept?.(result, source) ?? true);
  for (let round = 0; round < ROUNDS; round += 1) {
    // The first answer may be one that is kept or shared: a true one is kept in its place.
    const reply = await next(round === 0 ? call : { ...call, accept });
    if (!reply.ok) return reply;
    spent.push(reply.info);
    if (isArray(reply.result)) {
      const hashes = query === undefined ? [] : leftOut(reply.result, maybe);
      const found = query === undefined ? [] : await verifiedLogs(call, hashes, query, deps);
      if (found === undefined) return unverified(call, deps);
      const withLogs = hashes.filter((_, index) => (found[index]?.logs.length ?? 0) > 0);
      spent.unshift(...found.map(({ cost }) => cost));
      if (withLogs.length === 0) return { ...reply, info: { ...reply.info, ...costOf(spent) } };
      for (const hash of withLogs) due.add(hash);
    }
  }
  return refuse('upstreams_failed', 'nodes left out logs that the headers of their blocks speak of');
};

/** The newest blocks that the answer does not mention. Its bytes are searched, not parsed. */
const leftOut = (result: RawJson, maybe: readonly BlockId[]): readonly string[] =>
  maybe
    .slice(0, Math.min(EXAMINED, Math.ceil(SEARCHED / result.length)))
    .map(({ hash }) => hash)
    .filter((hash) => !result.includes(hash))
    .slice(0, FETCHED);

/** Undefined where not all could be verified in time, or the pinned block was orphaned meanwhile. */
const verifiedLogs = async (
  call: Call,
  hashes: readonly string[],
  query: BlockLogsQuery,
  { chain, clock }: VerifiedDeps,
): Promise<readonly FoundLogs[] | undefined> => {
  if (hashes.length === 0) return [];
  const over = new Cancellation();
  const forgetClient = call.cancellation.onCancel(() => over.cancel());
  const { pin, deadline } = call;
  const wanted = (): boolean => !over.cancelled && clock.now() < deadline;
  const inVain = chain.waitFor((view) => pin !== undefined && !view.canonical(pin.hash), deadline, over);
  const logsOf = async (hash: string): Promise<FoundLogs | undefined> =>
    // A fetch that others have just given up may end without logs although they are wanted here.
    (await query.logsOf(hash, wanted)) ?? (wanted() ? query.logsOf(hash, wanted) : undefined);
  const logs = Promise.all(hashes.map(logsOf));
  const found = await Promise.race([logs, inVain.then(() => undefined)]);
  forgetClient();
  over.cancel();
  return found?.every((one) => one !== undefined) ? found : undefined;
};
