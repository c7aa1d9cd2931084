import type { RawJson } from '../jsonrpc/message.ts';
import { Backoff } from '../lib/backoff.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Feed, Upstream } from './upstream.ts';

export interface PendingDeps {
  readonly clock: Clock;
  readonly random: () => number;
}

const kinds = {
  hashes: Buffer.from('["newPendingTransactions"]'),
  bodies: Buffer.from('["newPendingTransactions",true]'),
};
const retry = { initial: 1000, max: 60_000 };

/**
 * The pending transactions that a node announces, subscribed to again whenever its socket is new. `bodies` asks for whole
 * transactions; `onEvent` gets such a one, or a hash, as JSON.
 */
export const hearPending = (
  upstream: Upstream,
  bodies: boolean,
  { clock, random }: PendingDeps,
  onEvent: (event: RawJson) => void,
): Feed => {
  const backoff = new Backoff(retry, random);
  let feed: Feed | undefined;
  let timer: Timer | undefined;
  let opening = false;
  let closed = false;
  const subscribe = async (): Promise<void> => {
    if (closed || opening || feed !== undefined || !upstream.pushes) return;
    opening = true;
    // The socket may be lost between the node's answer and the moment in which it is told here.
    let over = false;
    const ended = (): void => {
      over = true;
      feed = undefined;
    };
    // Some nodes refuse to tell whole transactions: their hashes are better than nothing.
    const opened =
      (bodies ? await upstream.subscribe(kinds.bodies, onEvent, ended) : undefined) ??
      (await upstream.subscribe(kinds.hashes, onEvent, ended));
    opening = false;
    if (closed) return opened?.close();
    if (opened !== undefined && !over) {
      feed = opened;
      return backoff.reset();
    }
    timer?.cancel();
    timer = clock.after(backoff.next(), () => void subscribe());
  };
  const forget = upstream.onOpen(() => void subscribe());
  void subscribe();
  return {
    close: () => {
      closed = true;
      timer?.cancel();
      forget();
      feed?.close();
    },
  };
};
