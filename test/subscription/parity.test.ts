import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/core/call.ts';
import { localReply, refuse } from '../../src/core/reply.ts';
import type { Session } from '../../src/core/session.ts';
import { ParitySubscriptions } from '../../src/subscription/parity-subscriptions.ts';
import { Registry } from '../../src/subscription/registry.ts';
import { ByteBudget } from '../../src/lib/byte-budget.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ScriptedChain } from '../support/scripted-chain.ts';
import { WsClient } from '../support/ws-client.ts';
import { aCall } from '../telemetry/events.ts';
import { EventPool, eventually } from './pool.ts';

/** The results that a connection was told of, in order. */
const told = ({ messages }: WsClient): unknown[] =>
  messages
    .map((text) => JSON.parse(text))
    .filter(({ method }) => method === 'parity_subscription')
    .map(({ params }) => params.result);

describe('parity_subscribe', () => {
  it('tells logs as eth_getLogs does: complete, though nodes have not indexed the newest block yet', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start]);
    const client = await pool.client();
    await client.call('parity_subscribe', ['eth_getLogs', [{ fromBlock: 'latest', toBlock: 'latest' }]]);
    await eventually(() => told(client)).toEqual([start.logs]);
    const head = chain.extend(start, 1);
    const asked = (): number => pool.members.reduce((sum, { node }) => sum + node.count('eth_getLogs'), 0);
    const before = asked();
    for (const { view } of pool.members) view.lateLogs.add(head.hash);
    pool.follow(head);
    await eventually(asked).toBeGreaterThan(before + 1);
    for (const { view } of pool.members) view.lateLogs.clear();
    await eventually(() => told(client)).toEqual([start.logs, head.logs]);
  });

  it('holds a client to the block that it named, and no other client who asks the same', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const { node, view } = pool.member(0);
    node.on('eth_call', () => view.head.number);
    const patient = await WsClient.open(pool.gateway.wsUrl, { 'x-headgate-min-block': '7' });
    const plain = await pool.client();
    for (const client of [patient, plain]) {
      await client.call('parity_subscribe', ['eth_call', [{ data: '0x01' }, 'latest']]);
    }
    await eventually(() => told(plain)).toEqual([5]);
    pool.follow(chain.extend(start, 2));
    await eventually(() => told(patient)).toEqual([7]);
    await patient.close();
  });
});

/** The room's part alone, before a node that answers everything with 1. */
const subscribing = () => {
  const asked: Call[] = [];
  const nothing = () => {};
  const parity = new ParitySubscriptions(
    { topics: 10, timeoutMs: 1000, retry: { initial: 1, max: 1 } },
    {
      chain: { onMove: () => nothing },
      registry: new Registry((count) => crypto.getRandomValues(new Uint8Array(count)), new ByteBudget(10_000)),
      screen: async ({ client }) =>
        client.name === 'stranger' ? refuse('method_denied', 'not for you') : localReply(Buffer.from('true')),
      report: { streamed: nothing, recovered: nothing },
      clock: new FakeClock(),
      random: Math.random,
      results: new ByteBudget(10_000),
      faulted: nothing,
    },
  );
  const session = (): Session => ({
    subscriptions: new Map(),
    style: 'plain',
    subscriptionLimit: 10,
    afterAnswer: (task) => task(),
    send: () => true,
    onDrain: nothing,
    end: nothing,
  });
  const subscribe = (changes: Partial<Call>) =>
    parity.subscribe(
      aCall('parity_subscribe', { params: Buffer.from('["eth_gasPrice"]'), session: session(), ...changes }),
      async (call) => {
        asked.push(call);
        return localReply(Buffer.from('1'));
      },
    );
  return { asked, subscribe };
};

describe('a call that is repeated for many', () => {
  it('is made in the name of none of them, with nothing of the one who asked first', async () => {
    const { asked, subscribe } = subscribing();
    const client = { name: 'first', address: '10.0.0.1', debug: true };
    await subscribe({ client, traceparent: '00-1-2-01', requestId: 'first' });
    await subscribe({});
    expect(asked).toMatchObject([
      { client: { name: 'headgate', address: '', debug: false }, traceparent: undefined, requestId: 'events' },
    ]);
    expect(asked[0]).toMatchObject({ only: undefined, bypassCache: false, minBlock: undefined, session: undefined });
  });

  it('is another one for who asked for a node, past the cache, or from a block on', async () => {
    const { asked, subscribe } = subscribing();
    const wishes = [{ only: 'a' }, { only: 'b' }, { bypassCache: true }, { minBlock: 7 }, {}];
    for (const wish of [...wishes, ...wishes]) await subscribe(wish);
    expect(asked).toMatchObject(wishes.map((wish) => ({ only: undefined, bypassCache: false, ...wish })));
  });

  it('is told to nobody who may not make it, though others may', async () => {
    const { subscribe } = subscribing();
    const stranger = { name: 'stranger', address: '', debug: false };
    expect(await subscribe({})).toMatchObject({ ok: true });
    expect(await subscribe({ client: stranger })).toMatchObject({ ok: false, reason: 'method_denied' });
  });
});
