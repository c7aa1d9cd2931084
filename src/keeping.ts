import { Distrust } from './cache/distrust.ts';
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
  const forget = (upstream: string): void => {
    store.forget(upstream);
    replicas?.answers.forget(upstream);
  };
  replicas?.bus.listen({
    forget,
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
      forget(upstream);
      replicas?.bus.forget(upstream);
    }),
    purge: async () => {
      replicas?.bus.purge();
      const here = store.clear();
      return here + ((await replicas?.answers.clear()) ?? 0);
    },
    start: () => replicas?.link.start(),
    close: () => replicas?.link.close(),
  };
};
