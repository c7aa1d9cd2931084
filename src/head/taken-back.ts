import type { Header } from './header.ts';

/** How long a node that took a claim back is not believed. */
export interface TakenBackOptions {
  /** How long it has to be consistent the first time, in ms; doubles with each claim that it takes back. */
  readonly holdMs: number;
  /** Claims older than this, in ms, are forgotten; also the longest hold. */
  readonly memoryMs: number;
}

const mostRemembered = 16;

/**
 * Notices a node whose claims contradict each other: it told a head that leads nowhere, and then stands on another one no
 * higher than that. Following a reorganisation is not this, nor is running ahead of the pool: those heads link, or are
 * passed by higher ones.
 */
export class TakenBack {
  readonly #options: TakenBackOptions;
  #claim: Header | undefined;
  /** The claim that was taken back last, and when it was last found to be inconsistent. */
  #doubt: { readonly block: number; readonly at: number } | undefined;
  /** When claims were taken back, oldest first. */
  #times: number[] = [];

  constructor(options: TakenBackOptions) {
    this.#options = options;
  }

  /** It told a head that no walk could link. */
  unlinked(claim: Header, now: number): void {
    this.#claim = claim;
    if (this.doubted(now) !== undefined) this.#doubt = { block: claim.number, at: now };
  }

  /** Its connection is gone: what it tells next may be of another node, or of an older database. */
  lost(): void {
    this.#claim = undefined;
  }

  /** It stands on a head that is linked. */
  stood(head: Header, now: number): void {
    const claim = this.#claim;
    this.#claim = undefined;
    if (claim === undefined || claim.hash === head.hash || claim.number < head.number) return;
    // While it is doubted already, this is the same inconsistency going on.
    if (this.doubted(now) === undefined) this.#times = [...this.#remembered(now), now].slice(-mostRemembered);
    this.#doubt = { block: claim.number, at: now };
  }

  /** Height of the claim for which it is not believed at `now` (monotonic ms); undefined when it is. */
  doubted(now: number): number | undefined {
    if (this.#doubt === undefined) return undefined;
    const { holdMs, memoryMs } = this.#options;
    const hold = Math.min(memoryMs, holdMs * 2 ** (this.#times.length - 1));
    return now - this.#doubt.at < hold ? this.#doubt.block : undefined;
  }

  #remembered(now: number): number[] {
    return this.#times.filter((at) => now - at < this.#options.memoryMs);
  }
}
