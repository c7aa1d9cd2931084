import { Distrust } from './cache/distrust.ts';
import { EVERYBODY } from './cache/doubts.ts';
import { MemoryStore } from './cache/memory-store.ts';
import type { Config } from './config/schema.ts';
import type { Observer } from './core/observer.ts';
import type { Clock } from './lib/clock.ts';
import { createReplicas, type Replicas } from './replicas.ts';

/** The answers that are kept, in this process and with the other replicas. */
export interface Keeping {
  readonly store: MemoryStore;
  /** Undefined where nothing is shared. */
  readonly replicas: Replicas | undefined;
  /** Hears which upstreams are not to be believed. */
  readonly observer: Observer;
  /** Gives up all answers, everywhere; resolves with how many. */
  purge(): Promise<number>;
  start(): void;
  close(): void;
}

export interface KeepingDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Observer;
}

export const createKeeping = ({ cache, redis }: Config, { clock, random, log }: KeepingDeps): Keeping => {
  const store = new MemoryStore(cache);
  const replicas = redis && createReplicas(redis.url, { clock, random, observer: log });
  const learn = replicas && learning(store, replicas);
  replicas?.link.onRise(() => void learn?.(true));
  replicas?.bus.listen({
    forget: (upstream) => {
      store.forget(upstream);
      replicas.answers.forget(upstream);
    },
    purge: () => {
      store.clear();
      replicas.answers.mistrust();
    },
    head: () => {},
    sent: () => {},
  });
  return {
    store,
    replicas,
    observer: new Distrust((upstream) => {
      store.forget(upstream);
      replicas?.answers.forget(upstream);
      replicas?.bus.forget(upstream);
      void learn?.(false);
    }),
    purge: async () => {
      replicas?.bus.purge();
      const here = store.clear();
      const elsewhere = (await replicas?.answers.clear()) ?? 0;
      await learn?.(false);
      return here + elsewhere;
    },
    start: () => replicas?.link.start(),
    close: () => replicas?.link.close(),
  };
};

/**
 * Gives up what others have found to be false while they could not be heard. `back`: others could not hear this one either,
 * and are told.
 */
const learning =
  (store: MemoryStore, { bus, ledger }: Replicas) =>
  async (back: boolean): Promise<void> => {
    const { learned, written } = await ledger.reckon();
    for (const doubted of learned) {
      if (doubted === EVERYBODY) store.clear();
      else store.forget(doubted);
    }
    if (!back) return;
    for (const doubted of written) {
      if (doubted === EVERYBODY) bus.purge();
      else bus.forget(doubted);
    }
  };
