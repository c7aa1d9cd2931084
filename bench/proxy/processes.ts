import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** A program that a benchmark started. */
export interface Program {
  readonly pid: number;
  /** The next line on its standard output. */
  line(): Promise<string>;
  close(): Promise<void>;
}

/** The file of a program on the PATH; undefined where there is none. */
export const findProgram = (name: string): string | undefined => {
  try {
    return execFileSync('sh', ['-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${name}`], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
};

/** Cores that this process may use, in order. */
export const allowedCores = (): readonly number[] => {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  return list.split(',').flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
};

/** Starts a program on one core. */
export const startOn = (core: number, command: string, words: readonly string[]): Program => {
  const child: ChildProcess = spawn('taskset', ['-c', String(core), command, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { pid, stdout } = child;
  if (pid === undefined || stdout === null) throw new Error(`${command} did not start`);
  const exited = once(child, 'exit');
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return {
    // taskset replaces itself by the program, so this is the program's own.
    pid,
    line: async () => {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${command} ended before it had said anything`);
      return value;
    },
    close: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
};

/** What the kernel counts CPU time in: the same on every architecture that Node runs on. */
const ticksPerSecond = 100;

/** CPU time of a process with all its threads so far, in µs. */
export const cpuMicros = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold spaces; user and system time are the 14th and 15th field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6;
};

/** A port that was free a moment ago, for programs that cannot pick one themselves. */
export const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
};
