import { type App, createApp } from '../app.ts';
import type { Config } from '../config/schema.ts';
import { addressOf, type Bound, ListenError } from '../ingress/listen.ts';
import { systemClock } from '../lib/clock.ts';
import { createLogObserver } from '../telemetry/log-observer.ts';
import { createLogger, type LogOutput } from '../telemetry/logger.ts';
import { createHide, createMask } from '../telemetry/mask.ts';

export interface RunOptions {
  readonly config: Config;
  /** Texts that nothing may show. */
  readonly secrets: readonly string[];
  readonly version: string;
  /** Serve on for `server.drain.delay` after the first signal; not for somebody who pressed Ctrl-C at a terminal. */
  readonly patient: boolean;
}

export interface RunDeps {
  readonly stdout: LogOutput;
  readonly stderr: LogOutput;
  /** Resolves with the name of the next signal that asks the process to end. */
  readonly nextSignal: () => Promise<string>;
  /**
   * Tells of each promise that was rejected and that nobody waits for: a bug of ours, met by one call or stream. It is
   * logged, and does not end those of everybody else.
   */
  readonly onStrayFault: (listener: (error: unknown) => void) => void;
  /** Tells of each request to read the file again that does not come by HTTP. */
  readonly onReload: (listener: () => void) => void;
}

/** A gateway that listens. */
export interface Running {
  readonly app: App;
  /** Says something to the operator. */
  readonly say: (message: string) => void;
  /** Tells him of a bug. */
  readonly fault: (error: unknown) => void;
  readonly rpc: Bound;
  readonly ops: Bound;
}

/** Starts the gateway of a config. Rejects with a `ListenError` where an address cannot be had. */
export const start = async (options: Omit<RunOptions, 'patient'>, stdout: LogOutput): Promise<Running> => {
  const { config, secrets, version } = options;
  const { log } = createLogger(config.log, secrets, stdout);
  const app = createApp(config, {
    clock: systemClock,
    random: Math.random,
    version,
    log: createLogObserver(log),
    mask: createMask(secrets),
    hide: createHide(secrets),
  });
  try {
    const { rpc, ops } = await app.listen();
    const scheme = config.server.tls === undefined ? 'http' : 'https';
    log.info(`headgate ${version} serves JSON-RPC at ${scheme}://${addressOf(rpc)}`);
    log.info(`status page at http://${addressOf(ops)}`);
    const fault = (error: unknown): void =>
      log.error(
        { error: error instanceof Error ? error.stack : String(error) },
        'a fault in headgate, met by no request',
      );
    return { app, rpc, ops, fault, say: (message) => log.info(message) };
  } catch (error) {
    await app.close();
    throw error;
  }
};

/** Runs until a signal, then drains: exit code 0, or 1 if calls had to be cut off or a listener could not be bound. */
export const run = async (options: RunOptions, deps: RunDeps): Promise<number> => {
  const running = await start(options, deps.stdout).catch((error: unknown) => {
    if (error instanceof ListenError) return error.message;
    throw error;
  });
  if (typeof running === 'string') {
    deps.stderr.write(`headgate: ${running}\n`);
    return 1;
  }
  const { app, say, fault } = running;
  deps.onStrayFault(fault);
  deps.onReload(() => say('SIGHUP: reload is not in this version; start it anew to have the file read again'));
  const { drain } = options.config.server;
  const signal = await deps.nextSignal();
  app.drain();
  say(`${signal}: not ready any more; serving on for ${options.patient ? drain.delay : 0} ms`);
  const impatient = deps.nextSignal().then((second) => {
    say(`${second}: ending at once`);
    return 1;
  });
  const drained = (async (): Promise<number> => {
    if (options.patient) await new Promise<void>((resolve) => systemClock.after(drain.delay, resolve));
    const inTime = await app.finish(drain.timeout);
    say(inTime ? 'drained: every call was answered' : `calls were cut off after ${drain.timeout} ms`);
    return inTime ? 0 : 1;
  })();
  return Promise.race([drained, impatient]);
};
