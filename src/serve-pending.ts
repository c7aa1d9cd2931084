import type { ChainHead } from './head/chain-head.ts';
import type { RawJson } from './jsonrpc/message.ts';
import type { PendingSource } from './subscription/pending-transactions.ts';
import { hearPending, type PendingDeps } from './upstream/hear-pending.ts';
import { pollPending } from './upstream/poll-pending.ts';
import type { Upstream } from './upstream/upstream.ts';

/** Nodes of which nothing is believed. */
const unbelieved: ReadonlySet<string> = new Set(['unknown', 'wrong_chain', 'forked', 'drained']);

/**
 * The pending transactions that the nodes of a chain announce over their sockets, or tell when asked where they have none,
 * for as long as somebody listens.
 */
export const pendingSource = (head: ChainHead, upstreams: readonly Upstream[], deps: PendingDeps): PendingSource => ({
  open: (bodies, onEvent) => {
    const believed = (name: string): boolean =>
      head.view.nodes.some(({ upstream, state }) => upstream.name === name && !unbelieved.has(state));
    const feeds = upstreams.flatMap((upstream) => {
      const heard = (event: RawJson): void => {
        if (believed(upstream.name)) onEvent(event);
      };
      return [hearPending(upstream, bodies, deps, heard), pollPending(upstream, deps, heard)];
    });
    return {
      close: () => {
        for (const feed of feeds) feed.close();
      },
    };
  },
});
