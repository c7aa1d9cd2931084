import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuMicros, freePort } from '../proxy/processes.ts';
import { upstreamCalls } from '../soak/gateway.ts';

/** What a gateway has done so far. */
export interface Deeds {
  /** Attempts at nodes, and the gateway's own questions to them. */
  readonly attempts: number;
  readonly probes: number;
  /** CPU time of its process, in µs; NaN where the system does not tell. */
  readonly cpu: number;
}

/** A gateway in a process of its own, so that its CPU time is nobody else's. */
export interface BenchedGateway {
  readonly url: string;
  readonly opsUrl: string;
  deeds(): Promise<Deeds>;
  close(): Promise<void>;
}

/** Starts it before these nodes, everything else being the default; resolves when it is ready. */
export const startGateway = async (
  nodes: readonly string[],
  blockMs: number,
  redis: string | undefined,
): Promise<BenchedGateway> => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-bench-'));
  const [port, opsPort] = [await freePort(), await freePort()];
  const upstreams = nodes.map((url, index) => ({ name: `node-${index + 1}`, url }));
  const config = {
    server: { port },
    ops: { port: opsPort },
    log: { level: 'error' },
    ...(redis === undefined ? {} : { redis: { url: redis } }),
    chains: [{ name: 'bench', blockTime: `${blockMs}ms`, upstreams }],
  };
  writeFileSync(join(directory, 'headgate.yaml'), JSON.stringify(config));
  const main = new URL('../../src/main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [main, '-c', join(directory, 'headgate.yaml')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  const opsUrl = `http://127.0.0.1:${opsPort}`;
  await untilReady(opsUrl);
  return {
    url: `http://127.0.0.1:${port}`,
    opsUrl,
    deeds: async () => ({ ...(await upstreamCalls(opsUrl)), cpu: cpuOf(child.pid) }),
    close: async () => {
      child.kill('SIGKILL');
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
};

const cpuOf = (pid: number | undefined): number =>
  pid === undefined || process.platform !== 'linux' ? Number.NaN : cpuMicros(pid);

const untilReady = async (opsUrl: string): Promise<void> => {
  for (let tries = 0; ; tries++) {
    const ready = await fetch(`${opsUrl}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
    if (tries === 500) throw new Error('the gateway did not become ready');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
