import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { splitLogs, type SplitLogsOptions } from '../../src/chain/split-logs.ts';
import type { BlockLogsSource } from '../../src/core/block-logs-source.ts';
import type { Call } from '../../src/core/call.ts';
import type { Handle } from '../../src/core/layer.ts';
import { type Cost, localReply, refuse, type Reply } from '../../src/core/reply.ts';
import { locate } from '../../src/ethereum/block-ref.ts';
import { type LogFilter, parseLogFilter } from '../../src/ethereum/logs.ts';
import { methodSpec } from '../../src/ethereum/methods.ts';
import type { ChainFeed, ChainView } from '../../src/head/chain-view.ts';
import { elementOf } from '../../src/jsonrpc/params.ts';
import { Cancellation } from '../../src/lib/cancellation.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { addressOf, blockHashOf, LogTruth } from '../support/log-truth.ts';

const hex = (value: number): string => `0x${value.toString(16)}`;
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

const callFor = (filter: object, over: Partial<Call> = {}): Call => ({
  chain: 'main',
  method: 'eth_getLogs',
  spec: methodSpec('eth_getLogs'),
  params: json([filter]),
  client: { name: 'anonymous', address: '', debug: false },
  transport: 'http',
  deadline: 1000,
  cancellation: new Cancellation(),
  head: undefined,
  minBlock: undefined,
  only: undefined,
  bypassCache: false,
  session: undefined,
  memory: undefined,
  requestId: '1',
  traceparent: undefined,
  pin: undefined,
  accept: undefined,
  ...over,
});

const rangeCall = (from: number, to: number, filter: object = {}, over: Partial<Call> = {}): Call =>
  callFor(
    { ...filter, fromBlock: hex(from), toBlock: hex(to) },
    { pin: { number: to, hash: blockHashOf(to) }, minBlock: to, ...over },
  );

/** What it takes to have the logs of a block. */
const cost: Cost = { source: 'miss', upstream: 'n', attempts: 3 };

interface World {
  readonly truth: LogTruth;
  /** Blocks at the end of the chain that are kept. */
  readonly window: number;
  /** Blocks whose logs some nodes leave out. */
  readonly omitted?: ReadonlySet<number>;
  readonly options?: Partial<SplitLogsOptions>;
  /** Every so many-th block has a bloom that hides that nothing matches; none where left out. */
  readonly dense?: number;
  /** Blocks about whose logs no node tells the truth. */
  readonly secret?: ReadonlySet<number>;
}

/** The layer before nodes of which the first leaves logs out and the last does not, and what was asked of them. */
const layered = ({ truth, window, omitted = new Set(), options = {}, dense, secret = new Set() }: World) => {
  const clock = new FakeClock();
  const lowest = Math.max(0, truth.head - window + 1);
  const kept = (number: number): boolean => number >= lowest && number <= truth.head;
  const orphaned = new Set<string>();
  const waiting: (() => void)[] = [];
  const numbers = new Map(truth.blocks.map((_, number) => [blockHashOf(number), number]));
  const numberOf = (hash: string): number => numbers.get(hash) ?? Number.NaN;
  const view = {
    hashAt: (number: number) => (kept(number) ? blockHashOf(number) : undefined),
    canonical: (hash: string) => !orphaned.has(hash),
  } as unknown as ChainView;
  const chain: ChainFeed = {
    view,
    waitFor: (predicate, _deadline, cancellation) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (predicate(view)) resolve(true);
        };
        waiting.push(look);
        clock.after(1000 - clock.now(), () => resolve(false));
        cancellation.onCancel(() => resolve(false));
      }),
  };
  const fetched: number[] = [];
  const recent: BlockLogsSource = {
    query: (filter: LogFilter) => ({
      mayMatch: (hash) => {
        const number = numberOf(hash);
        if (!kept(number)) return undefined;
        const hidden = dense !== undefined && number % dense === 0;
        return hidden || truth.logs({ from: number, to: number }, filter).length > 0;
      },
      logsOf: async (hash) => {
        const number = numberOf(hash);
        fetched.push(number);
        if (secret.has(number)) return new Promise(() => {});
        return { logs: truth.logs({ from: number, to: number }, filter).map(json), cost };
      },
    }),
  };
  const asked: Call[] = [];
  let running = 0;
  let most = 0;
  const next: Handle = async (call) => {
    asked.push(call);
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    return answer(call);
  };
  const answer = (call: Call): Reply => {
    const ref = locate(call.spec, call.params);
    if (ref.kind !== 'logs' || ref.from?.kind !== 'number' || ref.to?.kind !== 'number')
      return localReply(json('whole'));
    const filter = parseLogFilter(elementOf(call.params, 0)) as LogFilter;
    const logs = truth.logs({ from: ref.from.number, to: ref.to.number }, filter);
    const partial = logs.filter(({ blockNumber }) => !omitted.has(Number(blockNumber)));
    for (const [index, told] of [partial, logs].entries()) {
      const result = json(told);
      if (call.accept?.(result, String(index)) ?? true)
        return localReply(result, { source: 'miss', attempts: index + 1 });
    }
    return refuse('upstreams_failed', 'nobody');
  };
  const layer = splitLogs({ maxRange: 1000, split: 10, mostBytes: 1e9, ...options }, { chain, clock, recent })(next);
  const orphan = (number: number): void => {
    orphaned.add(blockHashOf(number));
    for (const look of waiting) look();
  };
  return { layer, asked, fetched, clock, orphan, most: () => most };
};

