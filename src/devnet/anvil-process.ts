import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import { anvilInstallHint } from './anvil-binary.ts';
import { NodeRpc, RpcFault } from './rpc.ts';

/** One anvil. Two with equal `chainId` and `genesisTimestamp` have the same genesis block. */
export interface AnvilOptions {
  readonly binary: string;
  readonly port: number;
  readonly chainId: number;
  /** Seconds since the Unix epoch. */
  readonly genesisTimestamp: number;
  /** E: `safe` is the head minus E blocks, `finalized` the head minus 2E. */
  readonly slotsInAnEpoch: number;
  /** Where anvil writes old states. */
  readonly cacheDirectory: string;
  readonly ipcPath: string | undefined;
  /** Bounds the start, and each answer to the devnet's own questions. */
  readonly timeoutMs: number;
}

/** anvil ended, or did not get going, before it could serve. */
export class AnvilStartError extends Error {}

/** Another program listens on the port. */
export class PortInUseError extends AnvilStartError {}

/**
 * A running anvil that mines only when told to. It leads its own process group, so that Ctrl-C in a terminal reaches
 * only the program that owns it, and a guard process ends it when that program dies in whatever way.
 */
export class AnvilProcess {
  readonly rpc: NodeRpc;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #frozen = false;

  private constructor(child: ChildProcess, pid: number, rpc: NodeRpc) {
    this.#child = child;
    this.pid = pid;
    this.rpc = rpc;
    this.#exited = once(child, 'exit');
    const guard = spawnGuard(pid);
    child.once('exit', () => guard?.kill('SIGKILL'));
  }

  /** Settles once the node answers on its port. Throws `AnvilStartError`, for a port in use too. */
  static async start(options: AnvilOptions, clock: Clock): Promise<AnvilProcess> {
    if (options.ipcPath !== undefined) rmSync(options.ipcPath, { force: true });
    const child = spawn(options.binary, anvilArguments(options), { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const { pid } = child;
    if (pid === undefined) {
      const [error] = (await once(child, 'error')) as [NodeJS.ErrnoException];
      throw new AnvilStartError(error.code === 'ENOENT' ? anvilInstallHint : error.message, { cause: error });
    }
    const rpc = new NodeRpc(`http://127.0.0.1:${options.port}`, options.timeoutMs);
    const anvil = new AnvilProcess(child, pid, rpc);
    try {
      await awaitReady(child, rpc, clock, options.timeoutMs);
      await rpc.call('anvil_setLoggingEnabled', false);
    } catch (error) {
      await anvil.kill();
      throw error;
    }
    return anvil;
  }

  get alive(): boolean {
    return isRunning(this.#child);
  }

  get frozen(): boolean {
    return this.#frozen && this.alive;
  }

  /** SIGSTOP: the node keeps its connections and says nothing. */
  freeze(): void {
    this.#frozen = this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
    this.#frozen = false;
  }

  /** SIGKILL; settles when the process is gone. */
  async kill(): Promise<void> {
    this.killNow();
    if (this.alive) await this.#exited;
    await this.rpc.close();
  }

  /** SIGKILL without waiting, for the last moment of the owning process. */
  killNow(): void {
    this.#child.kill('SIGKILL');
  }
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

const anvilArguments = (options: AnvilOptions): readonly string[] => [
  '--host=127.0.0.1',
  `--port=${options.port}`,
  `--chain-id=${options.chainId}`,
  `--timestamp=${options.genesisTimestamp}`,
  `--slots-in-an-epoch=${options.slotsInAnEpoch}`,
  `--cache-path=${options.cacheDirectory}`,
  '--no-mining',
  '--order=fifo',
  '--no-request-size-limit',
  '--color=never',
  ...(options.ipcPath === undefined ? [] : [`--ipc=${options.ipcPath}`]),
];

/**
 * An anvil whose port is taken prints "Listening on" too, and then whoever has the port would answer for it. What tells:
 * anvil logs the calls it gets, so a call that shows in this process's own log was answered by this process.
 */
const awaitReady = async (child: ChildProcess, rpc: NodeRpc, clock: Clock, timeoutMs: number): Promise<void> => {
  const question = 'web3_clientVersion';
  let log = '';
  let complaint = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    log = log.slice(-question.length) + text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  const deadline = clock.now() + timeoutMs;
  while (!log.includes(question)) {
    if (!isRunning(child)) throw startError(complaint.trim());
    if (clock.now() > deadline) throw new AnvilStartError(`anvil gave no answer within ${timeoutMs} ms`);
    await rpc.call(question).catch((error: unknown) => {
      if (!(error instanceof RpcFault)) throw error;
    });
    await new Promise<void>((resolve) => void clock.after(5, resolve));
  }
  child.stdout?.removeAllListeners('data').resume();
};

const startError = (complaint: string): AnvilStartError =>
  complaint.includes('in use') ? new PortInUseError(complaint) : new AnvilStartError(`anvil ended: ${complaint}`);

/**
 * A shell that waits for the end of its input, which comes when the owning process closes it or dies (SIGKILL included),
 * and then kills `pid`. Windows has no such shell; there a node outlives a parent that was killed.
 */
const spawnGuard = (pid: number): ChildProcess | undefined => {
  if (process.platform === 'win32') return undefined;
  const script = 'read -r line; kill -9 "$0"';
  const guard = spawn('/bin/sh', ['-c', script, String(pid)], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  guard.unref();
  (guard.stdin as Socket).on('error', () => {}).unref();
  return guard;
};
