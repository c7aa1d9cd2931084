import { describe, expect, it } from 'vitest';
import { encodeCursor } from '../../src/subscription/cursor.ts';
import { rpcError } from '../support/fake-node.ts';
import { LogOracle, noFaults, Truth } from '../support/fold-oracle.ts';
import { type LogScript, type ScriptedBlock, ScriptedChain, ticker } from '../support/scripted-chain.ts';
import { hashOf } from '../support/scripted-header.ts';
import type { WsClient } from '../support/ws-client.ts';
import { EventPool, eventually, type Reader, short } from './pool.ts';

/** Logs so large that a few hundred fill every buffer between the gateway and its client. */
const large = (count: number): LogScript[] =>
  Array.from({ length: count }, (_, index) => ({
    address: ticker.address,
    topics: [hashOf('large', index)],
    data: `0x${'5a'.repeat(20_000)}`,
  }));

/** Events of logs that the gateway has written so far. */
const written = async ({ gateway }: EventPool): Promise<number> => {
  const metrics = await (await fetch(`${gateway.opsUrl}/metrics`)).text();
  return Number(/^headgate_subscription_events_total\{.*type="logs".*\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
};

/** Waits until a count has begun, and grows no more. */
const standsStill = async (count: () => Promise<number>): Promise<void> => {
  let [last, same] = [0, 0];
  while (same < 20) {
    const now = await count();
    same = now > 0 && now === last ? same + 1 : 0;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

const cursors = (client: WsClient, id: string): string[] =>
  client.messages
    .map((text) => JSON.parse(text))
    .filter(({ params }) => params?.subscription === id)
    .map(({ params }) => params.cursor);

const faultsOf = (chain: ScriptedChain, start: ScriptedBlock, head: ScriptedBlock, events: Reader['events']) => {
  const oracle = new LogOracle(new Truth(chain), start);
  for (const event of events) oracle.take(event as never);
  oracle.end(head);
  return oracle.faults;
};

describe('a slow reader', () => {
  it('gets exactly the part back that it got, when the block in which it stopped is orphaned', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start]);
    const slow = await pool.subscribe(['logs', {}]);
    const fast = await pool.subscribe(['newHeads']);
    slow.client.socket.pause();
    const stuck = chain.mine(start, { logs: large(500) });
    pool.follow(stuck);
    await fast.got(1);
    const head = chain.extend(start, 3, { salt: 'other' });
    await standsStill(() => written(pool));
    pool.follow(head);
    await fast.got(4);
    slow.client.socket.resume();
    await eventually(() => short(slow.events).at(-1)).toBe('+8');
    const before = slow.events.filter(({ blockHash, removed }) => blockHash === stuck.hash && !removed);
    expect(before.length).toBeGreaterThan(0);
    expect(before.length).toBeLessThan(500);
    expect(faultsOf(chain, start, head, slow.events)).toEqual(noFaults());
  });

  it('costs others nothing, and gets everything when it reads again', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start], { limits: { wsQueue: '2MiB' } });
    const slow = await pool.subscribe(['logs', {}]);
    const fast = await pool.subscribe(['logs', {}]);
    slow.client.socket.pause();
    let head = start;
    for (let mined = 1; mined <= 50; mined += 1) {
      head = chain.mine(head, { logs: large(10) });
      pool.follow(head);
      await fast.got(mined * 10);
    }
    slow.client.socket.resume();
    await slow.got(500);
    expect(slow.events).toEqual(fast.events);
    expect(slow.client.closeCode).toBeUndefined();
  });

  it('that falls out of the window is sent away, and goes on exactly there with its cursor', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 20);
    await using pool = await EventPool.start(chain, [start, start], {
      chainOptions: { subscriptions: { window: 16 } },
    });
    const client = await pool.client('?cursor=1');
    const slow = await pool.subscribe(['logs', {}], client);
    const fast = await pool.subscribe(['newHeads']);
    client.socket.pause();
    let head = start;
    for (let mined = 1; mined <= 40; mined += 1) {
      head = chain.mine(head, { logs: large(20) });
      pool.follow(head);
      await fast.got(mined);
    }
    client.socket.resume();
    expect(await client.closed()).toBe(1013);
    const cursor = cursors(client, slow.id).at(-1);
    const again = await pool.subscribe(['logs', {}, { resumeFrom: cursor }], await pool.client('?cursor=1'));
    await again.got(800 - slow.events.length);
    expect(faultsOf(chain, start, head, [...slow.events, ...again.events])).toEqual(noFaults());
  });
});

