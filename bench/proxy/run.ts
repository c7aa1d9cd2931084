/**
 * CPU time of one proxied call: headgate next to nginx's plain `proxy_pass`, interleaved in one run. Load generator and
 * stub node share one core, the proxy has another; every call asks for another account, so that nothing can be
 * cached. `node bench/proxy/run.ts [--rounds N] [--seconds N] [--connections N] [--max-ratio N]`
 *
 * Prints CPU time per call (all threads, from /proc) and calls per second as medians, and the median of the rounds' ratios
 * to nginx. Ends with 1 only where `--max-ratio` is given and headgate's ratio is above it.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { allowedCores, cpuMicros, findProgram, freePort, type Program, startOn } from './processes.ts';

interface Target {
  readonly name: string;
  readonly url: string;
  /** Undefined for the stub itself. */
  readonly program: Program | undefined;
}

interface Measured {
  /** Undefined where no proxy is between. */
  readonly microsPerCall: number | undefined;
  readonly callsPerSecond: number;
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '32' },
    'max-ratio': { type: 'string' },
  },
});

const median = (numbers: readonly number[]): number => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
};

const nginxConfig = (directory: string, port: number, stubPort: number): string => `
daemon off; master_process off; worker_processes 1; error_log stderr crit; pid ${directory}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  upstream node { server 127.0.0.1:${stubPort}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://node; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}`;

const headgateConfig = (port: number, opsPort: number, upstream: string): string => `
server: { port: ${port} }
ops: { port: ${opsPort} }
log: { level: warn, format: json }
chains: [{ name: bench, id: 31337, upstreams: [{ name: stub, ${upstream} }] }]
`;

/** Each call asks for another account, also than the runs before, at the newest block. */
const wrkScript = `
local run = os.time()
local count = 0
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
function request()
  count = count + 1
  return wrk.format(nil, nil, nil, string.format(
    '{"jsonrpc":"2.0","id":%d,"method":"eth_getBalance","params":["0x%08x%032x","latest"]}', count, run, count))
end
`;

const ask = async (url: string): Promise<void> => {
  const body =
    '{"jsonrpc":"2.0","id":7,"method":"eth_getBalance","params":["0x00000000000000000000000000000000000000aa","latest"]}';
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const text = await answer.text();
  const { id, result } = JSON.parse(text);
  if (id !== 7 || !String(result).startsWith('0x1b1b')) throw new Error(`a wrong answer from ${url}: ${text}`);
};

const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 150; tries += 1) {
    if (await holds().catch(() => false)) return;
    await sleep(100);
  }
  throw new Error(`${what} did not get ready`);
};

interface Machine {
  readonly nginx: string;
  readonly wrk: string;
  readonly generatorCore: number;
  readonly proxyCore: number;
}

/** Runs the load generator once. Throws where any call failed. */
const load = async ({ wrk, generatorCore }: Machine, script: string, url: string, seconds: number): Promise<number> => {
  const words = ['-t1', `-c${values.connections}`, `-d${seconds}s`, '-s', script, url];
  const { stdout } = await promisify(execFile)('taskset', ['-c', String(generatorCore), wrk, ...words]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`calls failed at ${url}:\n${stdout}`);
  return Number(/(\d+) requests in/.exec(stdout)?.[1]);
};

const measure = async (machine: Machine, script: string, target: Target, seconds: number): Promise<Measured> => {
  const before = target.program === undefined ? 0 : cpuMicros(target.program.pid);
  const started = performance.now();
  const calls = await load(machine, script, target.url, seconds);
  const callsPerSecond = (calls / (performance.now() - started)) * 1000;
  if (target.program === undefined) return { microsPerCall: undefined, callsPerSecond };
  return { microsPerCall: (cpuMicros(target.program.pid) - before) / calls, callsPerSecond };
};

const print = (targets: readonly Target[], rounds: readonly (readonly Measured[])[]): number => {
  const micros = (round: readonly Measured[], index: number): number => round[index]?.microsPerCall ?? Number.NaN;
  const nginxAt = targets.findIndex(({ name }) => name.startsWith('nginx'));
  const rows = targets.map(({ name, program }, index) => {
    const calls = Math.round(median(rounds.map((round) => round[index]?.callsPerSecond ?? 0)));
    if (program === undefined) return { name, calls, cpu: '-', range: '-', ratio: '-' };
    const all = rounds.map((round) => micros(round, index));
    const ratios = rounds.map((round) => micros(round, index) / micros(round, nginxAt));
    return {
      name,
      calls,
      cpu: median(all).toFixed(1),
      range: `${Math.min(...all).toFixed(1)}-${Math.max(...all).toFixed(1)}`,
      ratio: median(ratios).toFixed(2),
    };
  });
  const cells = [
    ['', 'calls/s', 'cpu us/call', 'range', 'ratio to nginx'],
    ...rows.map((row) => Object.values(row).map(String)),
  ];
  // Object.values keeps the order name, calls, cpu, range, ratio.
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  for (const line of cells) {
    console.log(
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    );
  }
  return Number(rows.find(({ name }) => name === 'headgate')?.ratio);
};

