import type { Observer } from '../core/observer.ts';

/** States in which a node has been telling of blocks that are not the chain's. */
const ASTRAY: ReadonlySet<string> = new Set(['forked', 'wrong_chain']);

/** Gives up what an upstream said as soon as it is found on another branch, or contradicted by those who agree. */
export class Distrust implements Observer {
  readonly #forget: (upstream: string) => void;

  constructor(forget: (upstream: string) => void) {
    this.#forget = forget;
  }

  stateChanged(_chain: string, upstream: string, _from: string, to: string): void {
    if (ASTRAY.has(to)) this.#forget(upstream);
  }

  dissented(_chain: string, upstream: string): void {
    this.#forget(upstream);
  }

  callEnded(): void {}
  rejected(): void {}
  attemptEnded(): void {}
  probed(): void {}
  retried(): void {}
  hedged(): void {}
  strayed(): void {}
  identified(): void {}
  headMoved(): void {}
  headRewound(): void {}
  streamed(): void {}
  recovered(): void {}
  noted(): void {}
}
