import { hash } from 'node:crypto';
import { Answers } from './cache/answers.ts';
import { cached } from './cache/cache.ts';
import { Lineage } from './cache/lineage.ts';
import { SingleFlight } from './cache/single-flight.ts';
import type { Layer } from './core/layer.ts';
import type { ChainHead } from './head/chain-head.ts';
import type { HeadMove } from './head/head-move.ts';
import type { Keeping } from './keeping.ts';
import type { Clock } from './lib/clock.ts';
import { LINEAGE, type Replicas, sharedName } from './replicas.ts';
import type { QuorumRule } from './router/router.ts';

export interface ServeCacheOptions {
  readonly chain: string;
  /** Reads on which several nodes have to agree: what one replica keeps, another one with other rules may not believe. */
  readonly quorum: readonly QuorumRule[];
}

/** Builds what keeps and shares one chain's answers. */
export const serveCache = (options: ServeCacheOptions, head: ChainHead, keeping: Keeping, clock: Clock): Layer => {
  const answers = new Answers(options.chain, head, keeping.store);
  const flights = new SingleFlight(clock);
  const shared = keeping.replicas && sharing(options, head, keeping.replicas, clock);
  let last: string | undefined;
  head.onMove((move) => {
    if (last !== undefined && !follows(move, last)) {
      answers.startOver();
      flights.startOver();
      shared?.startOver();
    }
    for (const block of move.removed) answers.undone(block.hash);
    last = move.head.hash;
    shared?.moved();
  });
  return cached({ branch: head, answers, flights, shared });
};

/** What this chain's answers have in common with those of other replicas, once it is certain to be the same chain. */
const sharing = ({ quorum }: ServeCacheOptions, head: ChainHead, { answers, link }: Replicas, clock: Clock) => {
  const lineage = new Lineage(LINEAGE, link, clock);
  const rules = quorum.length === 0 ? '' : hash('sha256', JSON.stringify(quorum), 'base64url');
  const moved = (): void => {
    const chain = sharedName(head);
    if (chain !== undefined) void lineage.look(chain, head.view);
  };
  link.onRise(moved);
  return {
    store: answers,
    name: (height: number | undefined) => {
      const chain = sharedName(head);
      const name = lineage.name(head.view, height);
      // The head may have stood still since the blocks below it were heard of.
      if (name === undefined) moved();
      return chain && name && `${chain}:${name}:${rules}`;
    },
    wall: () => clock.wall(),
    moved,
    startOver: () => lineage.startOver(),
  };
};

/** False where nothing links the new head to the last one: what was final before need not be so now. */
const follows = ({ gap, removed, added }: HeadMove, last: string): boolean =>
  !gap && (removed.length > 0 || added[0]?.parentHash === last);
