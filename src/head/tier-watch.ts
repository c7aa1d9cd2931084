import type { WatchedNode } from './watched-node.ts';

/** Which tiers are watched closely: up to the one that votes, and all of them while nobody does. */
export class TierWatch {
  #active = Number.POSITIVE_INFINITY;

  /** A node joined: the lowest tier is asked first. */
  joined(nodes: readonly WatchedNode[]): void {
    this.#active = Math.min(...nodes.map(({ upstream }) => upstream.tier));
    this.#apply(nodes);
  }

  look(nodes: readonly WatchedNode[], voters: ReadonlySet<string>): void {
    const voting = nodes.filter(({ name }) => voters.has(name)).map(({ upstream }) => upstream.tier);
    const answerAwaited = nodes.some((node) => node.unheard && node.upstream.tier <= this.#active);
    if (voting.length === 0 && answerAwaited) return;
    this.#active = Math.min(...voting);
    this.#apply(nodes);
  }

  #apply(nodes: readonly WatchedNode[]): void {
    for (const { tracker, upstream } of nodes) tracker.setActive(upstream.tier <= this.#active);
  }
}
