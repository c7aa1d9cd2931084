import { setTimeout as sleep } from 'node:timers/promises';
import { type Faults, noFaults, Truth } from '../../test/support/fold-oracle.ts';
import type { ScriptedLog } from '../../test/support/scripted-chain.ts';
import { between, pick, seeded } from '../soak/random.ts';
import { type Addresses, EventReader, type ReaderKind, type Wanted } from './reader.ts';
import { Watch } from './watch.ts';
import { openWay, type Via } from './way.ts';
import { addresses, topics, World } from './world.ts';

export interface EventSoakOptions {
  readonly seed: number;
  readonly blocks: number;
  /** Spread over the blocks at random. */
  readonly faults: number;
  readonly readers: number;
  readonly blockMs: number;
  /** Default: through a gateway. */
  readonly via?: Via;
  /** Readers keep their cursors; default true for a gateway, which alone gives any. */
  readonly cursors?: boolean;
  /** Some readers take Server-Sent Events, which only a gateway has; default true. */
  readonly streams?: boolean;
}

export interface EventSoakReport extends Faults {
  readonly blocks: number;
  /** Faults of nodes and of the chain by kind, and what was done to readers. */
  readonly faults: ReadonlyMap<string, number>;
  /** Logs and heads of the branch that stood in the end, over all readers. */
  readonly expected: number;
  /** All that was told, with what was taken back. */
  readonly delivered: number;
  /** Connections of readers that ended though nobody cut them. */
  readonly disconnects: number;
  readonly declaredGaps: number;
  /** Ms from the first block after a fault until it, or a later one, was told to a reader who is never cut off. */
  readonly recovery: readonly number[];
  /** Ms from each block to its arrival there. */
  readonly delays: readonly number[];
  /** A line for each reader that was told something wrong. */
  readonly complaints: readonly string[];
  /** Requests for logs that reached nodes. */
  readonly logCalls: number;
}

const nodes = 5;
/** Ms that the readers get to arrive at the last head: those who have lost events need not be waited for as long. */
const settleMs: Readonly<Record<Via, number>> = { gateway: 30_000, node: 2000, balancer: 2000 };

/** Lets readers follow a chain on which, and on whose nodes, everything goes wrong that can, and holds each to the truth. */
export const soakEvents = async (options: EventSoakOptions): Promise<EventSoakReport> => {
  const { via = 'gateway' } = options;
  const random = seeded(options.seed);
  const world = new World(random);
  await world.start(nodes);
  const way = await openWay(via, world, options.blockMs);
  const readers = makeReaders(options, world, way, random);
  await Promise.all(readers.map(({ subscribed }) => subscribed));
  const watch = new Watch(readers[0] as EventReader);
  await run(options, world, readers, watch, random);
  const end = performance.now() + settleMs[via];
  while (performance.now() < end && !readers.every((reader) => reader.at(world.head))) await sleep(20);
  watch.end();
  const report = reportOf(options, world, readers, watch);
  for (const reader of readers) reader.close();
  await way.close();
  await world.close();
  return report;
};

const run = async (
  { blocks, faults, blockMs }: EventSoakOptions,
  world: World,
  readers: readonly EventReader[],
  watch: Watch,
  random: () => number,
): Promise<void> => {
  const due = Array.from({ length: faults }, () => between(random, 1, blocks)).toSorted((one, other) => one - other);
  const begun = performance.now();
  for (let mined = 1; mined <= blocks; mined += 1) {
    await world.repair();
    for (; due[0] !== undefined && due[0] <= mined; due.shift()) {
      await world.break();
      watch.broken();
    }
    trouble(readers, watch, random);
    watch.mined(world.mine().number);
    await sleep(Math.max(0, begun + mined * blockMs - performance.now()));
  }
  await world.heal();
  for (const reader of readers) reader.resume();
  for (let mined = 0; mined < 5; mined += 1) {
    world.mine();
    await sleep(blockMs);
  }
};

/** What happens to readers, to each of them about once in a thousand blocks: it is cut off, or stops reading for a while. */
const trouble = (readers: readonly EventReader[], watch: Watch, random: () => number): void => {
  for (const reader of readers.slice(1)) {
    const chance = random();
    if (chance < 0.0005) {
      watch.count('reader cut');
      reader.cut();
    } else if (chance < 0.001) {
      watch.count('reader stopped');
      reader.pause();
    } else if (chance > 0.95) reader.resume();
  }
};

const makeReaders = (
  { readers, via = 'gateway', cursors = via === 'gateway', streams = true }: EventSoakOptions,
  world: World,
  at: Addresses,
  random: () => number,
): EventReader[] => {
  const truths = new Map<string, Truth>();
  const kinds: readonly ReaderKind[] = ['logs', 'logs', 'logs', 'heads', streams ? 'stream' : 'logs'];
  return Array.from({ length: readers }, (_, index) => {
    const kind = index === 0 ? 'heads' : pick(random, kinds);
    const wanted: Wanted = {
      ...(random() < 0.6 ? { address: pick(random, addresses) } : {}),
      ...(random() < 0.5 ? { topics: [pick(random, topics)] } : {}),
    };
    const key = JSON.stringify(wanted);
    const truth = truths.get(key) ?? new Truth(world.chain, (log) => matches(log, wanted));
    truths.set(key, truth);
    return new EventReader({ kind, at, wanted, cursors }, truth, world.head);
  });
};

const matches = (
  log: ScriptedLog,
  { address, topics: [first] = [] }: Wanted & { topics?: readonly unknown[] },
): boolean => (address === undefined || log.address === address) && (first === undefined || log.topics[0] === first);

const reportOf = (
  { blocks }: EventSoakOptions,
  world: World,
  readers: readonly EventReader[],
  watch: Watch,
): EventSoakReport => {
  const sum = noFaults();
  let expected = 0;
  for (const oracle of readers.flatMap(({ oracles }) => oracles)) {
    oracle.end(world.head);
    expected += oracle.expected;
    for (const name of Object.keys(sum) as (keyof Faults)[]) sum[name] += oracle.faults[name];
  }
  return {
    ...sum,
    blocks,
    faults: new Map<string, number>([...world.faults, ...watch.counts]),
    expected,
    delivered: readers.reduce((total, { events }) => total + events, 0),
    disconnects: readers.reduce((total, { disconnects }) => total + disconnects, 0),
    declaredGaps: readers.reduce((total, { gaps }) => total + gaps, 0),
    recovery: watch.recovery.toSorted((one, other) => one - other),
    delays: watch.delays.toSorted((one, other) => one - other),
    complaints: readers.flatMap(({ complaint }) => complaint ?? []),
    logCalls: world.logCalls,
  };
};
