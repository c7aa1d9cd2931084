import { Answers } from './cache/answers.ts';
import { cached } from './cache/cache.ts';
import { SingleFlight } from './cache/single-flight.ts';
import type { Layer } from './core/layer.ts';
import type { ChainHead } from './head/chain-head.ts';
import type { HeadMove } from './head/head-move.ts';
import type { Keeping } from './keeping.ts';
import type { Clock } from './lib/clock.ts';
import { sharedName } from './replicas.ts';

/** Builds what keeps and shares one chain's answers. */
export const serveCache = (chain: string, head: ChainHead, keeping: Keeping, clock: Clock): Layer => {
  const answers = new Answers(chain, head, keeping.store);
  let last: string | undefined;
  head.onMove((move) => {
    if (last !== undefined && !follows(move, last)) answers.startOver();
    for (const { hash } of move.removed) answers.undone(hash);
    last = move.head.hash;
  });
  const flights = new SingleFlight(clock);
  const store = keeping.replicas?.answers;
  const shared = store && { store, name: () => sharedName(head), wall: () => clock.wall() };
  return cached({ branch: head, answers, flights, shared });
};

/** False where nothing links the new head to the last one: what was final before need not be so now. */
const follows = ({ gap, removed, added }: HeadMove, last: string): boolean =>
  !gap && (removed.length > 0 || added[0]?.parentHash === last);
