import { describe, expect, it } from 'vitest';
import { rpc } from '../support/gateway.ts';
import { type ScriptedBlock, ScriptedChain } from '../support/scripted-chain.ts';
import { EventPool, eventually, short } from './pool.ts';
import { type ServerEvent, SseClient } from './sse-client.ts';

const told = (events: readonly ServerEvent[]): string[] => short(events.map(({ data }) => JSON.parse(data)));

const gapOf = (client: SseClient): number => Number(client.data('gap')[0]?.['safeFrom']);

/** The pool goes over to `head`, and no node has the old branch any more. */
const replaceBranch = (pool: EventPool, head: ScriptedBlock): void => {
  for (const { view } of pool.members) view.keepsOrphans = false;
  for (const { view } of pool.members) view.setHead(head);
};

/** A stream that was told everything from block 201 to one above `head`, 64 below which the gateway counts as final. */
const delivered = async (pool: EventPool, chain: ScriptedChain, head: ScriptedBlock): Promise<SseClient> => {
  const client = await SseClient.open(`${pool.gateway.url}/events`);
  pool.follow(head);
  await client.got(head.number - 200);
  await eventually(async () => {
    const { json } = await rpc(pool.gateway.url, 'eth_getBlockByNumber', ['finalized', false]);
    return Number(json.result.number);
  }).toBe(head.number - 64);
  pool.follow(chain.mine(head));
  await client.got(head.number - 199);
  return client;
};

describe('where a reader is told to fetch again from', () => {
  const options = { chainOptions: { subscriptions: { window: 100 } } };

  it('is no later than the first block that changed, though what was final changed too', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 200);
    await using pool = await EventPool.start(chain, [start, start], options);
    const { json: filter } = await rpc(pool.gateway.url, 'eth_newFilter', [{}]);
    const kept = chain.extend(start, 10);
    const client = await delivered(pool, chain, chain.extend(kept, 130));
    await rpc(pool.gateway.url, 'eth_getFilterChanges', [filter.result]);
    const head = chain.extend(kept, 140, { salt: 'other' });
    replaceBranch(pool, head);
    await eventually(() => client.ended).toBe(true);
    expect(gapOf(client)).toBeLessThanOrEqual(kept.number + 1);
    const { json } = await rpc(pool.gateway.url, 'eth_getFilterChanges', [filter.result]);
    expect(json.error.data.reason).toBe('cursor_lost');
    expect(Number(json.error.data.safeFrom)).toBeLessThanOrEqual(kept.number + 1);
    // Whoever comes back with its last cursor is told the same, and gets everything from there on.
    const again = await SseClient.open(`${pool.gateway.url}/events`, { 'last-event-id': client.lastId });
    await again.got(1);
    const from = gapOf(again);
    expect(from).toBeLessThanOrEqual(kept.number + 1);
    const expected = chain.branch(head, Math.max(1, from)).map(({ number }) => `+${number}`);
    expect(told((await again.got(1 + expected.length)).slice(1))).toEqual(expected);
    again.close();
  });

  it('is behind what was final when the reader got its last event, not behind what is final now', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 200);
    await using pool = await EventPool.start(chain, [start, start], options);
    const kept = chain.extend(start, 90);
    const left = chain.extend(kept, 10);
    const client = await delivered(pool, chain, left);
    replaceBranch(pool, chain.extend(kept, 200, { salt: 'other' }));
    await eventually(() => client.ended).toBe(true);
    expect(gapOf(client)).toBeLessThanOrEqual(kept.number + 1);
    expect(gapOf(client)).toBeGreaterThan(left.number - 64);
  });
});
