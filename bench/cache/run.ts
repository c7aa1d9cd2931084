/**
 * What the cache spares: `npm run bench -- cache [--seconds N] [--rounds N] [--seed S]`, with at least 5 seconds for a part.
 *
 * Wallets ask a gateway before a devnet of anvil nodes that is reorganised meanwhile, and every answer is compared with
 * the truth. Ends with 1 where an answer was wrong, a call failed, or the gateway asked or worked more than is promised
 * below.
 */
import { spawnSync } from 'node:child_process';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { startDevnet } from '../../src/devnet/start-devnet.ts';
import { RedisServer } from '../../test/support/redis-server.ts';
import { Beat } from '../soak/chain.ts';
import { Chronicle } from '../soak/chronicle.ts';
import { portOf } from '../soak/fault-lanes.ts';
import { FaultProxy } from '../soak/fault-proxy.ts';
import { Gate } from '../soak/gate.ts';
import { httpLine, type Line } from '../soak/line.ts';
import { seeded } from '../soak/random.ts';
import { crowd, type CrowdDeps, type CrowdOptions, type Outcome } from './crowd.ts';
import { type BenchedGateway, type Deeds, startGateway } from './gateway.ts';
import { history, type Mix, sameMix, uniqueMix, walletMix } from './mixes.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);

/** Calls to nodes for 100 calls of wallets, at most; probes are among them. */
const MOST_CALLS = 5;
/** CPU time of an answer that is kept, as a share of that of one that a node is asked for, at most. */
const MOST_CPU = 0.5;
const BLOCK_MS = 1000;
const WALLETS: CrowdOptions = { clients: 200, pause: 150, mix: walletMix, seed };
const UNIQUE: CrowdOptions = { clients: 20, pause: 100, mix: uniqueMix, seed };
/**
 * Ms after a reorganisation until what replicas store is believed by all: nodes that follow it late are taken for forked, and
 * nothing that they said counts, by as much as clocks may differ.
 */
const CALM = 11_000;
/** Blocks before the first call: deep enough that old logs are final. */
const HISTORY = 200;

const broken: string[] = [];
const promise = (kept: boolean, words: string): void => {
  console.log(`${kept ? 'ok  ' : 'FAIL'}  ${words}`);
  if (!kept) broken.push(words);
};

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The chain, and proxies before its nodes that keep questions away while it is being mined. */
const startChain = async (open: AsyncDisposableStack) => {
  const origin = performance.now();
  const devnet = await startDevnet({ nodes: 3 });
  open.defer(() => devnet.close());
  const gate = new Gate();
  const nodes: string[] = [];
  for (const [index, { httpUrl }] of devnet.nodes.entries()) {
    const proxy = await FaultProxy.start(portOf(httpUrl), gate, seeded(index));
    open.defer(() => proxy.close());
    nodes.push(proxy.url);
  }
  const chronicle = new Chronicle(10);
  const now = (): number => performance.now() - origin;
  await devnet.mine(HISTORY);
  const beat = await Beat.start({ devnet, gate, chronicle, random: seeded(seed), now }, BLOCK_MS, (error) => {
    throw error;
  });
  open.defer(() => beat.close());
  const deps: CrowdDeps = {
    chronicle,
    now: () => {
      beat.observe();
      return now();
    },
  };
  const undone = { count: 0 };
  const reorganise = async (depth: number): Promise<void> => {
    undone.count += 1;
    await gate.without(() => devnet.reorg(depth));
    beat.observe();
  };
  return { nodes, deps, reorganise, undone };
};

type Chain = Awaited<ReturnType<typeof startChain>>;

/** Calls for `seconds`, and a reorganisation every few of them. */
const shaken = async ({ reorganise }: Chain): Promise<void> => {
  const end = performance.now() + seconds * 1000;
  for (let depth = 1; ; depth = (depth % 3) + 1) {
    const left = end - performance.now();
    await wait(Math.min(4000, Math.max(0, left)));
    if (left <= 4000) return;
    await reorganise(depth);
  }
};

