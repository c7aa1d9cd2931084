import { readFileSync } from 'node:fs';
import { check } from './commands/check.ts';
import { runDemo } from './commands/demo.ts';
import { type Command, helpText, resolve, type Source } from './commands/flags.ts';
import { healthcheck } from './commands/healthcheck.ts';
import { introduce } from './commands/identify-upstream.ts';
import { init } from './commands/init.ts';
import { applyOverrides, type Overrides } from './commands/overrides.ts';
import { run, start } from './commands/run.ts';
import { unserved } from './commands/unserved.ts';
import { renderFaults } from './config/faults.ts';
import { configFromUrls } from './config/from-urls.ts';
import { type Loaded, loadConfigFile } from './config/load.ts';
import { addressOf, type Bound, ListenError } from './ingress/listen.ts';
import { systemClock } from './lib/clock.ts';

const { stdout, stderr, stdin, env } = process;

const version = (): string => {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
};

/** Resolves with each signal that asks the process to end, one a call, in the order in which they came. */
const signals = (): (() => Promise<string>) => {
  const came: string[] = [];
  const waiting: ((signal: string) => void)[] = [];
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const next = waiting.shift();
      if (next === undefined) came.push(signal);
      else next(signal);
    });
  }
  return () =>
    new Promise((resolveSignal) => {
      const signal = came.shift();
      if (signal === undefined) waiting.push(resolveSignal);
      else resolveSignal(signal);
    });
};

const readFile = (path: string): string => readFileSync(path, 'utf8');

const load = (source: Source): Loaded =>
  source.kind === 'file' ? loadConfigFile(source.path, { env, readFile }) : configFromUrls(source.urls, env);

const serve = async (source: Source, overrides: Overrides): Promise<number> => {
  const loaded = load(source);
  if (!loaded.ok) {
    stderr.write(`${renderFaults(loaded.faults)}\n`);
    return 1;
  }
  const config = applyOverrides(loaded.config, overrides);
  const missing = unserved(config);
  if (missing.length > 0) {
    stderr.write(missing.map((words) => `headgate: not in this version: ${words}\n`).join(''));
    return 1;
  }
  const patient = !(stdin.isTTY && source.kind === 'urls');
  return run(
    { config, secrets: loaded.secrets, version: version(), patient },
    {
      stdout,
      stderr,
      nextSignal: signals(),
      onStrayFault: (listener) => void process.on('unhandledRejection', listener),
      // At a terminal it means that the terminal has gone, and the process should, too.
      onReload: (listener) => void (stdin.isTTY || process.on('SIGHUP', listener)),
    },
  );
};

const demo = (overrides: Overrides): Promise<number> =>
  runDemo(
    { blockTimeMs: 2000, clientEveryMs: 250 },
    {
      startGateway: async (upstreams) => {
        const loaded = configFromUrls(
          upstreams.map(({ url }) => url),
          env,
        );
        if (!loaded.ok) throw new Error(renderFaults(loaded.faults));
        const config = applyOverrides(loaded.config, { logLevel: 'warn', ...overrides });
        const [chain] = config.chains;
        const named = chain?.upstreams.map((upstream, index) => ({
          ...upstream,
          name: upstreams[index]?.name ?? upstream.name,
        }));
        const chains = chain === undefined ? [] : [{ ...chain, name: 'demo', upstreams: named ?? [] }];
        const { app, rpc, ops } = await start(
          { config: { ...config, chains }, secrets: [], version: version() },
          stdout,
        );
        return { rpcUrl: urlOf(rpc), statusUrl: urlOf(ops), close: () => app.close() };
      },
      keyboard: stdin,
      stdout,
      stderr,
      nextSignal: signals(),
      clock: systemClock,
    },
  );

const urlOf = (bound: Bound): string => `http://${addressOf(bound)}`;

const carryOut = async (command: Command): Promise<number> => {
  switch (command.kind) {
    case 'run':
      return serve(command.source, command.overrides);
    case 'demo':
      return demo(command.overrides);
    case 'check':
      return check(command, { env, readFile, introduce, stdout, stderr });
    case 'init':
      return init(command, { env, introduce, stdout, stderr });
    case 'healthcheck':
      return healthcheck(command, { env, readFile, stdout, stderr });
    case 'version':
      stdout.write(`headgate ${version()}\n`);
      return 0;
    case 'help':
      stdout.write(helpText);
      return 0;
    case 'usage':
      stderr.write(`headgate: ${command.message}\n`);
      return 1;
    default:
      return command satisfies never;
  }
};

/** The words for what stopped the program, where an operator can do something about it. */
const wordsFor = (error: unknown): string =>
  error instanceof ListenError
    ? error.message
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);

// Timers of ours do not keep the process alive: where a command waits for nothing else, it would end without a word.
const untilDone = setInterval(() => {}, 60_000);
const code = await carryOut(resolve(process.argv.slice(2), env)).catch((error: unknown) => {
  stderr.write(`headgate: ${wordsFor(error)}\n`);
  return 1;
});
clearInterval(untilDone);
process.exit(code);
