import type { Outcome } from '../core/outcome.ts';
import type { UpstreamRequest } from '../upstream/upstream.ts';
import type { TagAnswer } from './finality.ts';
import { declined, peersIn, questions, syncingIn, tagIn } from './probe-answers.ts';

/** Heartbeats between two questions for the settled blocks, and between two to a node that has none. */
const settledEvery = 2;
const taglessEvery = 15;

type Sign = 'syncing' | 'peers' | 'safe' | 'finalized';

/** What a node tells of itself at a heartbeat, besides its head. */
export class Vitals {
  saysSyncing = false;
  /** Undefined where the node does not tell. */
  peers: number | undefined;
  safe: TagAnswer;
  finalized: TagAnswer;
  /** Methods that the node does not have are not asked for again. */
  readonly #declined = new Set<Sign>();
  #settledIn = 0;

  /** What to ask at this heartbeat. */
  asked(): readonly Sign[] {
    const settled: readonly Sign[] = this.#settledIn <= 0 ? ['safe', 'finalized'] : [];
    this.#settledIn--;
    const signs: readonly Sign[] = ['syncing', 'peers', ...settled];
    return signs.filter((sign) => !this.#declined.has(sign));
  }

  /** Takes the answers to what was asked, in that order. */
  take(asked: readonly Sign[], outcomes: readonly (Outcome | undefined)[]): void {
    const of = (sign: Sign) => outcomes[asked.indexOf(sign)];
    for (const sign of ['syncing', 'peers'] as const) if (declined(of(sign))) this.#declined.add(sign);
    this.saysSyncing = syncingIn(of('syncing')) ?? (!this.#declined.has('syncing') && this.saysSyncing);
    this.peers = peersIn(of('peers')) ?? (this.#declined.has('peers') ? undefined : this.peers);
    if (!asked.includes('safe')) return;
    const [safe, finalized] = [tagIn(of('safe')), tagIn(of('finalized'))];
    this.safe = safe ?? this.safe;
    this.finalized = finalized ?? this.finalized;
    this.#settledIn = safe === 'none' && finalized === 'none' ? taglessEvery : settledEvery - 1;
  }

  /** The connection is another one: it may be another node, with other methods. */
  forget(): void {
    this.safe = undefined;
    this.finalized = undefined;
    this.#settledIn = 0;
    this.#declined.clear();
  }
}

/** The question behind each sign. */
export const questionFor = (sign: Sign): UpstreamRequest => questions[sign];
