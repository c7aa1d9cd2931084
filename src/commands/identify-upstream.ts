import type { UpstreamConfig } from '../config/schema.ts';
import { systemClock } from '../lib/clock.ts';
import { identify } from '../upstream/identify.ts';
import { createUpstream } from '../upstream/node-upstream.ts';
import { upstreamDefaults } from '../upstream/upstream-options.ts';

/** What a node said of itself, or why it could not be asked. */
export type Introduction =
  | { readonly chainId: bigint; readonly client: string; readonly ws: boolean }
  | { readonly unreachable: string };

/** Ms that a node has to answer. */
const PATIENCE = 5000;

/** Asks one node who it is, on a connection that is closed again. */
export const introduce = async (
  upstream: Pick<UpstreamConfig, 'name' | 'url' | 'ws' | 'headers'>,
): Promise<Introduction> => {
  if (upstream.url === undefined) return { unreachable: 'its addresses are found by DNS while the gateway runs' };
  const node = createUpstream(
    {
      ...upstreamDefaults,
      name: upstream.name,
      url: upstream.url,
      ws: upstream.ws,
      headers: upstream.headers ?? {},
    },
    { clock: systemClock, random: Math.random, report: () => {} },
  );
  try {
    const identity = await identify(node, PATIENCE);
    if ('failed' in identity) return { unreachable: identity.failed };
    return { chainId: identity.chainId, client: identity.client, ws: node.pushes };
  } finally {
    await node.close();
  }
};
