import { Answers } from './cache/answers.ts';
import { cached } from './cache/cache.ts';
import type { MemoryStore } from './cache/memory-store.ts';
import { SingleFlight } from './cache/single-flight.ts';
import type { Layer } from './core/layer.ts';
import type { ChainHead } from './head/chain-head.ts';
import type { HeadMove } from './head/head-move.ts';
import type { Clock } from './lib/clock.ts';

/** Builds what keeps and shares one chain's answers. */
export const serveCache = (chain: string, head: ChainHead, store: MemoryStore, clock: Clock): Layer => {
  const answers = new Answers(chain, head, store);
  let last: string | undefined;
  head.onMove((move) => {
    if (last !== undefined && !follows(move, last)) answers.startOver();
    last = move.head.hash;
  });
  return cached({ branch: head, answers, flights: new SingleFlight(clock) });
};

/** False where nothing links the new head to the last one: what was final before need not be so now. */
const follows = ({ gap, removed, added }: HeadMove, last: string): boolean =>
  !gap && (removed.length > 0 || added[0]?.parentHash === last);
