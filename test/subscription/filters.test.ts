import { describe, expect, it } from 'vitest';
import { post, rpc } from '../support/gateway.ts';
import { ScriptedChain, ticker } from '../support/scripted-chain.ts';
import { EventPool, eventually, listened, short } from './pool.ts';

describe('filters', () => {
  const made = async (pool: EventPool, method: string, params: unknown = []): Promise<string> => {
    const { json } = await rpc(pool.gateway.url, method, params);
    expect(json.error).toBeUndefined();
    expect(json.result).toMatch(/^0x[0-9a-f]{1,32}$/);
    return json.result;
  };
  const changes = async (pool: EventPool, id: string) =>
    (await rpc(pool.gateway.url, 'eth_getFilterChanges', [id])).json;
  const headAt = (pool: EventPool, number: number) =>
    eventually(async () => Number((await rpc(pool.gateway.url, 'eth_blockNumber')).json.result)).toBe(number);

  it('give what is new since the last time, through reorganisations, to whoever asks', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start]);
    const logs = await made(pool, 'eth_newFilter', [{ address: ticker.address }]);
    const blocks = await made(pool, 'eth_newBlockFilter');
    expect(await changes(pool, logs)).toMatchObject({ result: [] });
    const left = chain.extend(start, 3);
    pool.follow(left);
    await headAt(pool, 8);
    expect(short((await changes(pool, logs)).result)).toEqual(['+6', '+7', '+8']);
    expect((await changes(pool, blocks)).result).toEqual(chain.branch(left, 6).map(({ hash }) => hash));
    const head = chain.extend(start, 4, { salt: 'other' });
    pool.follow(head);
    await headAt(pool, 9);
    const client = await pool.client();
    const { result } = await client.call('eth_getFilterChanges', [logs]);
    expect(short(result)).toEqual(['-8', '-7', '-6', '+6', '+7', '+8', '+9']);
    expect((await client.call('eth_getFilterChanges', [blocks])).result).toEqual(
      chain.branch(head, 6).map(({ hash }) => hash),
    );
    expect((await changes(pool, logs)).result).toEqual([]);
  });

  it('give a change to one of two who ask at once', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const id = await made(pool, 'eth_newFilter', [{}]);
    pool.follow(chain.extend(start, 3));
    await headAt(pool, 8);
    const both = await Promise.all([changes(pool, id), changes(pool, id)]);
    expect(both.map(({ result }) => result.length).toSorted((one, other) => one - other)).toEqual([0, 3]);
  });

  it('say that no node can serve while all are down, and lose nothing', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start]);
    const id = await made(pool, 'eth_newFilter', [{}]);
    pool.follow(chain.extend(start, 2));
    await headAt(pool, 7);
    const idle = await made(pool, 'eth_newFilter', [{}]);
    for (const { node } of pool.members) await node.stop();
    await eventually(() => changes(pool, idle)).toMatchObject({ error: { code: -32002 } });
    await eventually(() => changes(pool, id)).toMatchObject({ error: { code: -32002 } });
    const head = chain.extend(start, 6);
    for (const { view } of pool.members) view.place(head);
    for (const { node } of pool.members) await node.restart();
    await headAt(pool, 11);
    expect(short((await changes(pool, id)).result)).toEqual(['+6', '+7', '+8', '+9', '+10', '+11']);
  });

  it('keep their place while the logs of a block cannot be had', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start], { chainOptions: { routing: { timeout: '500ms' } } });
    const { node, view } = pool.member(0);
    node.on('eth_getBlockReceipts', () => null);
    const id = await made(pool, 'eth_newFilter', [{}]);
    const late = chain.mine(start);
    view.lateLogs.add(late.hash);
    pool.follow(late);
    await headAt(pool, 6);
    expect(await changes(pool, id)).toMatchObject({ error: { code: -32002 } });
    view.lateLogs.delete(late.hash);
    const told = async () => short((await changes(pool, id)).result ?? []);
    await eventually(told).toEqual(['+6']);
  });

  it('give very much in several answers, each going on where the one before ended', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const id = await made(pool, 'eth_newFilter', [{}]);
    const many = Array.from({ length: 700 }, () => ({ address: ticker.address, topics: [ticker.topic] }));
    const head = chain.extend(start, 15, { logs: many });
    pool.follow(head);
    await headAt(pool, 20);
    const [first, second] = [(await changes(pool, id)).result, (await changes(pool, id)).result];
    expect([first.length, second.length]).toEqual([10_000, 500]);
    expect([...first, ...second]).toEqual(chain.branch(head, 6).flatMap(({ logs }) => logs));
  });

  it('are forgotten when they are uninstalled', async () => {
    const chain = new ScriptedChain();
    await using pool = await EventPool.start(chain, [chain.extend(chain.genesis, 5)]);
    const id = await made(pool, 'eth_newBlockFilter');
    expect(await changes(pool, id)).toMatchObject({ result: [] });
    expect((await rpc(pool.gateway.url, 'eth_uninstallFilter', [id])).json.result).toBe(true);
    expect((await rpc(pool.gateway.url, 'eth_uninstallFilter', [id])).json.result).toBe(false);
    // The code and words by which libraries know that they have to make a new one.
    expect(await changes(pool, id)).toMatchObject({ error: { code: -32000, message: 'filter not found' } });
  });

  it('give all logs of their range when asked for those', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 9);
    await using pool = await EventPool.start(chain, [start]);
    const id = await made(pool, 'eth_newFilter', [{ fromBlock: '0x3', toBlock: '0x6' }]);
    const { json } = await rpc(pool.gateway.url, 'eth_getFilterLogs', [id]);
    expect(short(json.result)).toEqual(['+3', '+4', '+5', '+6']);
    const blocks = await made(pool, 'eth_newBlockFilter');
    expect((await rpc(pool.gateway.url, 'eth_getFilterLogs', [blocks])).json).toMatchObject({
      error: { code: -32000 },
    });
  });

  it('collect pending transactions of all nodes, each once', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start]);
    const id = await made(pool, 'eth_newPendingTransactionFilter');
    for (const { node } of pool.members) await listened(node, 'newPendingTransactions');
    const hashes = [1, 2, 3].map((n) => `0x${String(n).repeat(64)}`);
    for (const { node } of pool.members) for (const hash of hashes) node.push('newPendingTransactions', hash);
    await eventually(async () => (await changes(pool, id)).result).toEqual(hashes);
  });

  it('of pending transactions say so too while no node can serve, and keep what they heard', async () => {
    const chain = new ScriptedChain();
    await using pool = await EventPool.start(chain, [chain.extend(chain.genesis, 5)]);
    const { node } = pool.member(0);
    const id = await made(pool, 'eth_newPendingTransactionFilter');
    const seen = await pool.subscribe(['newPendingTransactions']);
    await listened(node, 'newPendingTransactions');
    const hash = `0x${'7'.repeat(64)}`;
    node.push('newPendingTransactions', hash);
    await eventually(() => seen.client.messages.join()).toContain(hash);
    await node.stop();
    await eventually(async () => (await fetch(`${pool.gateway.url}/readyz`)).status).toBe(503);
    expect(await changes(pool, id)).toMatchObject({ error: { code: -32002 } });
    await node.restart();
    await eventually(async () => (await changes(pool, id)).result).toEqual([hash]);
  });

  it('have to be named', async () => {
    const chain = new ScriptedChain();
    await using pool = await EventPool.start(chain, [chain.extend(chain.genesis, 5)]);
    for (const method of ['eth_getFilterChanges', 'eth_getFilterLogs', 'eth_uninstallFilter']) {
      for (const params of [[], [7], [null]]) {
        expect((await rpc(pool.gateway.url, method, params)).json.error).toMatchObject({ code: -32602 });
      }
    }
  });

  it('are not made by asking how a call would be answered', async () => {
    const chain = new ScriptedChain();
    await using pool = await EventPool.start(chain, [chain.extend(chain.genesis, 5)]);
    for (const method of ['eth_newFilter', 'eth_newPendingTransactionFilter']) {
      const query = new URLSearchParams({ chain: 'main', method, params: '[{}]' });
      expect((await fetch(`${pool.gateway.opsUrl}/explain?${query.toString()}`)).status).toBe(200);
    }
    // A filter of pending transactions would have had the node subscribed to by now.
    const beats = pool.member(0).node.count('eth_syncing');
    await eventually(() => pool.member(0).node.count('eth_syncing')).toBeGreaterThan(beats + 2);
    const kinds = pool.member(0).node.requests.filter(({ method }) => method === 'eth_subscribe');
    expect(kinds.map(({ params }) => params)).toEqual([['newHeads']]);
  });

  it('refuse what they cannot serve', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const batch = [
      [],
      [null],
      [{ address: 'me' }],
      [{ fromBlock: 'pending' }],
      [{ blockHash: start.hash }],
      [{ topics: 5 }],
    ];
    const { json } = await post(
      pool.gateway.url,
      batch.map((params, id) => ({ jsonrpc: '2.0', id, method: 'eth_newFilter', params })),
    );
    expect(json.map(({ error }: { error: { code: number } }) => error.code)).toEqual(batch.map(() => -32602));
  });

  it('take no more memory than there is, together with subscriptions, and give it back when they end', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const bulky = { address: `0x${'01'.repeat(20)}`, note: 'x'.repeat(4 * 1024 * 1024) };
    const filter = async () => (await rpc(pool.gateway.url, 'eth_newFilter', [bulky])).json;
    const client = await pool.client();
    for (let count = 0; count < 16; count += 1) await pool.subscribe(['logs', bulky], client);
    const ids: string[] = [];
    for (let count = 0; count < 15; count += 1) ids.push((await filter()).result);
    const full = { error: { code: -32005, data: { reason: 'too_many_subscriptions' } } };
    expect(await filter()).toMatchObject(full);
    expect(await client.call('eth_subscribe', ['logs', bulky])).toMatchObject(full);
    await rpc(pool.gateway.url, 'eth_uninstallFilter', [ids[0]]);
    expect(await filter()).toMatchObject({ result: expect.any(String) });
    expect(await filter()).toMatchObject(full);
    await client.close();
    await eventually(filter).toMatchObject({ result: expect.any(String) });
  });
});
