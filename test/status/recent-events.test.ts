import { expect, test } from 'vitest';
import { refuse } from '../../src/core/reply.ts';
import { RecentEvents } from '../../src/status/recent-events.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { aCall, answered, aReply, failed } from '../telemetry/events.ts';

const remembering = () => {
  const clock = new FakeClock();
  const events = new RecentEvents(clock);
  return { clock, events, mainnet: () => events.of('mainnet') };
};

const heights = ({ blocks }: ReturnType<RecentEvents['of']>) =>
  blocks.items.map(({ number, hash, undone }) => `${number}${hash}${undone ? ' undone' : ''}`);

test('keeps the last fifty changes of state, each with its time and reason', () => {
  const { clock, events, mainnet } = remembering();
  for (let index = 0; index < 60; index += 1) {
    clock.advance(1000);
    events.stateChanged('mainnet', `geth-${index}`, 'healthy', 'lagging', '7 blocks behind');
  }
  expect(mainnet().events.items).toHaveLength(50);
  expect(mainnet().events.items.at(-1)).toEqual({
    at: new Date(1_700_000_060_000).toISOString(),
    kind: 'state',
    upstream: 'geth-59',
    from: 'healthy',
    to: 'lagging',
    text: '7 blocks behind',
  });
  expect(mainnet().events.items[0]?.upstream).toBe('geth-10');
});

test('keeps the last sixty published blocks', () => {
  const { events, mainnet } = remembering();
  for (let number = 1; number <= 100; number += 1) events.headMoved('mainnet', number, 'a', 0, 5);
  expect(mainnet().blocks.items.map(({ number }) => number)).toEqual(
    Array.from({ length: 60 }, (_, index) => index + 41),
  );
});

test('marks the blocks that a reorganisation undid, and tells of it', () => {
  const { events, mainnet } = remembering();
  for (const number of [1, 2, 3, 4]) events.headMoved('mainnet', number, 'a', 0, 5);
  events.headMoved('mainnet', 4, 'b', 2, 5);
  expect(heights(mainnet())).toEqual(['1a', '2a', '3a undone', '4a undone', '4b']);
  events.headMoved('mainnet', 5, 'c', 1, 5);
  expect(heights(mainnet())).toEqual(['1a', '2a', '3a undone', '4a undone', '4b undone', '5c']);
  expect(mainnet().events.items).toMatchObject([
    { kind: 'reorg', upstream: null, text: '2 blocks undone; the head is now 4' },
    { kind: 'reorg', text: '1 block undone; the head is now 5' },
  ]);
});

test('marks the blocks above a lowered head', () => {
  const { events, mainnet } = remembering();
  for (const number of [1, 2, 3]) events.headMoved('mainnet', number, 'a', 0, 5);
  events.headRewound('mainnet', 3, 1);
  expect(heights(mainnet())).toEqual(['1a', '2a undone', '3a undone']);
  expect(mainnet().events.items).toMatchObject([{ kind: 'rewind' }]);
});

test('counts calls, those saved, and those that no node could answer', () => {
  const { events, mainnet } = remembering();
  for (const source of ['hit', 'coalesced', 'local', 'miss', 'bypass'] as const)
    events.callEnded(aCall(), aReply({ source }), 1);
  events.callEnded(aCall(), refuse('no_upstream', 'none'), 1);
  events.callEnded(aCall(), refuse('rate_limited', 'slow down'), 1);
  const savedBy = { hit: 1, coalesced: 1, local: 1 };
  expect(mainnet().traffic).toEqual({ calls: 7, saved: 3, savedBy, unitsSaved: 6, failed: 1 });
});

test('remembers the last twenty calls that were slow, retried or not answered, and no others', () => {
  const { events, mainnet } = remembering();
  events.callEnded(aCall(), aReply(), 999);
  events.callEnded(aCall(), refuse('method_denied', 'no'), 1);
  expect(mainnet().calls.items).toEqual([]);
  events.callEnded(aCall('eth_getLogs'), aReply(), 2000.4);
  events.callEnded(aCall(), aReply({ attempts: 2 }), 5);
  events.callEnded(aCall(), refuse('timeout', 'late'), 5);
  expect(mainnet().calls.items).toMatchObject([
    { method: 'eth_getLogs', outcome: 'ok', ms: 2000, attempts: 1, upstream: 'geth-1' },
    { method: 'eth_call', outcome: 'ok', attempts: 2 },
    { outcome: 'timeout', upstream: null },
  ]);
  for (let index = 0; index < 100; index += 1) events.callEnded(aCall(), aReply(), 5000);
  expect(mainnet().calls.items).toHaveLength(20);
});

test('holds no more of what others say than it has room for', () => {
  const { events, mainnet } = remembering();
  events.stateChanged('mainnet', 'geth-1', 'healthy', 'down', 'x'.repeat(10_000));
  events.callEnded(aCall('x'.repeat(10_000)), aReply(), 5000);
  for (let index = 0; index < 3000; index += 1)
    events.attemptEnded('mainnet', `10.0.${index}`, 'eth_call', answered(1));
  expect(mainnet().events.items[0]?.text.length).toBeLessThan(400);
  expect(mainnet().calls.items[0]?.method.length).toBeLessThan(400);
  expect(mainnet().effort.size).toBe(1000);
  expect(mainnet().effort.has('10.0.2999')).toBe(true);
});

test('forgets chains that are no longer served', () => {
  const { events } = remembering();
  events.headMoved('gone', 1, 'a', 0, 1);
  events.headMoved('mainnet', 1, 'a', 0, 1);
  events.keep(['mainnet']);
  expect([events.of('gone').blocks.items.length, events.of('mainnet').blocks.items.length]).toEqual([0, 1]);
});

test('keeps the last twenty unknown wordings of errors, those that differ in numbers alone as one', () => {
  const { events, mainnet } = remembering();
  const say = (text: string, upstream = 'geth-1') =>
    events.attemptEnded('mainnet', upstream, 'eth_call', failed('unclassified', text, { unknownWording: true }));
  say('gremlin 7 at 0xab');
  say('gremlin 8 at 0xcd');
  say('gremlin 9 at 0xef', 'geth-2');
  events.attemptEnded('mainnet', 'geth-1', 'eth_call', failed('unclassified', 'txpool is full'));
  expect(mainnet().unknownErrors.items).toMatchObject([
    { upstream: 'geth-2', count: 1 },
    { upstream: 'geth-1', method: 'eth_call', text: 'gremlin 8 at 0xcd', count: 2 },
  ]);
  for (let word = 0; word < 30; word += 1) say('x'.repeat(word));
  expect(mainnet().unknownErrors.items).toHaveLength(20);
});