const logsIn = (reply: Reply): unknown => (reply.ok ? JSON.parse(reply.result.toString()) : reply.error);
const rangesOf = (asked: readonly Call[]): (readonly [number, number])[] =>
  asked.map(({ params }) => {
    const [{ fromBlock, toBlock }] = JSON.parse(params.toString()) as [{ fromBlock: string; toBlock: string }];
    return [Number(fromBlock), Number(toBlock)] as const;
  });

const everything: LogFilter = { addresses: undefined, topics: [] };
const chains = fc.array(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }), { minLength: 1, maxLength: 60 });
const ticking = (length: number): LogTruth => new LogTruth(Array.from({ length }, () => [0, 1]));

describe('logs over a range of blocks', () => {
  it('are the truth, in order, without gap or double, wherever the range is cut and whatever is kept', async () => {
    await fc.assert(
      fc.asyncProperty(
        chains,
        fc.nat({ max: 80 }),
        fc.integer({ min: 1, max: 25 }),
        fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
        fc.nat(),
        fc.nat(),
        async (blocks, window, split, address, a, b) => {
          const truth = new LogTruth(blocks);
          const [from = 0, to = 0] = [a % blocks.length, b % blocks.length].sort((x, y) => x - y);
          const { layer } = layered({ truth, window, dense: 3, options: { split } });
          const filter = address === undefined ? {} : { address: addressOf(address) };
          const meant = { ...everything, addresses: address === undefined ? undefined : new Set([addressOf(address)]) };
          expect(logsIn(await layer(rangeCall(from, to, filter)))).toEqual(truth.logs({ from, to }, meant));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are the truth although a node leaves out recent blocks', async () => {
    await fc.assert(
      fc.asyncProperty(chains, fc.nat(), fc.integer({ min: 1, max: 25 }), async (blocks, bad, split) => {
        const truth = new LogTruth(blocks);
        const range = { from: 0, to: truth.head };
        const omitted = new Set([bad % blocks.length]);
        const { layer } = layered({ truth, window: 100, omitted, options: { split } });
        expect(logsIn(await layer(rangeCall(range.from, range.to)))).toEqual(truth.logs(range, everything));
      }),
      { numRuns: 300 },
    );
  });

  it('are asked for in parts that begin and end at multiples of the split, each pinned to its own end', async () => {
    const { layer, asked } = layered({ truth: ticking(50), window: 0 });
    await layer(rangeCall(7, 34));
    expect(rangesOf(asked)).toEqual([
      [7, 9],
      [10, 19],
      [20, 29],
      [30, 34],
    ]);
    expect(asked.map(({ minBlock }) => minBlock)).toEqual([9, 19, 29, 34]);
    expect(asked.map(({ pin }) => pin?.number)).toEqual([undefined, undefined, undefined, 34]);
    const near = layered({ truth: ticking(50), window: 40 });
    await near.layer(rangeCall(7, 49));
    expect(near.asked.map(({ pin }) => pin?.number)).toEqual([undefined, 19, 29, 39, 41]);
  });

  it('have only some parts under way at once', async () => {
    const { layer, most } = layered({ truth: ticking(200), window: 0 });
    await layer(rangeCall(0, 199));
    expect(most()).toBe(4);
  });

  it('are refused where the range is too wide, with what to ask instead', async () => {
    const { layer, asked } = layered({ truth: ticking(50), window: 10, options: { maxRange: 20 } });
    expect((await layer(rangeCall(0, 19))).ok).toBe(true);
    const asking = asked.length;
    const reply = await layer(rangeCall(16, 36));
    expect(reply).toMatchObject({
      ok: false,
      reason: 'range_too_large',
      error: { code: -32602, data: { maxRange: 20 } },
    });
    expect(!reply.ok && reply.error.message).toContain('ask from 0x10 to 0x23 first, then go on from 0x24');
    expect(asked.length).toBe(asking);
  });

  it('are not asked of any node where headers show that there are none, and of recent blocks only once they are few', async () => {
    const { layer, asked, fetched } = layered({ truth: ticking(50), window: 50 });
    expect(logsIn(await layer(rangeCall(49, 49, { address: addressOf(4) })))).toEqual([]);
    expect([asked, fetched]).toEqual([[], []]);
    await layer(rangeCall(45, 49));
    expect(asked).toEqual([]);
    expect(fetched).toEqual([45, 46, 47, 48, 49]);
  });

  it('come from the block itself where it is named by a hash that is kept', async () => {
    const truth = ticking(50);
    const { layer, asked } = layered({ truth, window: 10, omitted: new Set([45]) });
    const call = callFor({ blockHash: blockHashOf(45) });
    expect(logsIn(await layer(call))).toEqual(truth.logs({ from: 45, to: 45 }, everything));
    expect(asked).toEqual([]);
    expect(logsIn(await layer(callFor({ blockHash: blockHashOf(3) })))).toBe('whole');
  });

  it('are a node’s own where one is asked for by name, and where the filter is one that only a node may understand', async () => {
    const { layer, asked, fetched } = layered({ truth: ticking(50), window: 50 });
    await layer(rangeCall(49, 49, {}, { only: 'a' }));
    await layer(rangeCall(49, 49, { address: 'vitalik.eth' }, {})).catch(() => {});
    expect(asked).toHaveLength(2);
    expect(fetched).toEqual([]);
  });

  it('say what they took: the attempts of all parts, and of blocks that were fetched for them', async () => {
    const near = layered({ truth: ticking(50), window: 50 });
    expect((await near.layer(rangeCall(48, 49))).info).toMatchObject({ source: 'miss', upstream: 'n', attempts: 6 });
    const free = { source: 'local', upstream: undefined, attempts: 0 };
    expect((await near.layer(rangeCall(49, 49, { address: addressOf(4) }))).info).toMatchObject(free);
    const far = layered({ truth: ticking(50), window: 0 });
    expect((await far.layer(rangeCall(7, 29))).info).toMatchObject({ source: 'miss', attempts: 3 });
    // One node left out what the block has, which was found by fetching it; the next one did not.
    const doubtful = layered({ truth: ticking(50), window: 20, omitted: new Set([33]), options: { split: 50 } });
    const [first, second, newest] = [1, 2, 8 * cost.attempts];
    const attempts = first + cost.attempts + second + newest;
    expect((await doubtful.layer(rangeCall(33, 49))).info).toMatchObject({ source: 'miss', attempts });
  });

  it('say that the block is gone, once it is, and that time has run out, once it has', async () => {
    const world: World = { truth: ticking(50), window: 50, secret: new Set([49]) };
    const first = layered(world);
    const gone = first.layer(rangeCall(49, 49));
    first.orphan(49);
    expect(await gone).toMatchObject({ ok: false, info: { orphaned: true } });
    const second = layered(world);
    const late = second.layer(rangeCall(49, 49));
    second.clock.advance(1000);
    expect(await late).toMatchObject({ ok: false, reason: 'timeout', info: { orphaned: false } });
  });

  it('are not taken for complete while blocks that they leave out are looked up: the block may go, or time run out', async () => {
    // Kept, but too far from the end to be told without a node's word.
    const secret = new Set([35]);
    const world: World = { truth: ticking(50), window: 50, secret, omitted: secret, options: { split: 50 } };
    const first = layered(world);
    const gone = first.layer(rangeCall(30, 49));
    await vi.waitUntil(() => first.fetched.includes(35));
    first.orphan(41);
    expect(await gone).toMatchObject({ ok: false, info: { orphaned: true } });
    const second = layered(world);
    const late = second.layer(rangeCall(30, 49));
    await vi.waitUntil(() => second.fetched.includes(35));
    second.clock.advance(1000);
    expect(await late).toMatchObject({ ok: false, reason: 'timeout', info: { orphaned: false } });
  });

  it('go through whole where the block that was pinned is gone already', async () => {
    const { layer, asked, orphan } = layered({ truth: ticking(50), window: 50 });
    orphan(49);
    await layer(rangeCall(0, 49));
    expect(rangesOf(asked)).toEqual([[0, 49]]);
  });

  it('do not concern traces', async () => {
    const { layer, asked } = layered({ truth: ticking(50), window: 50 });
    const call = rangeCall(0, 49);
    await layer({ ...call, method: 'trace_filter', spec: methodSpec('trace_filter') });
    expect(rangesOf(asked)).toEqual([[0, 49]]);
  });
});
