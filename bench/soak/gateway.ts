import { type App, createApp } from '../../src/app.ts';
import { renderFaults } from '../../src/config/faults.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLogObserver } from '../../src/telemetry/log-observer.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createHide, createMask } from '../../src/telemetry/mask.ts';

/** A gateway in this process, with its log in memory. */
export interface SoakedGateway {
  readonly app: App;
  readonly url: string;
  readonly wsUrl: string;
  readonly opsUrl: string;
  /** Log lines of the last minutes, with the time in ms of `now` at which they were written. */
  readonly log: readonly LogLine[];
  close(): Promise<void>;
}

export interface LogLine {
  readonly at: number;
  readonly text: string;
}

const LINES = 20_000;

/** Starts it on free ports of loopback, before one chain with these nodes; everything else is the default. */
export const startGateway = async (
  urls: readonly string[],
  blockMs: number,
  now: () => number,
): Promise<SoakedGateway> => {
  const upstreams = urls.map((url, index) => ({ name: `node-${index + 1}`, url }));
  const chains = [{ name: 'soak', blockTime: `${blockMs}ms`, upstreams }];
  const text = JSON.stringify({ server: { port: 0 }, ops: { port: 0 }, chains });
  const loaded = loadConfig({ text, file: 'soak', env: {}, readFile: () => '' });
  if (!loaded.ok) throw new Error(renderFaults(loaded.faults));
  const log: LogLine[] = [];
  const write = (line: string): void => {
    log.push({ at: now(), text: line.trim() });
    if (log.length > LINES) log.splice(0, LINES / 2);
  };
  const { log: logger } = createLogger({ level: 'debug', format: 'json' }, loaded.secrets, { write });
  const app = createApp(loaded.config, {
    clock: systemClock,
    random: Math.random,
    version: '0.0.0-soak',
    log: createLogObserver(logger),
    mask: createMask(loaded.secrets),
    hide: createHide(loaded.secrets),
  });
  const { rpc, ops } = await app.listen();
  const opsUrl = `http://127.0.0.1:${ops.port}`;
  await untilReady(`${opsUrl}/readyz`);
  return {
    app,
    url: `http://127.0.0.1:${rpc.port}`,
    wsUrl: `ws://127.0.0.1:${rpc.port}`,
    opsUrl,
    log,
    close: () => app.close(),
  };
};

const untilReady = async (url: string): Promise<void> => {
  for (let tries = 0; ; tries++) {
    const answer = await fetch(url);
    const words = await answer.text();
    if (answer.ok) return;
    if (tries === 500) throw new Error(words);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

interface Status {
  readonly chains: readonly { readonly upstreams: readonly { readonly name: string; readonly state: string }[] }[];
}

const HEARD: ReadonlySet<string> = new Set(['healthy', 'limited', 'lagging']);
const RECOVERY = 5000;

/** Settles once the gateway has every node back but the one of this index; after some seconds in any case. */
export const recovered = async (opsUrl: string, but: number): Promise<void> => {
  for (const start = performance.now(); performance.now() - start < RECOVERY; ) {
    const { chains } = (await (await fetch(`${opsUrl}/status`)).json()) as Status;
    const states = chains.flatMap(({ upstreams }) => upstreams.map(({ state }) => state));
    if (states.every((state, index) => index === but || HEARD.has(state))) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** Attempts at upstreams so far, and the gateway's own questions to them, as `/metrics` has them. */
export const upstreamCalls = async (
  opsUrl: string,
): Promise<{ readonly attempts: number; readonly probes: number }> => {
  const text = await (await fetch(`${opsUrl}/metrics`)).text();
  const sum = (name: string): number =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  return { attempts: sum('headgate_upstream_requests_total'), probes: sum('headgate_probes_total') };
};
