import { startDevnet } from '../../src/devnet/start-devnet.ts';
import { Beat, startForeigner } from './chain.ts';
import { Chronicle } from './chronicle.ts';
import { Client } from './client.ts';
import { type Episode, FaultLanes, portOf } from './fault-lanes.ts';
import { FaultProxy } from './fault-proxy.ts';
import { Gate } from './gate.ts';
import { type LogLine, recovered, startGateway, upstreamCalls } from './gateway.ts';
import { httpLine, wsLine } from './line.ts';
import { type Finished, judge } from './oracle.ts';
import { seeded } from './random.ts';
import type { Schedule } from './schedule.ts';
import { type Figures, type Offence, Tally } from './tally.ts';

export interface SoakOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Calls a second, all clients together. */
  readonly rate: number;
  readonly clients: number;
  readonly blockMs: number;
  readonly schedule: Schedule;
}

export interface SoakReport extends Figures {
  readonly faults: readonly Episode[];
  readonly offences: readonly Offence[];
  /** The calls that took longest. */
  readonly slowest: readonly Finished[];
  readonly log: readonly LogLine[];
  /** Attempts at nodes, and questions of the gateway's own, for each call of a client. */
  readonly attemptsPerCall: number;
  readonly probesPerCall: number;
  /** Actions left out because too many calls were under way. */
  readonly skipped: number;
  readonly blocks: number;
}

const NODES = 3;
const ACCOUNTS = 10;
/** Accounts 0 and 9 belong to the ticker. */
const SENDERS = 8;
/** Ms that a client waits: longer than the gateway's own deadline. */
const CLIENT_TIMEOUT = 15_000;
/** Ms for which the pool may still tell of a block's parent: a slow node's two seconds, asked for a header twice. */
const GRACE = 5000;
/** Actions under way at once. */
const UNDERWAY = 1000;

/** Runs clients against the gateway before a devnet that is being broken, and judges every answer. */
export const soak = async (options: SoakOptions): Promise<SoakReport> => {
  const { seed, blockMs, schedule } = options;
  const origin = performance.now();
  const now = (): number => performance.now() - origin;
  await using open = new AsyncDisposableStack();
  const devnet = await startDevnet({ nodes: NODES });
  open.defer(() => devnet.close());
  const foreigner = await startForeigner(10);
  open.defer(() => foreigner.close());
  const gate = new Gate();
  const proxies: FaultProxy[] = [];
  for (const [index, { httpUrl }] of devnet.nodes.entries()) {
    const proxy = await FaultProxy.start(portOf(httpUrl), gate, seeded(seed + index));
    open.defer(() => proxy.close());
    proxies.push(proxy);
  }
  const broken = Promise.withResolvers<never>();
  const chronicle = new Chronicle(ACCOUNTS);
  const beat = await Beat.start({ devnet, gate, chronicle, random: seeded(seed), now }, blockMs, broken.reject);
  open.defer(() => beat.close());
  const gateway = await startGateway(
    proxies.map(({ url }) => url),
    blockMs,
    now,
  );
  open.defer(() => gateway.close());

  const tally = new Tally();
  const lanes = new FaultLanes({
    devnet,
    gate,
    proxies,
    foreignPort: portOf(foreigner.nodes[0]?.httpUrl ?? ''),
    now,
    recovered: (node) => recovered(gateway.opsUrl, node),
  });
  const clients = Array.from({ length: options.clients }, (_, index) => {
    const line = index % 2 === 0 ? httpLine(gateway.url, CLIENT_TIMEOUT) : wsLine(gateway.wsUrl, CLIENT_TIMEOUT);
    return new Client({
      line,
      random: seeded(seed * 1000 + index),
      now: () => {
        beat.observe();
        return now();
      },
      chainId: devnet.chainId,
      account: index < SENDERS ? index + 1 : undefined,
      announce: (hash, account) => chronicle.expect(hash, { account }),
      finished: (call) => {
        const judgement = judge(call, chronicle, { grace: GRACE });
        tally.add(call, judgement, () => during(lanes.episodes, call.startedAt - GRACE, call.endedAt));
        return judgement.kind === 'right';
      },
      lost: () => tally.addLost(),
    });
  });
  open.defer(() => Promise.all(clients.map((client) => client.close())).then(() => {}));

  const before = await upstreamCalls(gateway.opsUrl);
  const faults = lanes.run(schedule).catch(broken.reject);
  const driven = drive(clients, options, now).finally(() => lanes.stop());
  const skipped = await Promise.race([driven, broken.promise]);
  await Promise.race([faults, broken.promise]);
  const after = await upstreamCalls(gateway.opsUrl);
  const { figures } = tally;
  return {
    ...figures,
    faults: lanes.episodes,
    offences: tally.offences,
    slowest: tally.slowest,
    log: [...gateway.log],
    attemptsPerCall: (after.attempts - before.attempts) / Math.max(1, figures.calls),
    probesPerCall: (after.probes - before.probes) / Math.max(1, figures.calls),
    skipped,
    blocks: devnet.truth.head.number,
  };
};

const during = (episodes: readonly Episode[], from: number, to: number): readonly Episode[] =>
  episodes.filter((episode) => episode.from <= to && episode.until >= from);

/** Has the clients act at the given rate, whatever is still under way; then waits for the last to be done. */
const drive = async (
  clients: readonly Client[],
  { seconds, rate }: SoakOptions,
  now: () => number,
): Promise<number> => {
  const underway = new Set<Promise<void>>();
  const start = now();
  let begun = 0;
  let skipped = 0;
  while (now() - start < seconds * 1000) {
    const due = Math.floor(((now() - start) / 1000) * rate);
    for (; begun < due; begun++) {
      const client = clients[begun % clients.length];
      if (client === undefined || underway.size >= UNDERWAY) {
        skipped += 1;
        continue;
      }
      const action = client.act().finally(() => underway.delete(action));
      underway.add(action);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await Promise.all(underway);
  return skipped;
};
