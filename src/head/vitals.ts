import type { Outcome } from '../core/outcome.ts';
import type { UpstreamRequest } from '../upstream/upstream.ts';
import type { TagAnswer } from './finality.ts';
import { declined, peersIn, questions, syncingIn, tagIn } from './probe-answers.ts';

type Sign = 'syncing' | 'peers' | 'safe' | 'finalized';

/** One at each heartbeat in turn: none of them changes from one block to the next, and a provider bills each. */
const turns: readonly Sign[] = ['syncing', 'safe', 'peers', 'finalized'];
/** Of so many rounds, a node that has no settled blocks is asked for them in one. */
const taglessEvery = 4;

/** What a node tells of itself at a heartbeat, besides its head. */
export class Vitals {
  saysSyncing = false;
  /** Undefined where the node does not tell. */
  peers: number | undefined;
  safe: TagAnswer;
  finalized: TagAnswer;
  /** Methods that the node does not have are not asked for again. */
  readonly #declined = new Set<Sign>();
  /** Heartbeats since the connection was new. */
  #beats = 0;

  /** What to ask at this heartbeat: all of it at first, then a little at a time. */
  asked(): readonly Sign[] {
    const beat = this.#beats++;
    const due = beat === 0 ? turns : turns.filter((_, turn) => turn === beat % turns.length);
    return due.filter((sign) => !this.#declined.has(sign) && !this.#isVain(sign, beat));
  }

  /** Takes the answers to what was asked, in that order. */
  take(asked: readonly Sign[], outcomes: readonly (Outcome | undefined)[]): void {
    for (const [index, sign] of asked.entries()) this.#take(sign, outcomes[index]);
  }

  /** The connection is another one: it may be another node, with other methods. */
  forget(): void {
    this.safe = undefined;
    this.finalized = undefined;
    this.#beats = 0;
    this.#declined.clear();
  }

  #take(sign: Sign, outcome: Outcome | undefined): void {
    if (sign === 'safe' || sign === 'finalized') {
      this[sign] = tagIn(outcome) ?? this[sign];
      return;
    }
    const gone = declined(outcome);
    if (gone) this.#declined.add(sign);
    if (sign === 'syncing') this.saysSyncing = syncingIn(outcome) ?? (!gone && this.saysSyncing);
    else this.peers = peersIn(outcome) ?? (gone ? undefined : this.peers);
  }

  #isVain(sign: Sign, beat: number): boolean {
    const settled = sign === 'safe' || sign === 'finalized';
    const tagless = this.safe === 'none' && this.finalized === 'none';
    return settled && tagless && Math.floor(beat / turns.length) % taglessEvery !== 0;
  }
}

/** The question behind each sign. */
export const questionFor = (sign: Sign): UpstreamRequest => questions[sign];
