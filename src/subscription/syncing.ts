import type { ChainView } from '../head/chain-view.ts';
import { Cancellation } from '../lib/cancellation.ts';
import type { Clock } from '../lib/clock.ts';
import type { Chain } from './chain.ts';
import { LatestValue } from './latest-value.ts';

/** Ms that one look lasts. */
const LONG = 3_600_000;
const SYNCED = Buffer.from('false');

/** What `eth_subscribe("syncing")` tells of a pool: it is syncing only while no node is done with it. */
const syncingOf = ({ nodes, head }: ChainView): Buffer | undefined => {
  if (nodes.some(({ state }) => state === 'healthy')) return SYNCED;
  const syncing = nodes.filter(({ state }) => state === 'syncing');
  if (syncing.length === 0) return undefined;
  const best = Math.max(0, ...syncing.map((node) => node.head ?? 0));
  const quantity = (value: number): string => `0x${value.toString(16)}`;
  const status = {
    startingBlock: '0x0',
    currentBlock: quantity(best),
    highestBlock: quantity(Math.max(best, head?.latest.number ?? 0)),
  };
  return Buffer.from(JSON.stringify({ syncing: true, status }));
};

/** Follows whether the pool is syncing, for as long as somebody listens. */
export const syncing = (chain: Chain, clock: Clock): LatestValue => {
  let watching: Cancellation | undefined;
  const watch = async (until: Cancellation): Promise<void> => {
    while (!until.cancelled) {
      const now = syncingOf(chain.view);
      if (now !== undefined) value.set(now);
      const differs = (view: ChainView): boolean => {
        const next = syncingOf(view);
        return next !== undefined && (now === undefined || !next.equals(now));
      };
      const deadline = clock.now() + LONG;
      // Nothing within the time is no news; nothing before that is the end.
      if (!(await chain.waitFor(differs, deadline, until)) && clock.now() < deadline) return;
    }
  };
  const changed = (listening: boolean): void => {
    watching?.cancel();
    watching = listening ? new Cancellation() : undefined;
    if (watching !== undefined) void watch(watching);
  };
  const value = new LatestValue({ changed });
  return value;
};
