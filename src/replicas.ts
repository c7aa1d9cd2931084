import { DoubtLedger } from './cache/doubt-ledger.ts';
import { Doubts } from './cache/doubts.ts';
import { RedisLink, type RedisLinkDeps } from './cache/redis-link.ts';
import { RedisStore } from './cache/redis-store.ts';
import { ReplicaBus } from './cache/replica-bus.ts';
import type { SentTransactions } from './core/sends.ts';
import type { ChainHead } from './head/chain-head.ts';
import { readHeader } from './head/header.ts';

/** What the replicas of one gateway have in common, by way of a Redis server. */
export interface Replicas {
  readonly link: RedisLink;
  readonly answers: RedisStore;
  /** What the replicas do not believe, kept with the answers. */
  readonly ledger: DoubtLedger;
  readonly bus: ReplicaBus;
}

/** Counts up with the form of what is stored or told, so that versions of different forms pass each other by. */
const FORM = 'headgate:1:';

/** A server in the same network answers in less than a millisecond; one that takes longer is worse than none. */
const LINK = {
  channel: `${FORM}tidings`,
  patience: 20,
  silence: 1000,
  backoff: { initial: 250, max: 30_000 },
  pending: 1000,
};

const ANSWERS = {
  prefix: `${FORM}answer:`,
  compressAbove: 4 * 1024,
  largest: 4 * 1024 * 1024,
  recentTtl: 3600,
  finalTtl: 24 * 3600,
  skew: 10_000,
};

const LEDGER = { key: `${FORM}doubts`, ttl: ANSWERS.finalTtl, skew: ANSWERS.skew };

/** Marks of which a few lie within a chain's window, wherever its head stands, and one that stays within what a replica reads first. */
export const LINEAGE = { prefix: `${FORM}lineage:`, step: 16, depth: 16, ttl: ANSWERS.finalTtl };

/** Connects to nothing before `link.start`. */
export const createReplicas = (url: string, deps: RedisLinkDeps): Replicas => {
  const link = new RedisLink({ ...LINK, url }, deps);
  const name = String(deps.random());
  const doubts = new Doubts();
  return {
    link,
    answers: new RedisStore(ANSWERS, link, deps.clock, doubts),
    ledger: new DoubtLedger(LEDGER, link, doubts, deps.clock),
    bus: new ReplicaBus(link, name),
  };
};

/** The chain's name among replicas, whatever each one's config calls it; undefined until its first block is known. */
export const sharedName = (head: ChainHead): string | undefined =>
  head.view.head === undefined || head.chainId === undefined ? undefined : `${head.chainId}:${head.genesis ?? ''}`;

/** Headers told at once; a replica that missed more asks its nodes. */
const HEADERS = 16;

/**
 * Tells the other replicas of a chain's heads, as hints, and of transactions sent here, and hears of theirs. Returns who
 * is to be told of sends.
 */
export const joinReplicas = (head: ChainHead, sends: SentTransactions, replicas?: Replicas): SentTransactions => {
  if (replicas === undefined) return sends;
  const { bus } = replicas;
  const ours = (chain: string): boolean => chain === sharedName(head);
  bus.listen({
    head: (chain, raw) => {
      const header = ours(chain) ? readHeader(raw) : undefined;
      if (header !== undefined) head.hint(header, 'another replica');
    },
    sent: (chain, sent) => {
      if (ours(chain)) sends.taken(sent);
    },
    forget: () => {},
    purge: () => {},
  });
  head.onMove(({ added }) => {
    const chain = sharedName(head);
    if (chain !== undefined) for (const { raw } of added.slice(-HEADERS)) bus.head(chain, raw);
  });
  return {
    holders: (call) => sends.holders(call),
    origin: (call) => sends.origin(call),
    taken: (taken) => {
      sends.taken(taken);
      const chain = sharedName(head);
      if (chain !== undefined) bus.sent(chain, taken);
    },
  };
};
