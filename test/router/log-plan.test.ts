import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/core/call.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { localReply, refuse, type Reply } from '../../src/core/reply.ts';
import type { LogFilter } from '../../src/ethereum/logs.ts';
import { methodSpec } from '../../src/ethereum/methods.ts';
import type { ChainFeed } from '../../src/head/chain-view.ts';
import { Cancellation } from '../../src/lib/cancellation.ts';
import { LogLimits, sizeOf, sizeRefusal } from '../../src/router/log-limits.ts';
import { type LogsTools, readLogs } from '../../src/router/logs.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { addressOf, blockHashOf, LogTruth, topicOf } from '../support/log-truth.ts';

/** What one node takes. */
interface Limits {
  readonly blocks: number;
  readonly results: number;
  readonly addresses: number;
  /** It says how many blocks it takes. */
  readonly tells: boolean;
  readonly receipts: boolean;
  /** Of its calls, those that fail without a word. */
  readonly failing: readonly boolean[];
}

const generous: Limits = {
  blocks: 1000,
  results: 1000,
  addresses: 100,
  tells: true,
  receipts: true,
  failing: [],
};

const hex = (value: number): string => `0x${value.toString(16)}`;

const callFor = (from: number, to: number, filter: object = {}): Call => ({
  chain: 'main',
  method: 'eth_getLogs',
  spec: methodSpec('eth_getLogs'),
  params: Buffer.from(JSON.stringify([{ ...filter, fromBlock: hex(from), toBlock: hex(to) }])),
  client: { name: 'anonymous', address: '', debug: false },
  transport: 'http',
  deadline: 1000,
  cancellation: new Cancellation(),
  head: undefined,
  minBlock: to,
  only: undefined,
  bypassCache: false,
  session: undefined,
  memory: undefined,
  requestId: '1',
  traceparent: undefined,
  pin: { number: to, hash: blockHashOf(to) },
  accept: undefined,
});

const refusal = (message: string): Outcome => ({
  kind: 'failed',
  failure: 'unclassified',
  message,
  error: { code: -32005, message },
  raw: Buffer.from(JSON.stringify({ code: -32005, message })),
  retryAfterMs: undefined,
  latencyMs: 1,
});

/** Nodes that hold a chain, each with its limits, and what was asked of them. */
const poolOf = (truth: LogTruth, nodes: readonly Limits[], mostBytes = 1e9) => {
  const clock = new FakeClock();
  const limits = new LogLimits(clock);
  const asked: { readonly node: number; readonly call: Call }[] = [];
  const counts = nodes.map(() => 0);

  const outcomeOf = (index: number, call: Call): Outcome => {
    const node = nodes[index] ?? generous;
    asked.push({ node: index, call });
    const nth = counts[index] ?? 0;
    counts[index] = nth + 1;
    if (node.failing[nth % Math.max(1, node.failing.length)] === true)
      return { ...refusal('gone'), error: undefined, failure: 'transport' } as Outcome;
    if (call.method === 'eth_getBlockReceipts') {
      const [block] = JSON.parse(call.params.toString()) as [string];
      if (!node.receipts) return { ...refusal('the method does not exist'), failure: 'unsupported' } as Outcome;
      return answered([{ logs: truth.blocks[Number(block)] }]);
    }
    const size = sizeOf(call);
    if (size === undefined) throw new Error('no query');
    if (size.range.to > truth.head) return answered([]);
    if (size.addresses > node.addresses) return refusal('too many addresses in the filter');
    if (size.blocks > node.blocks) {
      return refusal(node.tells ? `max block range is ${node.blocks}` : 'block range is too wide');
    }
    const logs = truth.logs(size.range, size.filter);
    return logs.length > node.results ? refusal('query returned more than that many results') : answered(logs);
  };

  const tools: LogsTools = {
    chain: { view: { hashAt: blockHashOf } } as unknown as ChainFeed,
    mostBytes,
    above: () => undefined,
    refused: (_call, size) => nodes.every((_, index) => limits.refusal(String(index), size) !== undefined),
    allowed: () => limits.most(nodes.map((_, index) => String(index))),
    read: async (call) => {
      await Promise.resolve();
      let tooLarge = false;
      const size = sizeOf(call);
      for (const [index] of nodes.entries()) {
        if (size !== undefined && limits.refusal(String(index), size) !== undefined) continue;
        const outcome = outcomeOf(index, call);
        if (outcome.kind === 'answered') {
          return { reply: localReply(outcome.result, { attempts: 1 }), tooLarge: false };
        }
        const limit = sizeRefusal(call, outcome);
        if (limit === undefined || size === undefined) continue;
        limits.refused(String(index), size, limit);
        tooLarge = true;
      }
      return { reply: refuse('upstreams_failed', 'every node asked has failed'), tooLarge };
    },
  };
  return { tools, asked, clock, limits };
};

