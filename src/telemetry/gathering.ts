import type { Call } from '../core/call.ts';
import type { Observer } from '../core/observer.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Reply } from '../core/reply.ts';
import { ChainCounts, UpstreamCounts } from './counts.ts';
import type { Picture } from './picture.ts';
import { Tally } from './tally.ts';

/** Upstreams of a chain counted between two looks at which of them still exist; DNS may bring ever new ones. */
const UPSTREAMS = 500;
const REASONS = 64;
/** Configured keys with a series of their own. */
const KEYS = 2000;

/** Counts what happens, in a few tens of nanoseconds an event, and forgets what is gone. */
export class Gathering implements Observer {
  readonly chains = new Map<string, ChainCounts>();
  readonly rejections = new Tally(REASONS);
  readonly rateLimited = new Tally(KEYS);
  readonly #picture: () => Picture;

  /** `picture` says which chains and upstreams exist. */
  constructor(picture: () => Picture) {
    this.#picture = picture;
  }

  callEnded(call: Call, reply: Reply, durationMs: number): void {
    this.#chain(call.chain).method(call).ended(call, reply, durationMs);
    if (!reply.ok && reply.reason === 'rate_limited') this.rateLimited.add(call.client.name);
  }

  rejected(reason: string): void {
    this.rejections.add(reason);
  }

  attemptEnded(chain: string, upstream: string, method: string, outcome: Outcome): void {
    this.#upstream(chain, upstream).ended(method, outcome);
  }

  probed(chain: string, upstream: string, items: number): void {
    this.#upstream(chain, upstream).probed(items);
  }

  retried(chain: string, reason: string): void {
    this.#chain(chain).retries.add(reason);
  }

  hedged(chain: string, result: 'won' | 'lost'): void {
    this.#chain(chain).hedges.add(result);
  }

  dissented(chain: string, upstream: string, method: string): void {
    this.#upstream(chain, upstream).dissents.add(method);
  }

  strayed(chain: string, upstream: string, kind: string): void {
    this.#upstream(chain, upstream).strays.add(kind);
  }

  headMoved(chain: string, _number: number, _hash: string, depth: number, delayMs: number): void {
    this.#chain(chain).headMoved(depth, delayMs);
  }

  headRewound(chain: string): void {
    this.#chain(chain).rewinds += 1;
  }

  streamed(chain: string, type: string, what: 'event' | 'replayed' | 'duplicate'): void {
    this.#chain(chain).streamed[what].add(type);
  }

  recovered(chain: string, reason: string): void {
    this.#chain(chain).recoveries.add(reason);
  }

  // A scrape reads these off the picture, which cannot miss one of them.
  stateChanged(): void {}
  identified(): void {}
  noted(): void {}

  /** Forgets chains and upstreams that the picture no longer has. */
  prune({ chains }: Picture): void {
    const known = new Map(chains.map((chain) => [chain.name, chain]));
    for (const [name, counts] of this.chains) {
      const nodes = known.get(name)?.nodes;
      if (nodes === undefined) {
        this.chains.delete(name);
        continue;
      }
      const living = new Set(nodes.map(({ upstream }) => upstream.name));
      for (const upstream of counts.upstreams.keys()) if (!living.has(upstream)) counts.upstreams.delete(upstream);
    }
  }

  #chain(name: string): ChainCounts {
    let counts = this.chains.get(name);
    if (counts === undefined) {
      counts = new ChainCounts();
      this.chains.set(name, counts);
    }
    return counts;
  }

  #upstream(chain: string, name: string): UpstreamCounts {
    const { upstreams } = this.#chain(chain);
    const counts = upstreams.get(name);
    if (counts !== undefined) return counts;
    if (upstreams.size >= UPSTREAMS) this.prune(this.#picture());
    const fresh = new UpstreamCounts();
    upstreams.set(name, fresh);
    return fresh;
  }
}
