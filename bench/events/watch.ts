import type { EventReader } from './reader.ts';

/** Takes the time from blocks to their arrival at one reader of heads. */
export class Watch {
  /** How often things were done to readers. */
  readonly counts = new Map<string, number>();
  /** Ms of each block that arrived. */
  readonly delays: number[] = [];
  /** Ms from the first block after a fault until that block or a later one arrived. */
  readonly recovery: number[] = [];
  readonly #minedAt = new Map<number, number>();
  readonly #afterFault = new Map<number, number>();
  #faulty = false;

  constructor(reader: EventReader) {
    reader.onEvent = (number) => this.#arrived(number);
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** Something was broken. */
  broken(): void {
    this.#faulty = true;
  }

  mined(number: number): void {
    const now = performance.now();
    this.#minedAt.set(number, now);
    if (this.#faulty) this.#afterFault.set(number, now);
    this.#faulty = false;
  }

  /** Nothing more will come: who was never heard of again counts with all the time since. */
  end(): void {
    this.#recovered(Number.POSITIVE_INFINITY);
  }

  #arrived(number: number): void {
    const at = this.#minedAt.get(number);
    if (at !== undefined) this.delays.push(performance.now() - at);
    this.#minedAt.delete(number);
    this.#recovered(number);
  }

  #recovered(number: number): void {
    for (const [broken, at] of this.#afterFault) {
      if (broken > number) continue;
      this.recovery.push(performance.now() - at);
      this.#afterFault.delete(broken);
    }
  }
}