const between = (before: Deeds, after: Deeds): Deeds => ({
  attempts: after.attempts - before.attempts,
  probes: after.probes - before.probes,
  cpu: after.cpu - before.cpu,
});

const share = (part: number, whole: number): string => `${((part / whole) * 100).toFixed(1)} %`;

const report = (title: string, { calls, sources, failed, wrong, faults }: Outcome, deeds: Deeds): number => {
  const per100 = ((deeds.attempts + deeds.probes) / calls) * 100;
  const of = (source: string): number => sources.get(source) ?? 0;
  const asked = calls - of('local');
  console.log(
    `${title}: ${calls} calls, ${share(of('local'), calls)} known by the gateway itself; of the others ` +
      `${share(of('hit'), asked)} hits, ${share(of('coalesced'), asked)} shared with a call under way; ` +
      `${per100.toFixed(2)} calls to nodes for 100 (${deeds.attempts} attempts, ${deeds.probes} probes)`,
  );
  for (const fault of faults) console.log(`      ${fault}`);
  promise(calls > 0 && failed === 0 && wrong === 0, `${title}: ${failed} calls failed, ${wrong} answers were wrong`);
  return per100;
};

const mixes = async (chain: Chain, gateway: BenchedGateway, line: Line): Promise<void> => {
  const run = async (title: string, options: CrowdOptions): Promise<number> => {
    const before = await gateway.deeds();
    const { count } = chain.undone;
    const outcome = await crowd(options, [line], shaken(chain), chain.deps);
    const per100 = report(title, outcome, between(before, await gateway.deeds()));
    promise(chain.undone.count > count, `${title}: through ${chain.undone.count - count} reorganisations`);
    return per100;
  };
  const per100 = await run('wallets', WALLETS);
  promise(per100 < MOST_CALLS, `wallets: ${per100.toFixed(2)} calls to nodes for 100, below ${MOST_CALLS}`);
  await run('nothing twice', UNIQUE);
};

const crush = async (gateway: BenchedGateway, line: Line): Promise<void> => {
  const { params, method } = uniqueMix(seeded(seed + 7), { height: 0, ticks: [] });
  // At a height, for the head may move between two of the calls.
  const at = ((await line.ask({ jsonrpc: '2.0', id: 1, method: 'eth_blockNumber' })).json as { result: string }).result;
  const before = await gateway.deeds();
  const asked = Array.from({ length: 500 }, () => line.ask({ jsonrpc: '2.0', id: 1, method, params: [params[0], at] }));
  const answers = new Set((await Promise.all(asked)).map(({ json }) => JSON.stringify(json)));
  const { attempts } = between(before, await gateway.deeds());
  const [answer = ''] = answers;
  promise(
    answers.size === 1 && answer.includes('"result"') && attempts === 1,
    `500 identical calls at once: ${attempts} calls to nodes`,
  );
};

/** CPU time of the gateway for one call, in µs, of clients that ask as fast as they are answered. */
const costOf = async (chain: Chain, gateway: BenchedGateway, line: Line, mix: Mix): Promise<number> => {
  const before = await gateway.deeds();
  const options = { clients: 16, pause: 0, mix, seed: seed + Math.floor(performance.now()) };
  const { calls } = await crowd(options, [line], wait(3000), chain.deps);
  return between(before, await gateway.deeds()).cpu / calls;
};

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

const cost = async (chain: Chain, gateway: BenchedGateway, line: Line): Promise<void> => {
  const ratios: number[] = [];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const hit = await costOf(chain, gateway, line, sameMix);
    const proxied = await costOf(chain, gateway, line, uniqueMix);
    console.log(`      CPU of a hit ${hit.toFixed(0)} µs, of a call to a node ${proxied.toFixed(0)} µs`);
    ratios.push(hit / proxied);
  }
  const ratio = median(ratios);
  promise(ratio < MOST_CPU, `CPU of a hit: ${ratio.toFixed(2)} of that of a call to a node, below ${MOST_CPU}`);
};

