import type { Clock } from '../lib/clock.ts';
import { type ChainIdentity, nextIdentity, sameChain, wrongChain } from './chain-identity.ts';
import type { WatchedNode } from './watched-node.ts';

/** Which chain this is, and which nodes are of it. */
export class Admission {
  readonly #configured: bigint | undefined;
  readonly #patienceMs: number;
  readonly #clock: Clock;
  #identity: ChainIdentity | undefined;
  /** When the first node told who it is; the others are waited for. */
  #heardAt: number | undefined;

  constructor(configured: bigint | undefined, patienceMs: number, clock: Clock) {
    this.#configured = configured;
    this.#patienceMs = patienceMs;
    this.#clock = clock;
  }

  /** Undefined until it was configured or found out. */
  get chainId(): bigint | undefined {
    return this.#configured ?? this.#identity?.chainId;
  }

  /** Undefined until it was found out, or where no node can tell. */
  get genesis(): string | undefined {
    return this.#identity?.genesis;
  }

  get decided(): boolean {
    return this.#identity !== undefined;
  }

  /**
   * Decides which chain this is, as far as that can be told, and lets its nodes in. Returns the identity that was
   * believed before where it turns out to be another chain's.
   */
  judge(nodes: readonly WatchedNode[]): ChainIdentity | undefined {
    const now = this.#clock.now();
    if (nodes.some(({ tracker }) => typeof tracker.identity === 'object')) this.#heardAt ??= now;
    const reports = nodes.map(({ upstream, tracker }) => ({ tier: upstream.tier, identity: tracker.identity }));
    const patient = now - (this.#heardAt ?? now) < this.#patienceMs;
    const before = this.#identity;
    const next = nextIdentity(before, reports, this.#configured, patient);
    this.#identity = next;
    return before !== undefined && next !== undefined && !sameChain(before, next) ? before : undefined;
  }

  /** Lets in whoever is of the chain, and keeps out whoever is not; what is not decided yet is waited for. */
  admit(nodes: readonly WatchedNode[]): void {
    const configured = this.#configured;
    const expected =
      this.#identity ??
      (configured === undefined ? undefined : { chainId: configured, genesis: undefined, settled: false });
    if (expected === undefined) return;
    for (const { tracker } of nodes) {
      if (typeof tracker.identity !== 'object') continue;
      const why = wrongChain(tracker.identity, expected);
      // A chain id that was configured keeps others out at once; whom it lets in hangs on the genesis too.
      if (this.#identity !== undefined || why !== undefined) tracker.admit(why);
    }
  }
}
