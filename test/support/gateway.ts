import { type App, createApp } from '../../src/app.ts';
import { renderFaults } from '../../src/config/faults.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLogObserver } from '../../src/telemetry/log-observer.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createHide, createMask } from '../../src/telemetry/mask.ts';

/** A gateway that listens on free ports of loopback. */
export interface TestGateway extends AsyncDisposable {
  readonly app: App;
  readonly url: string;
  readonly wsUrl: string;
  readonly opsUrl: string;
  /** All log lines so far, as written. */
  readonly log: readonly string[];
  /** Resolves once every chain is ready; rejects with what it says of itself after `ms`. */
  ready(ms?: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts the whole gateway in this process from a config: JSON is YAML. Ports that the config leaves out are free ones. */
export const startGateway = async (config: Readonly<Record<string, unknown>>): Promise<TestGateway> => {
  const given = config as { server?: object; ops?: object };
  const text = JSON.stringify({ ...config, server: { port: 0, ...given.server }, ops: { port: 0, ...given.ops } });
  const loaded = loadConfig({ text, file: 'test', env: {}, readFile: () => '' });
  if (!loaded.ok) throw new Error(renderFaults(loaded.faults));
  const log: string[] = [];
  const { log: logger } = createLogger({ level: 'debug', format: 'json' }, loaded.secrets, {
    write: (line) => log.push(line),
  });
  const app = createApp(loaded.config, {
    clock: systemClock,
    random: Math.random,
    version: '0.0.0-test',
    log: createLogObserver(logger),
    mask: createMask(loaded.secrets),
    hide: createHide(loaded.secrets),
  });
  const { rpc, ops } = await app.listen();
  const url = `http://127.0.0.1:${rpc.port}`;
  const close = () => app.close();
  return {
    app,
    url,
    wsUrl: `ws://127.0.0.1:${rpc.port}`,
    opsUrl: `http://127.0.0.1:${ops.port}`,
    log,
    ready: (ms = 20_000) => untilReady(`http://127.0.0.1:${ops.port}/readyz`, ms),
    close,
    [Symbol.asyncDispose]: close,
  };
};

const untilReady = async (url: string, ms: number): Promise<void> => {
  const end = performance.now() + ms;
  for (;;) {
    const answer = await fetch(url);
    const words = await answer.text();
    if (answer.ok) return;
    if (performance.now() > end) throw new Error(words);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** What came back for one JSON-RPC message by HTTP. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined where there is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- a test knows what it expects
  readonly json: any;
}

/** Posts bytes, or a value as JSON. */
export const post = async (url: string, body: unknown, headers: Record<string, string> = {}): Promise<HttpAnswer> => {
  const raw = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  const answer = await fetch(url, {
    method: 'POST',
    body: raw as string,
    headers: { 'content-type': 'application/json', ...headers },
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: text === '' ? undefined : JSON.parse(text) };
};

/** Posts one call. */
export const rpc = (
  url: string,
  method: string,
  params: unknown = [],
  headers: Record<string, string> = {},
): Promise<HttpAnswer> => post(url, { jsonrpc: '2.0', id: 1, method, params }, headers);
