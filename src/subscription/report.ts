import type { Observer } from '../core/observer.ts';

/** What this room tells of one chain. */
export interface Report {
  streamed(type: string, what: 'event' | 'replayed' | 'duplicate'): void;
  recovered(reason: 'history' | 'logs_retried' | 'slow_reader' | 'lost'): void;
}

export const reportTo = (observer: Observer, chain: string): Report => ({
  streamed: (type, what) => observer.streamed(chain, type, what),
  recovered: (reason) => observer.recovered(chain, reason),
});