const answered = (value: unknown): Outcome => ({
  kind: 'answered',
  result: Buffer.from(JSON.stringify(value)),
  latencyMs: 1,
});

const logsIn = (reply: Reply): unknown => (reply.ok ? JSON.parse(reply.result.toString()) : reply.error);

const everything: LogFilter = { addresses: undefined, topics: [] };

const chains = fc.array(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 6 }), { minLength: 1, maxLength: 40 });
const limitsOf = fc.record<Limits>({
  blocks: fc.integer({ min: 1, max: 50 }),
  results: fc.integer({ min: 0, max: 30 }),
  addresses: fc.integer({ min: 1, max: 5 }),
  tells: fc.boolean(),
  receipts: fc.constant(true),
  failing: fc.constant([]),
});

describe('a log query in pieces that nodes allow', () => {
  it('gives the truth, in order, without gap or double, whatever each node allows', async () => {
    await fc.assert(
      fc.asyncProperty(
        chains,
        fc.array(limitsOf, { minLength: 1, maxLength: 3 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { maxLength: 5 }),
        fc.nat(),
        fc.nat(),
        async (blocks, nodes, wanted, a, b) => {
          const truth = new LogTruth(blocks);
          const [from = 0, to = 0] = [a % blocks.length, b % blocks.length].sort((x, y) => x - y);
          const addresses = wanted.map(addressOf);
          const filter = addresses.length === 0 ? {} : { address: addresses };
          const { tools } = poolOf(truth, nodes);
          const reply = await readLogs(callFor(from, to, filter), tools);
          const meant = { ...everything, addresses: addresses.length === 0 ? undefined : new Set(addresses) };
          expect(logsIn(reply)).toEqual(truth.logs({ from, to }, meant));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives the truth or an error, never a part, where pieces fail', async () => {
    await fc.assert(
      fc.asyncProperty(
        chains,
        fc.array(
          fc.record<Limits>({
            blocks: fc.integer({ min: 1, max: 20 }),
            results: fc.integer({ min: 0, max: 10 }),
            addresses: fc.constant(5),
            tells: fc.boolean(),
            receipts: fc.boolean(),
            failing: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
          }),
          { minLength: 1, maxLength: 3 },
        ),
        async (blocks, nodes) => {
          const truth = new LogTruth(blocks);
          const range = { from: 0, to: truth.head };
          const { tools } = poolOf(truth, nodes);
          const reply = await readLogs(callFor(range.from, range.to), tools);
          if (reply.ok) expect(logsIn(reply)).toEqual(truth.logs(range, everything));
          else expect(reply.reason).toMatch(/range_too_large|upstreams_failed/);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is cut in halves where nobody is left whose limits are known', async () => {
    const truth = new LogTruth(Array.from({ length: 40 }, () => [0]));
    const { tools, limits } = poolOf(truth, [{ ...generous, results: 30 }]);
    const reply = await readLogs(callFor(0, 39), { ...tools, allowed: () => limits.most([]) });
    expect(logsIn(reply)).toEqual(truth.logs({ from: 0, to: 39 }, everything));
  });

  it('is refused rather than answered with one block of many, whatever nodes are said to allow', async () => {
    const truth = new LogTruth(Array.from({ length: 40 }, () => [0]));
    const { tools } = poolOf(truth, [{ ...generous, results: 30 }]);
    const allowed = () => ({ blocks: -1, addresses: -1 });
    expect(logsIn(await readLogs(callFor(0, 39), { ...tools, allowed }))).toMatchObject({ code: -32602 });
  });

  it('asks for what a node said it takes, and does not ask for more again', async () => {
    const truth = new LogTruth(Array.from({ length: 40 }, () => [0]));
    const { tools, asked } = poolOf(truth, [{ ...generous, blocks: 10 }]);
    await readLogs(callFor(0, 39), tools);
    expect(asked.map(({ call }) => sizeOf(call)?.blocks)).toEqual([40, 10, 10, 10, 10]);
    await readLogs(callFor(0, 39), tools);
    expect(asked.slice(5).map(({ call }) => sizeOf(call)?.blocks)).toEqual([10, 10, 10, 10]);
  });

  it('comes to what a node takes in few steps where it says no number, and does not ask for more again', async () => {
    const truth = new LogTruth(Array.from({ length: 4000 }, () => []));
    const { tools, asked } = poolOf(truth, [{ ...generous, blocks: 300, tells: false }]);
    expect((await readLogs(callFor(0, 3999), tools)).ok).toBe(true);
    expect(asked.length).toBeLessThan(30);
    const before = asked.length;
    await readLogs(callFor(0, 3999), tools);
    expect(asked.slice(before).every(({ call }) => (sizeOf(call)?.blocks ?? 0) <= 300)).toBe(true);
  });

  it('halves the addresses too where a node says no number', async () => {
    const truth = new LogTruth([[0, 1, 2], [0]]);
    const { tools, asked } = poolOf(truth, [{ ...generous, addresses: 100 }]);
    const address = Array.from({ length: 1000 }, (_, n) => addressOf(n));
    expect((await readLogs(callFor(0, 1, { address }), tools)).ok).toBe(true);
    expect(asked.length).toBeLessThan(30);
  });

  it('does not cut a query over blocks where what is too much of are topics', () => {
    const call = callFor(0, 99, { address: addressOf(0), topics: [[topicOf(0), topicOf(1)]] });
    const said = refusal('exceed max addresses or topics per search position');
    expect(sizeRefusal(call, said)).toBeUndefined();
    expect(sizeRefusal(callFor(0, 99, { address: [addressOf(0), addressOf(1)] }), said)).toBeDefined();
  });

  it('forgets after a while what a node refused', async () => {
    const truth = new LogTruth(Array.from({ length: 40 }, () => [0]));
    const { tools, asked, clock } = poolOf(truth, [{ ...generous, blocks: 10 }]);
    await readLogs(callFor(0, 39), tools);
    clock.advance(11 * 60_000);
    await readLogs(callFor(0, 39), tools);
    expect(asked.map(({ call }) => sizeOf(call)?.blocks).filter((blocks) => blocks === 40)).toHaveLength(2);
  });

  it('is not cut while one node takes it whole', async () => {
    const truth = new LogTruth(Array.from({ length: 40 }, () => [0]));
    const { tools, asked } = poolOf(truth, [{ ...generous, blocks: 10 }, generous]);
    await readLogs(callFor(0, 39), tools);
    await readLogs(callFor(0, 39), tools);
    expect(asked.map(({ node }) => node)).toEqual([0, 1, 1]);
  });

  it('is halved where nobody says a number, and learns nothing from one result that was too large', async () => {
    const truth = new LogTruth(Array.from({ length: 4 }, () => [0, 1, 2]));
    const { tools, asked, limits } = poolOf(truth, [{ ...generous, results: 6 }]);
    await readLogs(callFor(0, 3), tools);
    expect(asked.map(({ call }) => sizeOf(call)?.blocks)).toEqual([4, 2, 2]);
    expect(limits.blocks('0')).toBe(Number.POSITIVE_INFINITY);
  });

  it('reads a single block that is too large from its receipts, pinned to that block', async () => {
    const truth = new LogTruth([[0], [0, 1, 2, 3], [0]]);
    const { tools, asked } = poolOf(truth, [{ ...generous, results: 2 }]);
    const reply = await readLogs(callFor(0, 2, { topics: [topicOf(0)], address: addressOf(0) }), tools);
    expect(logsIn(reply)).toEqual(truth.logs({ from: 0, to: 2 }, { addresses: new Set([addressOf(0)]), topics: [] }));
    const { tools: all, asked: allAsked } = poolOf(truth, [{ ...generous, results: 2 }]);
    expect(logsIn(await readLogs(callFor(0, 2), all))).toEqual(truth.logs({ from: 0, to: 2 }, everything));
    const receipts = allAsked.find(({ call }) => call.method === 'eth_getBlockReceipts')?.call;
    expect(receipts?.pin).toEqual({ number: 1, hash: blockHashOf(1) });
    expect(asked.some(({ call }) => call.method === 'eth_getBlockReceipts')).toBe(false);
  });

  it('says what is too large where even that is refused', async () => {
    const truth = new LogTruth([[0, 1, 2, 3]]);
    const { tools } = poolOf(truth, [{ ...generous, results: 2, receipts: false }]);
    const reply = await readLogs(callFor(0, 0), tools);
    expect(reply).toMatchObject({ ok: false, reason: 'range_too_large' });
    expect(!reply.ok && reply.error.message).toContain('block 0 alone');
  });

  it('gives up where it would take too many pieces, or too much memory', async () => {
    const truth = new LogTruth(Array.from({ length: 600 }, () => [0]));
    const { tools, asked } = poolOf(truth, [{ ...generous, blocks: 1 }]);
    expect(await readLogs(callFor(0, 599), tools)).toMatchObject({ ok: false, reason: 'range_too_large' });
    expect(asked.length).toBeLessThan(10);
    const small = poolOf(truth, [{ ...generous, blocks: 100 }], 10_000);
    expect(await readLogs(callFor(0, 599), small.tools)).toMatchObject({ ok: false, reason: 'range_too_large' });
  });

  it('keeps every piece pinned to the end of the whole range', async () => {
    const truth = new LogTruth(Array.from({ length: 40 }, () => [0]));
    const { tools, asked } = poolOf(truth, [{ ...generous, blocks: 10 }]);
    await readLogs(callFor(0, 39), tools);
    expect(asked.every(({ call }) => call.pin?.number === 39 && call.minBlock === 39)).toBe(true);
  });
});
