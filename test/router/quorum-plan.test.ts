import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/core/call.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { ChainView, NodeView } from '../../src/head/chain-view.ts';
import type { PlanTools } from '../../src/router/plan.ts';
import { quorum } from '../../src/router/quorum.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { aNodeView, anUpstream } from '../status/views.ts';
import { aCall, failed } from '../telemetry/events.ts';

const pin = { number: 100, hash: `0x${'11'.repeat(32)}` };
const answer = (text: string): Outcome => ({ kind: 'answered', result: Buffer.from(text), latencyMs: 1 });

/** Nodes that give these outcomes, and a chain as the changes say. */
const polling = (outcomes: Readonly<Record<string, Outcome>>, view: Partial<ChainView> = {}) => {
  const asked: string[] = [];
  const told: string[] = [];
  const timeouts: number[] = [];
  const nodes: NodeView[] = Object.keys(outcomes).map((name) =>
    aNodeView({ ...anUpstream(name), disproved: () => told.push(name) }),
  );
  const tools = {
    chain: { view: { nodes, holds: () => true, canonical: () => true, ...view } },
    clock: new FakeClock(),
    observer: { dissented: () => {} },
    attemptTimeout: 1_000,
    select: () => ({ candidates: nodes, excluded: [], hope: false }),
    ask: (_call: unknown, { upstream }: NodeView, timeoutMs: number) => {
      asked.push(upstream.name);
      timeouts.push(timeoutMs);
      return { outcome: Promise.resolve(outcomes[upstream.name]), cancel: () => {} };
    },
    rest: () => Promise.resolve(),
  } as unknown as PlanTools;
  const poll = (agree: number, of: number, changes: Partial<Call> = {}) =>
    quorum(aCall('eth_getBalance', { pin, ...changes }), { agree, of, rounds: 2 }, tools);
  return { asked, told, timeouts, poll };
};

describe('a quorum', () => {
  it('does not count an answer of a node that has left the branch of the block meanwhile', async () => {
    const nodes = { a: answer('1'), b: answer('1'), c: answer('1') };
    const { asked, poll } = polling(nodes, { holds: (name) => name !== 'b' });
    expect(await poll(2, 2)).toMatchObject({ ok: true, info: { upstream: 'a', attempts: 3 } });
    expect(asked).toEqual(['a', 'b', 'c']);
  });

  it('says that the block is orphaned where it is, so that it is pinned again', async () => {
    const { poll } = polling({ a: answer('1'), b: failed('not_yet') }, { canonical: () => false });
    expect(await poll(2, 2)).toMatchObject({ ok: false, info: { orphaned: true } });
  });

  it('asks a node that has spoken no second time', async () => {
    const { asked, poll } = polling({ a: answer('1'), b: failed('transport') });
    expect(await poll(2, 2)).toMatchObject({ ok: false, reason: 'no_upstream' });
    expect(asked).toEqual(['a', 'b', 'b']);
  });

  it.each([
    ['another result', answer('2'), ['c']],
    [
      'an error, which may be a limit of its own',
      { kind: 'refused', error: { code: 3, message: '' }, raw: Buffer.from('{}'), latencyMs: 1 } as Outcome,
      [],
    ],
    ['a failure', failed('timeout'), []],
  ])('judges a node that gives %s against an agreement', async (_what, outcome, told) => {
    const polled = polling({ a: answer('1'), c: outcome, b: answer('1') });
    expect(await polled.poll(2, 3)).toMatchObject({ ok: true });
    expect(polled.told).toEqual(told);
  });

  it('calls nobody a liar where the nodes were not asked about one block', async () => {
    const { told, poll } = polling({ a: answer('1'), c: answer('2'), b: answer('1') });
    expect(await poll(2, 3, { pin: undefined })).toMatchObject({ ok: true });
    expect(told).toEqual([]);
  });

  it('gives a node an attempt’s time where another could take its place, and all the time where none could', async () => {
    const nodes = { a: answer('1'), b: answer('1') };
    const spare = polling({ ...nodes, c: answer('1') });
    await spare.poll(2, 2);
    expect(spare.timeouts).toEqual([1_000, 1_000]);
    const bare = polling(nodes);
    await bare.poll(2, 2);
    expect(bare.timeouts).toEqual([10_000, 10_000]);
  });
});