describe('a cursor', () => {
  it('makes the stream of a client whole that is cut off three times, also through a reorganisation', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start]);
    const all: Record<string, unknown>[] = [];
    let origin: unknown = null;
    let head = start;
    for (let cut = 0; cut < 4; cut += 1) {
      const client = await pool.client('?cursor=1');
      const reader = await pool.subscribe(['logs', {}, origin], client);
      for (let mined = 0; mined < 25; mined += 1) {
        head = chain.mine(head, { salt: `cut ${cut}`, logs: mined % 3 });
        pool.follow(head);
      }
      await reader.got(10);
      await client.close();
      all.push(...reader.events);
      origin = { resumeFrom: cursors(client, reader.id).at(-1) };
      // Meanwhile some of what it got is orphaned.
      head = chain.extend(chain.at(head, head.number - 5) as ScriptedBlock, 8, { salt: `fork ${cut}` });
      pool.follow(head);
    }
    const last = await pool.subscribe(['logs', {}, origin], await pool.client('?cursor=1'));
    head = chain.mine(head);
    pool.follow(head);
    await eventually(() => short(last.events).at(-1)).toBe(`+${head.number}`);
    expect(faultsOf(chain, start, head, [...all, ...last.events])).toEqual(noFaults());
  });

  it('goes on at another gateway that knows nothing, after a reorganisation below it', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 60);
    await using one = await EventPool.start(chain, [start]);
    const client = await one.client('?cursor=1');
    const [heads, logs] = [await one.subscribe(['newHeads'], client), await one.subscribe(['logs', {}], client)];
    const left = chain.extend(start, 5);
    one.follow(left);
    await logs.got(5);
    const head = chain.extend(start, 45, { salt: 'other' });
    await using other = await EventPool.start(chain, [head, head]);
    const resumed = await other.subscribe(['logs', {}, { resumeFrom: cursors(client, logs.id).at(-1) }]);
    expect(short(await resumed.got(50)).slice(0, 7)).toEqual(['-65', '-64', '-63', '-62', '-61', '+61', '+62']);
    expect(faultsOf(chain, start, head, [...logs.events, ...resumed.events])).toEqual(noFaults());
    const announced = await other.subscribe(['newHeads', { resumeFrom: cursors(client, heads.id).at(-1) }]);
    expect(short(await announced.got(45)).slice(0, 2)).toEqual(['h61', 'h62']);
  });

  it('whose block no node has any more is refused before any event', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 100);
    await using one = await EventPool.start(chain, [start]);
    const client = await one.client('?cursor=1');
    const logs = await one.subscribe(['logs', {}], client);
    one.follow(chain.extend(start, 5));
    await logs.got(5);
    const head = chain.extend(start, 45, { salt: 'other' });
    await using other = await EventPool.start(chain, [head, head]);
    for (const { view } of other.members) view.keepsOrphans = false;
    const again = await other.client();
    const { error } = await again.call('eth_subscribe', ['logs', {}, { resumeFrom: cursors(client, logs.id).at(-1) }]);
    expect(error).toMatchObject({ code: -32001, data: { reason: 'cursor_lost', safeFrom: '0x52' } });
    expect(again.messages).toHaveLength(1);
  });

  it('whose logs no node has any more is refused before any event', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 20);
    await using one = await EventPool.start(chain, [start]);
    const client = await one.client('?cursor=1');
    const logs = await one.subscribe(['logs', {}], client);
    const left = chain.extend(start, 2);
    one.follow(left);
    await logs.got(2);
    const head = chain.extend(start, 5, { salt: 'other' });
    await using other = await EventPool.start(chain, [head], { chainOptions: { routing: { timeout: '2s' } } });
    const { node } = other.member(0);
    node.on('eth_getBlockReceipts', () => null);
    node.on('eth_getLogs', ([filter]) => {
      const block = chain.block((filter as { blockHash: string }).blockHash);
      return block !== undefined && chain.contains(head, block) ? block.logs : rpcError(-32000, 'unknown block');
    });
    const again = await other.client();
    const { error } = await again.call('eth_subscribe', ['logs', {}, { resumeFrom: cursors(client, logs.id).at(-1) }]);
    expect(error).toMatchObject({ code: -32001, data: { reason: 'cursor_lost' } });
    expect(again.messages).toHaveLength(1);
  });

  it('of history: a replay gives every block from the one that was asked for, then what is new', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 300);
    await using pool = await EventPool.start(chain, [start, start], {
      chainOptions: { subscriptions: { window: 32 } },
    });
    const heads = await pool.subscribe(['newHeads', { replay: { fromBlock: '0x0' } }]);
    const logs = await pool.subscribe(['logs', { address: ticker.address }, { replay: { fromBlock: '0x10' } }]);
    const head = chain.extend(start, 2);
    pool.follow(head);
    expect((await heads.got(303)).map(({ hash }) => hash)).toEqual(chain.branch(head).map(({ hash }) => hash));
    expect(await logs.got(287)).toEqual(chain.branch(head, 16).flatMap((block) => block.logs));
  });

  it('or a start that cannot be understood, or is too old, is refused', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 100);
    await using pool = await EventPool.start(chain, [start], { chainOptions: { subscriptions: { replay: 50 } } });
    const client = await pool.client();
    const asked = async (params: readonly unknown[]) => (await client.call('eth_subscribe', params)).error;
    const elsewhere = encodeCursor({ chainId: 5n, position: { number: 99, hash: start.parentHash, logs: 0 } });
    for (const origin of [
      { resumeFrom: elsewhere },
      { resumeFrom: 'nonsense' },
      { resumeFrom: 7 },
      { replay: {} },
      { replay: { fromBlock: 1 } },
      {},
      5,
    ]) {
      expect(await asked(['logs', {}, origin])).toMatchObject({ code: -32602 });
    }
    expect(await asked(['logs', {}, { replay: { fromBlock: '0x1' } }])).toMatchObject({
      code: -32001,
      data: { reason: 'cursor_lost', safeFrom: '0x33' },
    });
    // What Go's client sends where its caller gave no block: it must not bring all of history.
    const plain = await pool.subscribe(['logs', { fromBlock: '0x0' }]);
    pool.follow(chain.mine(start));
    expect(short(await plain.got(1))).toEqual(['+101']);
  });
});

