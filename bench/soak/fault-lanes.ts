import type { Devnet } from '../../src/devnet/devnet.ts';
import type { Behaviour } from './behaviour.ts';
import type { FaultProxy } from './fault-proxy.ts';
import type { Gate } from './gate.ts';
import type { Fault, FaultKind, Schedule } from './schedule.ts';

export interface FaultDeps {
  readonly devnet: Devnet;
  readonly gate: Gate;
  /** One before each node, in the devnet's order. */
  readonly proxies: readonly FaultProxy[];
  /** Port of a node of another chain. */
  readonly foreignPort: number;
  readonly now: () => number;
  /** Settles once the gateway has every node back but this one; or after a while. */
  readonly recovered: (node: number) => Promise<void>;
}

/**
 * Faults by which a node votes for blocks that are not the chain's. They wait until the gateway hears all others again: of
 * two voters that contradict each other nobody can say who is right.
 */
const deceiving: ReadonlySet<FaultKind> = new Set(['fork', 'lie-far', 'lie-near', 'lie-low', 'wrong-chain']);

/** A fault while it lasted. */
export interface Episode {
  readonly fault: Fault;
  readonly from: number;
  until: number;
}

/** Runs the faults of a schedule, each row by itself. */
export class FaultLanes {
  readonly #deps: FaultDeps;
  readonly #episodes: Episode[] = [];
  readonly #busy = new Set<number>();
  readonly #stopped = Promise.withResolvers<void>();
  #over = false;

  constructor(deps: FaultDeps) {
    this.#deps = deps;
  }

  /** In the order of their beginning. */
  get episodes(): readonly Episode[] {
    return this.#episodes;
  }

  /** Settles when all faults are over and undone; rejects where the devnet broke. */
  async run({ grave, mild }: Schedule): Promise<void> {
    await Promise.all([this.#lane(grave), this.#lane(mild)]);
  }

  /** No fault begins after this; those under way are undone. */
  stop(): void {
    this.#over = true;
    this.#stopped.resolve();
  }

  async #lane(faults: readonly Fault[]): Promise<void> {
    for (const fault of faults) {
      await this.#sleep(fault.afterMs);
      if (this.#over) return;
      const node = this.#freeNode(fault);
      if (node === undefined) continue;
      this.#busy.add(node);
      if (deceiving.has(fault.kind)) await this.#deps.recovered(node);
      const episode: Episode = { fault: { ...fault, node }, from: this.#deps.now(), until: Number.POSITIVE_INFINITY };
      this.#episodes.push(episode);
      const undo = await begin(episode.fault, this.#deps);
      await this.#sleep(fault.lastsMs);
      await undo();
      episode.until = this.#deps.now();
      this.#busy.delete(node);
    }
  }

  /** The node that the schedule names, or the next one where the other row has it. A reorganisation needs none. */
  #freeNode({ kind, node }: Fault): number | undefined {
    if (kind === 'reorg') return -1;
    const { length } = this.#deps.proxies;
    return [node, node + 1].map((index) => index % length).find((index) => !this.#busy.has(index));
  }

  async #sleep(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const slept = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([slept, this.#stopped.promise]);
    clearTimeout(timer);
  }
}

type Undo = () => Promise<void>;

/** Lets a fault happen; gives what takes it back. */
const begin = async (fault: Fault, { devnet, gate, proxies, foreignPort }: FaultDeps): Promise<Undo> => {
  const { kind, amount } = fault;
  if (kind === 'reorg') {
    await gate.without(() => devnet.reorg(Math.min(amount, devnet.truth.head.number - 2)));
    return async () => {};
  }
  const proxy = proxies[fault.node];
  const node = devnet.nodes[fault.node];
  if (proxy === undefined || node === undefined) throw new Error(`there is no node ${fault.node}`);
  const { name } = node;
  switch (kind) {
    case 'kill':
      await devnet.kill(name);
      return () => devnet.restart(name);
    case 'restart-behind':
      await devnet.kill(name);
      await devnet.restart(name, { height: Math.max(0, devnet.truth.head.number - amount) });
      return () => gate.without(() => devnet.release(name));
    case 'freeze':
      await devnet.freeze(name);
      return () => gate.without(() => devnet.thaw(name));
    case 'withhold':
      await devnet.withhold(name);
      return () => gate.without(() => devnet.release(name));
    case 'fork':
      await gate.without(() => devnet.fork(name, Math.min(amount, node.head.number - 2)));
      return () => gate.without(() => devnet.rejoin(name));
    case 'wrong-chain':
      proxy.redirect(foreignPort);
      return async () => proxy.redirect(portOf(node.httpUrl));
    default:
      proxy.behave(behaviourOf(kind, amount));
      return async () => proxy.behave({ kind: 'pass' });
  }
};

type ProxyFault = Exclude<
  FaultKind,
  'reorg' | 'kill' | 'restart-behind' | 'freeze' | 'withhold' | 'fork' | 'wrong-chain'
>;

const behaviourOf = (kind: ProxyFault, amount: number): Behaviour => {
  switch (kind) {
    case 'lie-far':
    case 'lie-near':
      return { kind: 'lying', offset: amount };
    case 'lie-low':
      return { kind: 'lying', offset: -amount };
    case 'no-logs':
      return { kind: 'no-logs' };
    case 'half-open':
      return { kind: 'silent' };
    case 'reset':
      return { kind: 'resetting', share: 0.5 };
    case 'truncate':
      return { kind: 'truncating', share: 0.5 };
    case 'http-500':
      return { kind: 'failing', status: 500, share: 1 };
    case 'http-502':
      return { kind: 'failing', status: 502, share: 0.7 };
    case 'some-500':
      return { kind: 'failing', status: 503, share: 0.2 };
    case 'latency':
      return { kind: 'slow', ms: amount };
    case 'rate-limit':
      return { kind: 'limiting', retryAfter: undefined, share: 0.7 };
    case 'rate-limit-told':
      return { kind: 'limiting', retryAfter: 1, share: 0.7 };
    default:
      return kind satisfies never;
  }
};

export const portOf = (url: string): number => Number(new URL(url).port);
