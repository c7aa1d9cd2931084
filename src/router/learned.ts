import type { Need } from '../ethereum/methods.ts';
import type { Clock } from '../lib/clock.ts';

/** How long a refusal is remembered, in ms: a node may be upgraded or given another database, a plan may be paid. */
const MEMORY = 10 * 60_000;
const METHODS = 256;

/** What nodes prune by itself: states, which traces are made of, and blocks with what hangs on them. */
type Data = 'states' | 'blocks';

interface Pruned {
  /** The lowest block that the node may still serve. */
  readonly lowest: number;
  /** Blocks by which that is raised beyond the next refused one, doubled each time. */
  readonly step: number;
  readonly until: number;
}

/** Times in a row that others had to answer for a node before it is asked after them. */
const OUTDONE = 5;
/** Ms after which it is tried again. */
const TRIED_AGAIN = 60_000;

interface Outdone {
  readonly times: number;
  readonly until: number;
}

/** What one upstream was found not to offer. */
interface Lacks {
  /** By method, until when this is believed. */
  readonly methods: Map<string, number>;
  readonly pruned: Map<Data, Pruned>;
  /** By method, how often others answered what it had met with an error of its own, since it last answered. */
  readonly outdone: Map<string, Outdone>;
}

const dataOf = (need: Need): Data => (need === 'state' || need === 'trace' || need === 'debug' ? 'states' : 'blocks');

/** What upstreams were found not to offer, forgotten after a while. */
export class Learned {
  readonly #clock: Clock;
  readonly #lacks = new Map<string, Lacks>();
  #anyPruned = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** False while no upstream is known to lack old data: then nobody has to find out how old a call's is. */
  get anyPruned(): boolean {
    return this.#anyPruned;
  }

  /** The upstream said that it does not have the method. */
  lacks(upstream: string, method: string): void {
    const { methods } = this.#of(upstream);
    if (methods.size >= METHODS) methods.clear();
    methods.set(method, this.#clock.now() + MEMORY);
  }

  /** Another one answered what the upstream had met with an error of its own. */
  outdone(upstream: string, method: string): void {
    const { outdone } = this.#of(upstream);
    const times = (outdone.get(method)?.times ?? 0) + 1;
    if (outdone.size >= METHODS) outdone.clear();
    outdone.set(method, { times, until: this.#clock.now() + TRIED_AGAIN });
  }

  /** The upstream answered, and is no worse than others. */
  answered(upstream: string, method: string): void {
    this.#lacks.get(upstream)?.outdone.delete(method);
  }

  /** Whether the upstream is known not to have the method. */
  lacksMethod(upstream: string, method: string): boolean {
    return (this.#lacks.get(upstream)?.methods.get(method) ?? 0) > this.#clock.now();
  }

  /**
   * The upstream said that it has nothing of this kind below `lowest`. Where it refuses again what it was still believed to
   * have, more than that is taken for gone, or who reads block after block would be refused at each; but nothing from
   * `surely` on.
   */
  pruned(upstream: string, need: Need, lowest: number, surely: number = lowest): void {
    const { pruned } = this.#of(upstream);
    const now = this.#clock.now();
    const known = pruned.get(dataOf(need));
    const before = known !== undefined && known.until > now ? known : { lowest, step: 1 };
    const again = lowest > before.lowest;
    const step = again ? before.step * 2 : before.step;
    const guess = again ? Math.min(lowest + step, surely) : lowest;
    pruned.set(dataOf(need), { lowest: Math.max(before.lowest, lowest, guess), step, until: now + MEMORY });
    this.#anyPruned = true;
  }

  /** The upstream answered at this depth: whatever was learned to the contrary does not hold. */
  served(upstream: string, need: Need, depth: number): void {
    const pruned = this.#lacks.get(upstream)?.pruned;
    if ((pruned?.get(dataOf(need))?.lowest ?? 0) > depth) pruned?.delete(dataOf(need));
  }

  /** Words if the upstream is known not to have the method, to fail at it, or not to have what it reads at this depth any more. */
  missing(upstream: string, method: string, need: Need, depth: number | undefined): string | undefined {
    const lacks = this.#lacks.get(upstream);
    if (lacks === undefined) return undefined;
    const now = this.#clock.now();
    if (this.lacksMethod(upstream, method)) return `has refused ${method} as unknown`;
    const outdone = lacks.outdone.get(method);
    if (outdone !== undefined && outdone.times >= OUTDONE && outdone.until > now)
      return `fails at ${method} again and again`;
    const pruned = lacks.pruned.get(dataOf(need));
    const gone = pruned !== undefined && pruned.until > now && depth !== undefined && depth < pruned.lowest;
    return gone ? `has no ${dataOf(need)} below block ${pruned.lowest}` : undefined;
  }

  #of(upstream: string): Lacks {
    let lacks = this.#lacks.get(upstream);
    if (lacks === undefined) {
      lacks = { methods: new Map(), pruned: new Map(), outdone: new Map() };
      this.#lacks.set(upstream, lacks);
    }
    return lacks;
  }
}
