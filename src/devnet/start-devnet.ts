import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { systemClock } from '../lib/clock.ts';
import { findAnvil } from './anvil-binary.ts';
import type { AnvilOptions } from './anvil-process.ts';
import { PortInUseError } from './anvil-process.ts';
import { ChainNode } from './chain-node.ts';
import { Devnet } from './devnet.ts';
import { devnetPorts, findFreePort } from './ports.ts';

/** Every field has a default. */
export interface DevnetOptions {
  /** How many public nodes; 3. They are called `node-1`, `node-2` and so on. */
  readonly nodes?: number;
  /** 31337. */
  readonly chainId?: number;
  /** E: `safe` is the head minus E blocks, `finalized` the head minus 2E; 32. */
  readonly slotsInAnEpoch?: number;
  /** Seconds since the Unix epoch; now. The same value gives the same chain again. */
  readonly genesisTimestamp?: number;
  /** Nodes listen on a unix socket too; false. */
  readonly ipc?: boolean;
  /** How often nodes tell each other of new transactions, besides before each block; 50. 0: only then. */
  readonly gossipMs?: number;
  /** How many transactions may wait for a block; 10,000. */
  readonly maxWaiting?: number;
  /** Bounds a node's start and its answers to the devnet; 20,000. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  /** From 0 to below 1; decides where the search for free ports starts. */
  readonly random?: () => number;
  /** Where anvil's npm package is looked for besides this one's own dependencies; the working directory. */
  readonly directory?: string;
}

const maxPortTries = 5;

/**
 * Starts a devnet whose nodes stand at genesis. Throws `AnvilStartError`, which says how to get anvil where that is what
 * is missing. No process outlives the caller's, however that ends.
 */
export const startDevnet = async (options: DevnetOptions = {}): Promise<Devnet> => {
  const { nodes = 3, chainId = 31_337, gossipMs = 50, maxWaiting = 10_000, clock = systemClock } = options;
  const directory = mkdtempSync(join(tmpdir(), 'headgate-devnet-'));
  const started: ChainNode[] = [];
  const killNow = (): void => {
    for (const node of started) node.killNow();
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', killNow);
  const onClose = (): void => {
    process.off('exit', killNow);
    rmSync(directory, { recursive: true, force: true });
  };
  const launch = launcher(options, chainId, clock, directory);
  const names = ['builder', ...Array.from({ length: nodes }, (_, index) => `node-${index + 1}`)];
  const launches = names.map(async (name) => {
    const node = await launch(name);
    started.push(node);
    return node;
  });
  try {
    const [builder, ...others] = await Promise.all(launches);
    if (builder === undefined) throw new Error('no builder');
    const accounts = await builder.accounts();
    return new Devnet({ builder, nodes: others, accounts, chainId, gossipMs, maxWaiting, clock, onClose });
  } catch (error) {
    await Promise.allSettled(launches);
    await Promise.all(started.map((node) => node.kill()));
    onClose();
    throw error;
  }
};

/** Starts nodes that differ only in name, port and socket, each on a port of its own. */
const launcher = (
  options: DevnetOptions,
  chainId: number,
  clock: Clock,
  directory: string,
): ((name: string) => Promise<ChainNode>) => {
  const { slotsInAnEpoch = 32, ipc = false, timeoutMs = 20_000, random = Math.random } = options;
  const { genesisTimestamp = Math.floor(clock.wall() / 1000) } = options;
  const binary = findAnvil(options.directory ?? process.cwd());
  const taken = new Set<number>();
  const settings = { binary, chainId, genesisTimestamp, slotsInAnEpoch, timeoutMs };
  const reservePort = async (): Promise<number> => {
    const port = await findFreePort(devnetPorts, random, taken);
    if (taken.has(port)) return reservePort();
    taken.add(port);
    return port;
  };
  return async (name) => {
    const ipcPath = ipc ? join(directory, `${name}.ipc`) : undefined;
    for (let tries = 1; ; tries++) {
      const anvil: AnvilOptions = { ...settings, cacheDirectory: directory, ipcPath, port: await reservePort() };
      try {
        return await ChainNode.start(name, anvil, clock);
      } catch (error) {
        if (!(error instanceof PortInUseError) || tries === maxPortTries) throw error;
      }
    }
  };
};
