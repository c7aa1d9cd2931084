import { setTimeout as sleep } from 'node:timers/promises';
import { type Faults, noFaults, Truth } from '../../test/support/fold-oracle.ts';
import { startGateway } from '../../test/support/gateway.ts';
import type { ScriptedLog } from '../../test/support/scripted-chain.ts';
import { between, pick, seeded } from '../soak/random.ts';
import { EventReader, type ReaderKind, type Wanted } from './reader.ts';
import { addresses, type FaultKind, topics, World } from './world.ts';

export interface EventSoakOptions {
  readonly seed: number;
  readonly blocks: number;
  /** Spread over the blocks at random. */
  readonly faults: number;
  readonly readers: number;
  readonly blockMs: number;
}

export interface EventSoakReport extends Faults {
  readonly blocks: number;
  /** Faults of nodes and of the chain by kind, and what was done to readers. */
  readonly faults: ReadonlyMap<string, number>;
  readonly events: number;
  /** Connections of readers that ended though nobody cut them. */
  readonly disconnects: number;
  readonly declaredGaps: number;
  /** Ms from the first block after a fault to its arrival at a reader who was there all the time. */
  readonly recovery: readonly number[];
  /** The same for all blocks. */
  readonly delays: readonly number[];
  /** Requests for logs that reached nodes. */
  readonly logCalls: number;
}

const nodes = 5;
/** Ms that the readers get to arrive at the last head. */
const settleMs = 30_000;

/** Lets readers follow a chain on which, and on whose nodes, everything goes wrong that can, and holds each to the truth. */
export const soakEvents = async (options: EventSoakOptions): Promise<EventSoakReport> => {
  const random = seeded(options.seed);
  const world = new World(random);
  await world.start(nodes);
  const gateway = await startGateway({
    log: { level: 'error' },
    chains: [
      {
        id: world.chain.chainId,
        blockTime: `${options.blockMs}ms`,
        health: { interval: '200ms' },
        upstreams: world.members.map(({ node }, index) => ({ name: `n${index}`, url: node.url })),
      },
    ],
  });
  await gateway.ready();
  const readers = makeReaders(options.readers, world, gateway, random);
  await Promise.all(readers.map(({ subscribed }) => subscribed));
  const watch = new Watch(readers[0] as EventReader);
  await run(options, world, readers, watch, random);
  const end = performance.now() + settleMs;
  while (performance.now() < end && !readers.every((reader) => reader.at(world.head))) await sleep(20);
  const report = reportOf(options, world, readers, watch);
  for (const reader of readers) reader.close();
  await gateway.close();
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
    for (let kind: FaultKind | undefined; due[0] !== undefined && due[0] <= mined; watch.broken(kind)) {
      due.shift();
      kind = await world.break();
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
  count: number,
  world: World,
  gateway: { readonly url: string; readonly wsUrl: string },
  random: () => number,
): EventReader[] => {
  const truths = new Map<string, Truth>();
  return Array.from({ length: count }, (_, index) => {
    const kind: ReaderKind = index === 0 ? 'heads' : pick(random, ['logs', 'logs', 'logs', 'heads', 'stream']);
    const wanted: Wanted = {
      ...(random() < 0.6 ? { address: pick(random, addresses) } : {}),
      ...(random() < 0.5 ? { topics: [pick(random, topics)] } : {}),
    };
    const key = JSON.stringify(wanted);
    const truth = truths.get(key) ?? new Truth(world.chain, (log) => matches(log, wanted));
    truths.set(key, truth);
    return new EventReader(kind, gateway, truth, world.head, wanted);
  });
};

const matches = (
  log: ScriptedLog,
  { address, topics: [first] = [] }: Wanted & { topics?: readonly unknown[] },
): boolean => (address === undefined || log.address === address) && (first === undefined || log.topics[0] === first);

/** Takes the time from blocks to their arrival at one reader. */
class Watch {
  readonly counts = new Map<string, number>();
  readonly delays: number[] = [];
  readonly recovery: number[] = [];
  readonly #minedAt = new Map<number, number>();
  readonly #afterFault = new Set<number>();
  #faulty = false;

  constructor(reader: EventReader) {
    reader.onEvent = (number) => this.#arrived(number);
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  broken(kind: FaultKind | undefined): void {
    if (kind !== undefined) this.#faulty = true;
  }

  mined(number: number): void {
    this.#minedAt.set(number, performance.now());
    if (this.#faulty) this.#afterFault.add(number);
    this.#faulty = false;
  }

  #arrived(number: number): void {
    const at = this.#minedAt.get(number);
    if (at === undefined) return;
    const ms = performance.now() - at;
    this.#minedAt.delete(number);
    this.delays.push(ms);
    if (this.#afterFault.delete(number)) this.recovery.push(ms);
  }
}

const reportOf = (
  { blocks }: EventSoakOptions,
  world: World,
  readers: readonly EventReader[],
  watch: Watch,
): EventSoakReport => {
  const sum = noFaults();
  for (const reader of readers) {
    const oracles =
      reader.kind === 'logs' ? [reader.logs] : reader.kind === 'heads' ? [reader.heads] : [reader.logs, reader.heads];
    for (const oracle of oracles) {
      oracle.end(world.head);
      for (const name of Object.keys(sum) as (keyof Faults)[]) sum[name] += oracle.faults[name];
    }
  }
  return {
    ...sum,
    blocks,
    faults: new Map<string, number>([...world.faults, ...watch.counts]),
    events: readers.reduce((total, { events }) => total + events, 0),
    disconnects: readers.reduce((total, { disconnects }) => total + disconnects, 0),
    declaredGaps: readers.reduce((total, { gaps }) => total + gaps, 0),
    recovery: watch.recovery.toSorted((one, other) => one - other),
    delays: watch.delays.toSorted((one, other) => one - other),
    logCalls: world.members.reduce((total, { node }) => total + node.count('eth_getLogs'), 0),
  };
};
