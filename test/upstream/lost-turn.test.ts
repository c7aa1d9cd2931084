import { expect, test } from 'vitest';
import { reset, status } from '../support/fake-node.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fakeNode, watch } from './setup.ts';

const request = { method: 'eth_blockNumber', params: Buffer.from('[]'), heavy: false };

test('a call that waits for its turn is not made once the connection is lost: another node may stand there', async () => {
  const node = await fakeNode({ ws: false });
  const clock = new FakeClock();
  const { upstream } = watch(node.url, { requestsPerSecond: 1 }, clock);
  node.once('eth_blockNumber', () => reset());
  const first = upstream.call(request, 10_000);
  const second = upstream.call(request, 10_000);
  expect(await first.outcome).toMatchObject({ kind: 'failed', failure: 'transport' });
  // Not `transport`: it is certain that it was not carried out.
  expect(await second.outcome).toMatchObject({ kind: 'failed', failure: 'overloaded' });
  clock.advance(5000);
  expect(node.count(request.method)).toBe(1);
});

test('a call that waits for its turn is sent elsewhere once the circuit breaker has opened', async () => {
  const node = await fakeNode({ ws: false });
  // Five calls may be made at once, as many as faults open the breaker; the sixth has to wait.
  const { upstream } = watch(node.url, { requestsPerSecond: 5 }, new FakeClock());
  node.on('eth_call', () => status(500));
  const failing = Array.from({ length: 5 }, () => upstream.call({ ...request, method: 'eth_call' }, 10_000));
  const waiting = upstream.call(request, 10_000);
  await Promise.all(failing.map(({ outcome }) => outcome));
  expect(await waiting.outcome).toMatchObject({ kind: 'failed', failure: 'overloaded' });
  expect(node.count(request.method)).toBe(0);
});

test('a call whose turn comes when its time is over is not made, and nobody is blamed', async () => {
  const node = await fakeNode({ ws: false });
  const clock = new FakeClock();
  // This process stands still, so that a timer runs later than it fell due.
  let late = 0;
  const laggard = { now: () => clock.now() + late, wall: () => clock.wall(), after: clock.after.bind(clock) };
  const { upstream } = watch(node.url, { requestsPerSecond: 1 }, laggard);
  await upstream.call(request, 5000).outcome;
  const second = upstream.call(request, 5000);
  late = 6000;
  clock.advance(2000);
  expect(await second.outcome).toMatchObject({ kind: 'failed', failure: 'overloaded', unsent: true });
  expect(node.count(request.method)).toBe(1);
  expect(upstream.stats).toMatchObject({ errorRate: 0, inflight: 0 });
});
