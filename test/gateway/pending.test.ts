import { expect, it } from 'vitest';
import type { ChainHead } from '../../src/head/chain-head.ts';
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
