import { get } from 'node:http';
import { opsAddress } from '../config/load.ts';
import type { Sources } from '../config/substitute.ts';
import type { Overrides } from './overrides.ts';
import type { Terminal } from './terminal.ts';

export interface HealthcheckOptions {
  /** The file of the instance; undefined for one without. */
  readonly file: string | undefined;
  /**
   * Named for this instance. One that only the environment names, as the image does for all of them, need not be there: an
   * instance that was given URLs reads no file.
   */
  readonly named: boolean;
  readonly overrides: Overrides;
}

export interface HealthcheckDeps extends Sources, Terminal {
  /** Default 3 s; Docker's own limit is 30 s. */
  readonly timeoutMs?: number;
}

/**
 * `headgate healthcheck`: asks `/readyz` of the ops listener that file, environment and flags describe. Resolves to the exit
 * code: 0 where it answers 200, else 1.
 */
export const healthcheck = async (options: HealthcheckOptions, deps: HealthcheckDeps): Promise<0 | 1> => {
  const { overrides } = options;
  const { stdout, stderr, timeoutMs = 3000 } = deps;
  const file = options.named || isThere(options.file, deps) ? options.file : undefined;
  const configured = file === undefined ? undefined : opsAddress(file, deps);
  if (file !== undefined && configured === undefined && overrides.opsPort === undefined) {
    stderr.write(`${file} does not tell where the ops listener is: it cannot be read, or its ops section is wrong\n`);
    return 1;
  }
  const host = overrides.opsHost ?? configured?.host ?? '127.0.0.1';
  const port = overrides.opsPort ?? configured?.port ?? 9545;
  const answer = await readiness(host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port, timeoutMs);
  if (answer === 200) {
    stdout.write('ready\n');
    return 0;
  }
  stderr.write(typeof answer === 'number' ? `not ready (${answer})\n` : `no answer from ${host}:${port}: ${answer}\n`);
  return 1;
};

const isThere = (file: string | undefined, { readFile }: Sources): boolean => {
  if (file === undefined) return false;
  try {
    readFile(file);
    return true;
  } catch {
    return false;
  }
};

/** The status, or in words why there is none. */
const readiness = (host: string, port: number, timeoutMs: number): Promise<number | string> =>
  new Promise((settle) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const request = get({ host, port, path: '/readyz', agent: false, signal }, (response) => {
      response.resume();
      settle(response.statusCode ?? 0);
    });
    request.on('error', (error) => settle(signal.aborted ? `none within ${timeoutMs} ms` : error.message));
  });