describe('a reorganisation deeper than the window', () => {
  it('is declared where the old branch is gone: the socket is closed with 1012, and new subscriptions are right', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 60);
    await using pool = await EventPool.start(chain, [start, start], {
      chainOptions: { subscriptions: { window: 16 } },
    });
    const logs = await pool.subscribe(['logs', {}]);
    const left = chain.extend(start, 40);
    pool.follow(left);
    await logs.got(40);
    for (const { view } of pool.members) view.keepsOrphans = false;
    const head = chain.extend(start, 45, { salt: 'other' });
    for (const { view } of pool.members) view.setHead(head);
    expect(await logs.client.closed()).toBe(1012);
    expect(logs.events).toHaveLength(40);
    const fresh = await pool.subscribe(['logs', {}]);
    pool.follow(chain.extend(head, 2));
    expect(short(await fresh.got(2))).toEqual(['+106', '+107']);
  });

  it('is followed where nodes still have the old branch', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 60);
    await using pool = await EventPool.start(chain, [start, start], {
      chainOptions: { subscriptions: { window: 16 } },
    });
    const logs = await pool.subscribe(['logs', {}]);
    pool.follow(chain.extend(start, 40));
    await logs.got(40);
    const head = chain.extend(start, 45, { salt: 'other' });
    for (const { view } of pool.members) view.setHead(head);
    await logs.got(125);
    expect(faultsOf(chain, start, head, logs.events)).toEqual(noFaults());
  });
});
