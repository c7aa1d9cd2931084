import { expect, it } from 'vitest';
import type { Outcome } from '../../src/core/outcome.ts';
import type { ChainHead } from '../../src/head/chain-head.ts';
import type { RawJson } from '../../src/jsonrpc/message.ts';
import { pollPending } from '../../src/upstream/poll-pending.ts';
import { PendingTransactions } from '../../src/subscription/pending-transactions.ts';
import { pendingSource } from '../../src/serve-pending.ts';
import type { Feed, Upstream } from '../../src/upstream/upstream.ts';
import { FakeClock } from '../support/fake-clock.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Listens to a node of which the test says what becomes of each subscription. */
const listening = (subscribe: (times: number, onEnd: () => void) => Feed | undefined) => {
  const clock = new FakeClock();
  const opened = new Set<() => void>();
  const seen = { subscriptions: 0 };
  const upstream = {
    name: 'a',
    pushes: true,
    probe: async () => [],
    onOpen: (listener: () => void) => {
      opened.add(listener);
      return () => opened.delete(listener);
    },
    subscribe: async (_params: unknown, _onEvent: unknown, onEnd: () => void) => {
      seen.subscriptions += 1;
      return subscribe(seen.subscriptions, onEnd);
    },
  } as unknown as Upstream;
  const source = pendingSource({ view: { nodes: [] } } as unknown as ChainHead, [upstream], { clock, random: () => 0 });
  const feed = source.open(false, () => {});
  const reconnect = async (): Promise<void> => {
    for (const listener of opened) listener();
    await settled();
  };
  return { clock, seen, feed, reconnect };
};
const feed: Feed = { close: () => {} };

it('a node whose socket is lost while it is listened to for pending transactions is listened to when it is back', async () => {
  const { seen, reconnect } = listening((times, onEnd) => {
    if (times === 1) onEnd();
    return feed;
  });
  await settled();
  expect(seen.subscriptions).toBe(1);
  await reconnect();
  expect(seen.subscriptions).toBe(2);
  await reconnect();
  expect(seen.subscriptions).toBe(2);
});

it('a node that was listened to for a moment only is listened to again without a new socket too', async () => {
  const { clock, seen } = listening((times, onEnd) => {
    if (times === 1) onEnd();
    return feed;
  });
  await settled();
  clock.advance(2000);
  await settled();
  expect(seen.subscriptions).toBe(2);
});

/** What is heard of a node that has no socket, and answers with these texts when it is asked for what is new. */
const polled = async (answers: readonly string[]): Promise<readonly string[]> => {
  const clock = new FakeClock();
  const heard: string[] = [];
  const left = ['"0x1"', ...answers];
  const probe = async (): Promise<readonly Outcome[]> => [
    { kind: 'answered', result: Buffer.from(left.shift() ?? '[]'), latencyMs: 0 },
  ];
  const upstream = { name: 'a', pushes: false, probe } as unknown as Upstream;
  const polling = pollPending(upstream, { clock, random: () => 0 }, (event: RawJson) => heard.push(event.toString()));
  for (let looks = 0; looks < 10; looks += 1) {
    clock.advance(1000);
    await settled();
  }
  polling.close();
  return heard;
};

it('what a node without a socket tells is handed on as it was told', async () => {
  expect(await polled(['[]', '[ "0x1" , {"hash": "0x2"},7]'])).toEqual(['"0x1"', '{"hash": "0x2"}', '7']);
});

it('a node without a socket that tells millions of things is not listened to', async () => {
  expect(await polled([`[${'0,'.repeat(60_000)}0]`, '["0x1"]'])).toEqual(['"0x1"']);
  expect(await polled([`["${'a'.repeat(5 * 1024 * 1024)}"]`, '["0x1"]'])).toEqual(['"0x1"']);
});

it('a transaction of more bytes than a block has is told to nobody', () => {
  const told: string[] = [];
  let announce = (_event: RawJson): void => {};
  const source = {
    open: (_bodies: boolean, onEvent: (event: RawJson) => void) => {
      announce = onEvent;
      return feed;
    },
  };
  const ask = () => Promise.reject(new Error('nobody is asked'));
  const pending = new PendingTransactions(
    { most: 10, ttlMs: 1000 },
    { source, ask, clock: new FakeClock(), duplicate: () => {} },
  );
  const line = { onDrain: () => {} };
  pending.open(true, line, (result) => told.push(result.toString()) > 0).start();
  const transaction = (hash: string, bytes: number): string =>
    `{"hash":"0x${hash.repeat(64)}","input":"0x${'0'.repeat(bytes)}"}`;
  for (const [hash, bytes] of [
    ['1', 10],
    ['2', 9 * 1024 * 1024],
    ['3', 20],
  ] as const) {
    announce(Buffer.from(transaction(hash, bytes)));
  }
  expect(told).toEqual([transaction('1', 10), transaction('3', 20)]);
});
