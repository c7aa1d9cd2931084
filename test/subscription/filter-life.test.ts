import { expect, it } from 'vitest';
import { Filters } from '../../src/subscription/filters.ts';
import type { Hub } from '../../src/subscription/hub.ts';
import { PendingTransactions } from '../../src/subscription/pending-transactions.ts';
import { Registry } from '../../src/subscription/registry.ts';
import { ByteBudget } from '../../src/lib/byte-budget.ts';
import { aChainView, aNodeView, anUpstream } from '../status/views.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { aCall } from '../telemetry/events.ts';

const LIFE = 1000;

/** Filters of pending transactions, which need no chain, in a time that only the test moves. */
const filtering = () => {
  const clock = new FakeClock();
  const listening = { now: false };
  const source = {
    open: () => {
      listening.now = true;
      return { close: () => void (listening.now = false) };
    },
  };
  const nothing = () => {};
  const pending = new PendingTransactions(
    { most: 10, ttlMs: 1000 },
    { source, ask: () => Promise.reject(new Error('nobody is asked')), clock, duplicate: nothing },
  );
  const budget = new ByteBudget(1000);
  const registry = new Registry((count) => crypto.getRandomValues(new Uint8Array(count)), budget);
  const screen = () => Promise.reject(new Error('no logs are read'));
  const report = { streamed: nothing, recovered: nothing };
  const hub = { chain: { view: aChainView([aNodeView(anUpstream('one'))]) } } as unknown as Hub;
  const filters = new Filters(
    { timeoutMs: LIFE, most: 10, batch: 10 },
    { hub, registry, budget, pending, screen, clock, report },
  );
  const made = (): string => {
    const reply = filters.createPending(aCall('eth_newPendingTransactionFilter'));
    return reply.ok ? JSON.parse(reply.result.toString()) : '';
  };
  const lives = async (id: string): Promise<boolean> =>
    (await filters.changes(aCall('eth_getFilterChanges', { params: Buffer.from(JSON.stringify([id])) }))).ok;
  return { clock, filters, listening, lives, made };
};

it('a filter is forgotten when nobody has asked for it for its time to live, and no other one with it', async () => {
  const { clock, filters, lives, made } = filtering();
  const [idle, asked] = [made(), made()];
  for (let passed = 0; passed < 3 * LIFE; passed += LIFE / 10) {
    clock.advance(LIFE / 10);
    expect(await lives(asked)).toBe(true);
    if (passed < LIFE / 2) expect(filters.size).toBe(2);
  }
  expect(await lives(idle)).toBe(false);
  expect(filters.size).toBe(1);
});

it('nothing is left of filters that are forgotten: neither a timer nor ears for what they wanted', () => {
  const { clock, filters, listening, made } = filtering();
  made();
  expect(listening.now).toBe(true);
  clock.advance(2 * LIFE);
  expect([filters.size, listening.now, clock.pending]).toEqual([0, false, 0]);
});
