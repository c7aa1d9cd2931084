import { between, pick, seeded } from './random.ts';

/** Faults after which one node's word is worth nothing: only one node at a time has one. */
const grave = [
  'kill',
  'restart-behind',
  'freeze',
  'withhold',
  'fork',
  'lie-far',
  'lie-near',
  'lie-low',
  'no-logs',
  'wrong-chain',
  'half-open',
  'reset',
  'truncate',
  'http-500',
  'http-502',
] as const;

/** Faults of a node that goes on telling the truth; they befall a second node too. */
const mild = ['latency', 'rate-limit', 'rate-limit-told', 'some-500'] as const;

export type FaultKind = (typeof grave)[number] | (typeof mild)[number] | 'reorg';

export interface Fault {
  readonly kind: FaultKind;
  /** Index of the node; for `reorg`, which befalls all, without meaning. */
  readonly node: number;
  /** Ms from the end of the fault before it in the same lane. */
  readonly afterMs: number;
  readonly lastsMs: number;
  /** Depth of a reorganisation or fork, blocks of a lie, ms of latency. */
  readonly amount: number;
}

/** Two rows of faults: what runs in one row never overlaps, and the rows never befall the same node at once. */
export interface Schedule {
  readonly grave: readonly Fault[];
  readonly mild: readonly Fault[];
}

export interface ScheduleOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly nodes: number;
  /** 1: about 24 faults a minute; 2: twice as many. */
  readonly pace: number;
}

/** Everything that can happen, by chance; the same for the same seed. */
export const chaos = ({ seed, seconds, nodes, pace }: ScheduleOptions): Schedule => {
  const random = seeded(seed);
  const lane = (kinds: readonly FaultKind[], gapMs: number, mayReorganise: boolean): Fault[] => {
    const faults: Fault[] = [];
    let bag: FaultKind[] = [];
    for (let time = 0; time < seconds * 1000; ) {
      // Every kind once before one comes again.
      if (bag.length === 0) bag = mayReorganise ? [...kinds, 'reorg', 'reorg'] : [...kinds];
      const [kind] = bag.splice(between(random, 0, bag.length - 1), 1);
      if (kind === undefined) break;
      const node = between(random, 0, nodes - 1);
      const afterMs = between(random, gapMs / 2, gapMs * 1.5) / pace;
      const lastsMs = (kind === 'reorg' ? 0 : between(random, 800, 3500)) / pace;
      faults.push({ kind, node, afterMs, lastsMs, amount: amountOf(kind, random) });
      time += afterMs + lastsMs;
    }
    return faults;
  };
  return { grave: lane(grave, 1200, true), mild: lane(mild, 4000, false) };
};

const amountOf = (kind: FaultKind, random: () => number): number => {
  switch (kind) {
    case 'reorg':
    case 'fork':
      return between(random, 1, 3);
    case 'lie-far':
      return pick(random, [50, 5000, 1_000_000]);
    case 'lie-near':
      return between(random, 1, 3);
    case 'lie-low':
      return between(random, 1, 40);
    case 'restart-behind':
      return between(random, 3, 20);
    default:
      return pick(random, [40, 150, 400, 1000, 2000]);
  }
};

/** One node after another is killed, frozen, held back, and restarted with an old head. */
export const oneAtATime = ({ seconds, nodes }: ScheduleOptions): Schedule => {
  const kinds = ['kill', 'freeze', 'withhold', 'restart-behind'] as const;
  const faults: Fault[] = [];
  for (let time = 0; time < seconds * 1000; time += 7000) {
    const kind = kinds[faults.length % kinds.length] ?? 'kill';
    faults.push({ kind, node: faults.length % nodes, afterMs: 2000, lastsMs: 5000, amount: 10 });
  }
  return { grave: faults, mild: [] };
};

/** One node answers late from beginning to end. */
export const oneSlow = (ms: number, { seconds }: ScheduleOptions): Schedule => ({
  grave: [],
  mild: [{ kind: 'latency', node: 0, afterMs: 0, lastsMs: seconds * 1000, amount: ms }],
});
