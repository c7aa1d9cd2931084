import { describe, expect, test } from 'vitest';
import { dialIpc } from '../../src/upstream/ipc-transport.ts';
import { SocketSession } from '../../src/upstream/socket-session.ts';
import { SocketTransport, type WireEvents } from '../../src/upstream/socket-transport.ts';
import { dialWebSocket } from '../../src/upstream/ws-transport.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fakeNode, until } from './setup.ts';

const gone = { failure: 'transport', why: 'gone', unwelcome: false } as const;
const unwelcome = { failure: 'transport', why: 'no WebSocket', unwelcome: true } as const;

/** A transport whose peer is in the test's hands. */
const setUp = (unwelcomePause?: number) => {
  const clock = new FakeClock();
  const dials: { events: WireEvents; abandoned: boolean }[] = [];
  const retries: number[] = [];
  const told: string[] = [];
  const transport = new SocketTransport(
    { pending: 10, feeds: 10, sendBuffer: 100, backoff: { initial: 100, max: 400 }, unwelcomePause },
    {
      clock,
      random: () => 1,
      stray: () => {},
      opened: () => told.push('opened'),
      lost: (why) => told.push(`lost: ${why}`),
      failed: (why, retryMs) => {
        told.push(`failed: ${why}`);
        retries.push(retryMs);
      },
      dial: (events) => {
        const dialled = { events, abandoned: false };
        dials.push(dialled);
        return () => {
          dialled.abandoned = true;
        };
      },
    },
  );
  transport.start();
  const last = () => dials.at(-1)!.events;
  const open = () => last().opened({ send: () => {}, buffered: 0 });
  return { clock, dials, retries, told, transport, last, open };
};

describe('a socket transport', () => {
  test('waits longer from failure to failure, up to a limit', () => {
    const { clock, dials, retries, last } = setUp();
    for (let n = 0; n < 4; n += 1) {
      last().lost(gone);
      clock.advance((retries.at(-1) ?? 0) - 1);
      expect(dials).toHaveLength(n + 1);
      clock.advance(1);
      expect(dials).toHaveLength(n + 2);
    }
    expect(retries).toEqual([100, 200, 400, 400]);
  });

  test('begins anew after a socket that held, but not after one that was cut at once', () => {
    const { clock, dials, last, open } = setUp();
    const reconnectsAfter = (ms: number): void => {
      const before = dials.length;
      clock.advance(ms - 1);
      expect(dials).toHaveLength(before);
      clock.advance(1);
      expect(dials).toHaveLength(before + 1);
    };
    for (const wait of [100, 200, 400]) {
      open();
      clock.advance(5_000);
      last().lost(gone);
      reconnectsAfter(wait);
    }
    open();
    clock.advance(10_000);
    last().lost(gone);
    reconnectsAfter(100);
  });

  test('tells of the loss of an open socket, and of a failure to open one', () => {
    const { clock, told, last, open } = setUp();
    open();
    last().lost(gone);
    clock.advance(100);
    last().lost(gone);
    expect(told).toEqual(['opened', 'lost: gone', 'failed: gone']);
  });

  test('tells of the loss before the calls fail, so that none of them is sent there again', () => {
    const { told, transport, last, open } = setUp();
    open();
    const ask = { method: 'eth_chainId', params: Buffer.from('[]'), heavy: false, client: 'geth' } as const;
    transport.session?.call(ask, 10_000, ({ kind }) => told.push(kind));
    last().lost(gone);
    expect(told).toEqual(['opened', 'lost: gone', 'failed']);
  });

  test('leaves a peer alone for long that turns it away, where it was told to', () => {
    const patient = setUp(300_000);
    patient.last().lost(unwelcome);
    expect(patient.retries).toEqual([300_000]);
    const eager = setUp();
    eager.last().lost(unwelcome);
    expect(eager.retries).toEqual([100]);
  });

  test('turns an open socket away as unwelcome', () => {
    const { clock, transport, dials, open, told } = setUp(300_000);
    open();
    transport.dismiss('another chain');
    expect([transport.open, dials[0]?.abandoned, told]).toEqual([false, true, ['opened', 'lost: another chain']]);
    clock.advance(299_999);
    expect(dials).toHaveLength(1);
    clock.advance(1);
    expect(dials).toHaveLength(2);
  });

  test('lets callers wait until it is open', async () => {
    const { clock, transport, open } = setUp();
    const impatient = transport.whenOpen(50);
    const patient = transport.whenOpen(5_000);
    clock.advance(50);
    open();
    expect([await impatient, await patient, await transport.whenOpen(0)]).toEqual([false, true, true]);
    transport.close();
    expect(await transport.whenOpen(60_000)).toBe(false);
  });

  test.each(['dialling', 'open', 'pausing'])('closed while %s, it leaves nothing behind', async (state) => {
    const { clock, transport, dials, last, open, told } = setUp();
    if (state === 'open') open();
    if (state === 'pausing') last().lost(gone);
    const waiting = state === 'open' ? undefined : transport.whenOpen(60_000);
    told.length = 0;
    transport.close();
    expect(await waiting).toBe(state === 'open' ? undefined : false);
    expect(clock.pending).toBe(0);
    clock.advance(60_000);
    expect(dials).toHaveLength(1);
    expect(dials[0]?.abandoned).toBe(state !== 'pausing');
    expect(told).toEqual([]);
  });
});

test('a subscription is undefined where the socket was lost right after the answer', async () => {
  const session = new SocketSession(
    { pending: 10, feeds: 10 },
    { clock: new FakeClock(), send: () => {}, stray: () => {} },
  );
  const ask = { method: 'eth_subscribe', params: Buffer.from('["newHeads"]'), heavy: false, client: 'geth' } as const;
  let ended = 0;
  const subscribing = session.subscribe(
    ask,
    10_000,
    () => {},
    () => {
      ended += 1;
    },
  );
  session.receive(Buffer.from('{"id":1,"result":"0x1"}'));
  session.end('transport', 'gone');
  expect(await subscribing).toBeUndefined();
  expect(ended).toBe(0);
});

test.each(['ws', 'ipc'] as const)('over %s nothing is heard from a socket that was abandoned', async (way) => {
  const node = await fakeNode({ ipc: true });
  const clock = new FakeClock();
  const options = { connectTimeout: 10_000, responseSize: 1_000, pingInterval: 10_000 };
  const dial =
    way === 'ws'
      ? dialWebSocket({ ...options, url: node.wsUrl, headers: {} }, clock)
      : dialIpc({ ...options, path: node.ipcUrl.slice('ipc://'.length) }, clock);
  const told: string[] = [];
  const abandon = dial({
    opened: () => told.push('opened'),
    message: (message) => {
      told.push(message.toString());
      abandon();
    },
    lost: () => told.push('lost'),
  });
  await until(() => told.length === 1);
  node.pushText('{"a":1}');
  node.pushText('{"a":2}');
  await until(() => node.connections === 0);
  expect(told).toEqual(['opened', '{"a":1}']);
  expect(clock.pending).toBe(0);
});
