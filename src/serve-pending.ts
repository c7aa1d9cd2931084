import type { ChainHead } from './head/chain-head.ts';
import type { RawJson } from './jsonrpc/message.ts';
import { Backoff } from './lib/backoff.ts';
import type { Timer } from './lib/clock.ts';
import { pollPending, type PollPendingDeps } from './poll-pending.ts';
import type { PendingSource } from './subscription/pending-transactions.ts';
import type { Feed, Upstream } from './upstream/upstream.ts';

const kinds = {
  hashes: Buffer.from('["newPendingTransactions"]'),
  bodies: Buffer.from('["newPendingTransactions",true]'),
};
const retry = { initial: 1000, max: 60_000 };
/** Nodes of which nothing is believed. */
const unbelieved: ReadonlySet<string> = new Set(['unknown', 'wrong_chain', 'forked', 'drained']);

/**
 * The pending transactions that the nodes of a chain announce over their sockets, or tell when asked where they have none,
 * for as long as somebody listens.
 */
export const pendingSource = (
  head: ChainHead,
  upstreams: readonly Upstream[],
  deps: PollPendingDeps,
): PendingSource => ({
  open: (bodies, onEvent) => {
    const believed = (name: string): boolean =>
      head.view.nodes.some(({ upstream, state }) => upstream.name === name && !unbelieved.has(state));
    const feeds = upstreams.flatMap((upstream) => {
      const heard = (event: RawJson): void => {
        if (believed(upstream.name)) onEvent(event);
      };
      return [keepOpen(upstream, bodies, deps, heard), pollPending(upstream, deps, heard)];
    });
    return {
      close: () => {
        for (const feed of feeds) feed.close();
      },
    };
  },
});

/** One node's announcements, subscribed to again whenever its socket is new. */
const keepOpen = (
  upstream: Upstream,
  bodies: boolean,
  { clock, random }: PollPendingDeps,
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
