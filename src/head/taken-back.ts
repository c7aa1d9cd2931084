import type { Header } from './header.ts';

/** How long a node that took a claim back is not believed. */
export interface TakenBackOptions {
  /** How long it has to be consistent the first time, in ms; doubles with each claim that it takes back. */
  readonly holdMs: number;
  /** Claims older than this, in ms, are forgotten; also the longest hold. */
  readonly memoryMs: number;
}

const mostRemembered = 16;

const leadsNowhere = ({ number }: Header): string => `claimed block ${number}, and then stood on another no higher`;

/**
 * Notices a node whose claims contradict each other: it told a head that leads nowhere, and then stands on another one no
 * higher than that; or it told a false header. Following a reorganisation is not this, nor is running ahead of the pool: those heads link, or are
 * passed by higher ones.
 */
export class TakenBack {
  readonly #options: TakenBackOptions;
  #claim: Header | undefined;
  /** Why it is not believed, and when that was last found to be so. */
  #doubt: { readonly why: string; readonly at: number } | undefined;
  /** When claims were taken back, oldest first. */
  #times: number[] = [];

  constructor(options: TakenBackOptions) {
    this.#options = options;
  }

  /** It told a head that no walk could link. */
  unlinked(claim: Header, now: number): void {
    this.#claim = claim;
    if (this.doubted(now) !== undefined) this.#doubt = { why: leadsNowhere(claim), at: now };
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
    this.#doubted(leadsNowhere(claim), now);
  }

  /** It told a header that is certainly false. */
  lied({ number }: Header, now: number): void {
    this.#doubted(`told a false header of block ${number}`, now);
  }

  /** Why it is not believed at `now` (monotonic ms), in words; undefined when it is. */
  doubted(now: number): string | undefined {
    if (this.#doubt === undefined) return undefined;
    const { holdMs, memoryMs } = this.#options;
    const hold = Math.min(memoryMs, holdMs * 2 ** (this.#times.length - 1));
    return now - this.#doubt.at < hold ? this.#doubt.why : undefined;
  }

  #doubted(why: string, now: number): void {
    // While it is doubted already, this is the same inconsistency going on.
    if (this.doubted(now) === undefined) this.#times = [...this.#remembered(now), now].slice(-mostRemembered);
    this.#doubt = { why, at: now };
  }

  #remembered(now: number): number[] {
    return this.#times.filter((at) => now - at < this.#options.memoryMs);
  }
}