const bench = async (machine: Machine): Promise<void> => {
  const { nginx: nginxFile, generatorCore, proxyCore } = machine;
  const directory = mkdtempSync(join(tmpdir(), 'headgate-bench-'));
  const programs: Program[] = [];
  const start = (core: number, command: string, words: readonly string[]): Program => {
    const program = startOn(core, command, words);
    programs.push(program);
    return program;
  };
  const write = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const startHeadgate = async (name: string, upstream: string): Promise<Target> => {
    const [port, opsPort] = [await freePort(), await freePort()];
    const config = write(`${name}.yaml`, headgateConfig(port, opsPort, upstream));
    const main = new URL('../../src/main.ts', import.meta.url).pathname;
    const program = start(proxyCore, process.execPath, [main, '-c', config]);
    await until(name, async () => (await fetch(`http://127.0.0.1:${opsPort}/readyz`)).ok);
    return { name, url: `http://127.0.0.1:${port}/`, program };
  };
  try {
    const stub = start(generatorCore, process.execPath, [new URL('stub.ts', import.meta.url).pathname]);
    const [stubPort = 0, stubWsPort = 0] = (await stub.line()).split(' ').map(Number);
    const nginxPort = await freePort();
    const config = write('nginx.conf', nginxConfig(directory, nginxPort, stubPort));
    const nginx = start(proxyCore, nginxFile, ['-p', directory, '-c', config]);
    const targets: readonly Target[] = [
      { name: 'no proxy', url: `http://127.0.0.1:${stubPort}/`, program: undefined },
      { name: 'nginx proxy_pass', url: `http://127.0.0.1:${nginxPort}/`, program: nginx },
      // As it is without a word in the config: small calls ride the WebSocket of a node at a private address.
      await startHeadgate('headgate', `url: 'http://127.0.0.1:${stubPort}', ws: 'ws://127.0.0.1:${stubWsPort}'`),
      await startHeadgate('headgate, calls: http', `url: 'http://127.0.0.1:${stubPort}', calls: http`),
    ];
    for (const target of targets) await until(target.name, async () => ask(target.url).then(() => true));
    const script = write('calls.lua', wrkScript);
    for (const target of targets) await load(machine, script, target.url, 2);

    const rounds: Measured[][] = [];
    for (let round = 0; round < Number(values.rounds); round += 1) {
      const measured: Measured[] = [];
      for (const target of targets) measured.push(await measure(machine, script, target, Number(values.seconds)));
      rounds.push(measured);
    }
    for (const target of targets) await ask(target.url);

    console.log(
      `${values.rounds} rounds of ${values.seconds} s, ${values.connections} connections, Node ${process.version}`,
    );
    const ratio = print(targets, rounds);
    const most = values['max-ratio'];
    if (most !== undefined && !(ratio <= Number(most))) {
      console.error(
        `headgate takes ${ratio.toFixed(2)} times nginx's CPU time, and ${most} is the most that was asked for`,
      );
      process.exitCode = 1;
    }
  } finally {
    await Promise.all(programs.map((program) => program.close()));
    rmSync(directory, { recursive: true, force: true });
  }
};

const [generatorCore = 0, proxyCore] = process.platform === 'linux' ? allowedCores() : [];
const [nginx, wrk, taskset] = ['nginx', 'wrk', 'taskset'].map(findProgram);
const missing = [
  ...(process.platform === 'linux' ? [] : ['Linux']),
  ...(nginx === undefined ? ['nginx'] : []),
  ...(wrk === undefined ? ['wrk'] : []),
  ...(taskset === undefined ? ['taskset'] : []),
  ...(proxyCore === undefined ? ['a second core'] : []),
];
if (nginx === undefined || wrk === undefined || proxyCore === undefined || missing.length > 0) {
  console.log(`Not measured: this needs ${missing.join(', ')} (Debian: apt-get install nginx-light wrk util-linux).`);
} else {
  await bench({ nginx, wrk, generatorCore, proxyCore });
}
