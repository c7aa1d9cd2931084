import type { UpstreamConfig } from '../config/schema.ts';
import { systemClock } from '../lib/clock.ts';
import { identify } from '../upstream/identify.ts';
import { createUpstream } from '../upstream/node-upstream.ts';
import { upstreamDefaults } from '../upstream/upstream-options.ts';

/** What a node said of itself, or why it could not be asked. */
export type Introduction =
  | {
      readonly chainId: bigint;
      /** Hash of block 0; undefined where the node does not tell. */
      readonly genesis: string | undefined;
      readonly client: string;
      readonly ws: boolean;
    }
  | { readonly unreachable: string };

/** Ms that a node has to answer. */
const PATIENCE = 5000;
/** Ms for its WebSocket to open and to be found of the same chain, once it has answered. */
const SOCKET_PATIENCE = 2000;

/** Asks one node who it is, on a connection that is closed again. */
export const introduce = async (
  upstream: Pick<UpstreamConfig, 'name' | 'url' | 'ws' | 'headers'>,
): Promise<Introduction> => {
  if (upstream.url === undefined) return { unreachable: 'its addresses are found by DNS while the gateway runs' };
  const socket = Promise.withResolvers<void>();
  const node = createUpstream(
    {
      ...upstreamDefaults,
      name: upstream.name,
      url: upstream.url,
      ws: upstream.ws,
      headers: upstream.headers ?? {},
    },
    {
      clock: systemClock,
      random: Math.random,
      report: ({ kind }) => (kind === 'stray' ? undefined : socket.resolve()),
    },
  );
  try {
    const identity = await identify(node, PATIENCE);
    if ('failed' in identity) return { unreachable: identity.failed };
    const timer = systemClock.after(SOCKET_PATIENCE, socket.resolve);
    await socket.promise;
    timer.cancel();
    return { ...identity, ws: node.pushes };
  } finally {
    await node.close();
  }
};
