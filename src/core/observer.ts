import type { Call } from './call.ts';
import type { Outcome } from './outcome.ts';
import type { Reply } from './reply.ts';

/**
 * What rooms tell about what happened; metrics and logs hang here and nowhere else. Called on the hot path: an
 * implementation counts and returns. Every method is a report of something that is over.
 */
export interface Observer {
  /** A client's call was answered. */
  callEnded(call: Call, reply: Reply, durationMs: number): void;
  /** A request never became a call: the contract's reason word. */
  rejected(reason: string): void;
  /** An attempt at an upstream ended. */
  attemptEnded(chain: string, upstream: string, method: string, outcome: Outcome): void;
  /** The gateway's own questions to an upstream, counted by item. */
  probed(chain: string, upstream: string, items: number): void;
  /** A further attempt was made; `reason` is the failure class of the one before. */
  retried(chain: string, reason: string): void;
  /** A second attempt ran beside a slow one; it won if its answer was the one taken. */
  hedged(chain: string, result: 'won' | 'lost'): void;
  /** An upstream's answer was found to be false by what others agreed on. */
  dissented(chain: string, upstream: string, method: string): void;
  /** An upstream sent what nobody waited for, which was ignored; `kind` is one of few words. */
  strayed(chain: string, upstream: string, kind: string): void;
  stateChanged(chain: string, upstream: string, from: string, to: string, reason: string): void;
  identified(chain: string, upstream: string, client: string): void;
  /** The published head moved; `depth` blocks of the old branch were undone (0 for a plain step). */
  headMoved(chain: string, number: number, hash: string, depth: number, delayMs: number): void;
  /** The published head was lowered because all its holders are gone. */
  headRewound(chain: string, from: number, to: number): void;
  /**
   * Events went to a subscriber, or into a filter's answer: `event` for all, `replayed` also for those of history, and
   * `duplicate` for what nodes announced that was known.
   */
  streamed(chain: string, type: string, what: 'event' | 'replayed' | 'duplicate'): void;
  /** Streams were led on (or, for `lost` and `slow_reader`, ended) where plain walking did not do: why, in a word. */
  recovered(chain: string, reason: string): void;
  /** Something worth a line for an operator that none of the above says. Never holds a URL or a secret. */
  noted(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>): void;
}