/** Two gateways on one server, half of the wallets at each, while the server freezes, dies and is flushed. */
const replicas = async (chain: Chain, open: AsyncDisposableStack): Promise<void> => {
  const server = await RedisServer.start();
  open.defer(() => server.kill());
  const gateways = [
    await startGateway(chain.nodes, BLOCK_MS, server.url),
    await startGateway(chain.nodes, BLOCK_MS, server.url),
  ];
  const lines: Line[] = [];
  for (const gateway of gateways) {
    open.defer(() => gateway.close());
    const line = httpLine(gateway.url, 15_000);
    open.defer(() => line.close());
    lines.push(line);
  }
  const deeds = (): Promise<Deeds[]> => Promise.all(gateways.map((gateway) => gateway.deeds()));
  const sum = (all: readonly Deeds[]): Deeds => ({
    attempts: all.reduce((total, { attempts }) => total + attempts, 0),
    probes: all.reduce((total, { probes }) => total + probes, 0),
    cpu: 0,
  });
  const run = async (title: string, over: Promise<void>): Promise<void> => {
    const before = await deeds();
    const outcome = await crowd(WALLETS, lines, over, chain.deps);
    const after = await deeds();
    report(title, outcome, between(sum(before), sum(after)));
    const each = after.map(({ attempts }, index) => attempts - (before[index]?.attempts ?? 0));
    console.log(`      attempts at nodes by each replica: ${each.join(', ')}`);
  };
  await run('two replicas, one Redis', shaken(chain));
  const [first] = lines;
  await wait(CALM);
  if (first !== undefined) await joiner(chain, open, server, first);
  await run('Redis freezes, dies, is flushed', upset(server));
};

/** A replica that starts when the others have asked for everything. */
const joiner = async (chain: Chain, open: AsyncDisposableStack, server: RedisServer, known: Line): Promise<void> => {
  const gateway = await startGateway(chain.nodes, BLOCK_MS, server.url);
  open.defer(() => gateway.close());
  const line = httpLine(gateway.url, 15_000);
  open.defer(() => line.close());
  const told: unknown[] = [];
  for (const { method, params } of history) {
    const { json } = await known.ask({ jsonrpc: '2.0', id: 1, method, params });
    if ((json as { readonly result?: unknown }).result) told.push(json);
  }
  const before = await gateway.deeds();
  let different = 0;
  for (const [index, { method, params }] of history.entries()) {
    const { json } = await line.ask({ jsonrpc: '2.0', id: 1, method, params });
    if (!isDeepStrictEqual(json, told[index])) different += 1;
  }
  const { attempts } = between(before, await gateway.deeds());
  promise(
    told.length === history.length && attempts < history.length / 10 && different === 0,
    `a replica that joins later: ${attempts} calls to nodes for ${history.length} that others have made before`,
  );
};

const upset = async (server: RedisServer): Promise<void> => {
  const pause = (seconds * 1000) / 6;
  await wait(pause);
  server.freeze();
  await wait(pause);
  server.thaw();
  await wait(pause);
  await server.kill();
  await wait(pause);
  await server.restart();
  await wait(pause);
  await server.run('FLUSHALL');
  await wait(pause);
};

await using open = new AsyncDisposableStack();
const chain = await startChain(open);
const gateway = await startGateway(chain.nodes, BLOCK_MS, undefined);
open.defer(() => gateway.close());
const line = httpLine(gateway.url, 15_000);
open.defer(() => line.close());
await mixes(chain, gateway, line);
await crush(gateway, line);
if (process.platform === 'linux') await cost(chain, gateway, line);
else console.log('Not measured: CPU time, which needs Linux.');
if (spawnSync('redis-server', ['--version']).status === 0) await replicas(chain, open);
else console.log('Not measured: replicas, which need redis-server (Debian: apt-get install redis-server).');
if (broken.length > 0) process.exitCode = 1;
