import type { Outcome } from '../core/outcome.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import { ANY_DEPTH, OPEN_ARRAY, skipValue, walkArray } from '../jsonrpc/scan.ts';
import { Backoff } from '../lib/backoff.ts';
import type { Timer } from '../lib/clock.ts';
import type { PendingDeps } from './hear-pending.ts';
import type { Feed, Upstream } from './upstream.ts';

/** Ms between two looks, and for which one of them may last. */
const PERIOD = 1000;
const TIMEOUT = 5000;
/** A node that has no such filters is not asked for one again and again. */
const retry = { initial: PERIOD, max: 60_000 };
/** Bytes of a filter's id at most: it is sent back each time. */
const LONGEST_ID = 128;
/** Bytes of what is new since a moment ago, and announcements in it: a node sends hashes, of 69 bytes each. */
const LARGEST = 4 * 1024 * 1024;
const MOST_EVENTS = 50_000;
const NO_PARAMS = Buffer.from('[]');

/**
 * The pending transactions of a node that announces none because it has no open socket: a filter at the node is asked
 * for what is new. `onEvent` gets a hash or a transaction as JSON.
 */
export const pollPending = (
  upstream: Upstream,
  { clock, random }: PendingDeps,
  onEvent: (event: RawJson) => void,
): Feed => {
  const backoff = new Backoff(retry, random);
  let filter: RawJson | undefined;
  let timer: Timer | undefined;
  let closed = false;
  const ask = async (method: string, params: RawJson): Promise<Outcome | undefined> =>
    (await upstream.probe([{ method, params, heavy: false }], TIMEOUT))[0];
  const forget = (): void => {
    if (filter !== undefined) void ask('eth_uninstallFilter', within(filter));
    filter = undefined;
  };
  /** Whether the node told anything. */
  const look = async (): Promise<boolean> => {
    const from = filter;
    const outcome = await (from === undefined
      ? ask('eth_newPendingTransactionFilter', NO_PARAMS)
      : ask('eth_getFilterChanges', within(from)));
    // Whatever went wrong, the node may have lost the filter.
    filter = undefined;
    if (outcome?.kind !== 'answered') return false;
    if (from === undefined && outcome.result.length > LONGEST_ID) return false;
    filter = from ?? Buffer.from(outcome.result);
    if (from === undefined) return true;
    const events = eventsIn(outcome.result);
    if (!closed) for (const event of events ?? []) onEvent(event);
    return events !== undefined;
  };
  const turn = async (): Promise<void> => {
    if (upstream.pushes) forget();
    const told = upstream.pushes || (await look());
    if (closed) return forget();
    if (told) backoff.reset();
    timer = clock.after(told ? PERIOD : backoff.next(), () => void turn());
  };
  timer = clock.after(PERIOD, () => void turn());
  return {
    close: () => {
      closed = true;
      timer?.cancel();
      forget();
    },
  };
};

const within = (id: RawJson): RawJson => Buffer.concat([Buffer.from('['), id, Buffer.from(']')]);

/** Undefined where the answer is no list, or longer than what can be new. */
const eventsIn = (changes: RawJson): RawJson[] | undefined => {
  if (changes.length > LARGEST || changes[0] !== OPEN_ARRAY) return undefined;
  const events: RawJson[] = [];
  const end = walkArray(changes, 0, (at) => {
    const after = skipValue(changes, at, ANY_DEPTH);
    events.push(changes.subarray(at, after));
    return events.length > MOST_EVENTS ? ~after : after;
  });
  return end < 0 ? undefined : events;
};
