import { spawn } from 'node:child_process';

/** What a finished command left behind. */
export interface Finished {
  /** The exit code; 1 for a command that a signal ended. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, without stdin. `env` is added to this process's environment; undefined removes a name. */
export const runCommand = (
  command: string,
  words: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string | undefined>> } = {},
): Promise<Finished> =>
  new Promise((settle, reject) => {
    const child = spawn(command, words, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => settle({ code: code ?? 1, stdout, stderr }));
  });

/** The checkout's folder, without a slash at its end. */
export const root: string = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');
