import { describe, expect, it } from 'vitest';
import { rpcError } from '../support/fake-node.ts';
import { rpc } from '../support/gateway.ts';
import { type ScriptedBlock, ScriptedChain } from '../support/scripted-chain.ts';
import { EventPool, eventually, listened, short } from './pool.ts';

const hashes = [1, 2, 3, 4].map((n) => `0x${String(n).repeat(64)}`);

interface Status {
  readonly chains: readonly [{ readonly upstreams: readonly { readonly state: string }[] }];
}

const stateOf = async ({ gateway }: EventPool, node: number): Promise<string | undefined> => {
  const status = (await (await fetch(`${gateway.opsUrl}/status`)).json()) as Status;
  return status.chains[0].upstreams[node]?.state;
};

describe('eth_subscribe and eth_unsubscribe', () => {
  it('end a subscription once, for the connection that has it', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const [one, other] = [await pool.client(), await pool.client()];
    const reader = await pool.subscribe(['newHeads'], one);
    const kept = await pool.subscribe(['newHeads'], one);
    expect(reader.id).toMatch(/^0x[1-9a-f][0-9a-f]{0,31}$/);
    expect((await other.call('eth_unsubscribe', [reader.id])).result).toBe(false);
    expect((await one.call('eth_unsubscribe', [reader.id])).result).toBe(true);
    expect((await one.call('eth_unsubscribe', [reader.id])).result).toBe(false);
    pool.follow(chain.mine(start));
    await kept.got(1);
    expect(reader.events).toEqual([]);
  });

  it('answer before the first event, also in a batch, and give heads before the logs of the same block', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    // The second time, the logs are at hand, and still come after the heads.
    for (let time = 0; time < 2; time += 1) {
      const client = await pool.client();
      client.send([
        { jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['logs', {}, { replay: { fromBlock: '0x1' } }] },
        { jsonrpc: '2.0', id: 2, method: 'eth_subscribe', params: ['newHeads', { replay: { fromBlock: '0x1' } }] },
      ]);
      await eventually(() => client.messages.length).toBe(11);
      expect(client.messages[0]).toMatch(/^\[/);
      const told = client.messages.slice(1).map((text) => JSON.parse(text).params);
      const [first] = told;
      const order = short(told.map(({ result }) => result));
      for (let number = 1; number <= 5; number += 1) {
        expect(order.indexOf(`h${number}`)).toBeLessThan(order.indexOf(`+${number}`));
      }
      expect(first.result.logIndex).toBeUndefined();
    }
  });

  it('are not to be had over HTTP, nor beyond the limit, nor for what is unknown', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    for (const method of ['eth_subscribe', 'eth_unsubscribe', 'parity_subscribe']) {
      const { status, json } = await rpc(pool.gateway.url, method, ['newHeads']);
      expect([status, json.error.code]).toEqual([200, -32601]);
    }
    const client = await pool.client();
    const tooMuch = [[], ['nothing'], [7], ['logs', 5], ['logs', { address: 'x' }], ['logs', { fromBlock: 'pending' }]];
    for (const params of [...tooMuch, ['newPendingTransactions', 1], ['events', {}]]) {
      expect((await client.call('eth_subscribe', params)).error).toMatchObject({ code: -32602 });
    }
    expect((await client.call('eth_unsubscribe', [])).error).toMatchObject({ code: -32602 });
    for (let open = 0; open < 1000; open += 1) {
      client.send({ jsonrpc: '2.0', id: open, method: 'eth_subscribe', params: ['newHeads'] });
    }
    await eventually(() => client.messages.length).toBeGreaterThanOrEqual(1000);
    const { error } = await client.call('eth_subscribe', ['newHeads']);
    expect(error).toMatchObject({ code: -32005, data: { reason: 'too_many_subscriptions' } });
  });

  it('bounds in a filter hold for what is new', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const bounded = await pool.subscribe(['logs', { fromBlock: '0x7', toBlock: '0x8' }]);
    const all = await pool.subscribe(['logs'], bounded.client);
    pool.follow(chain.extend(start, 5));
    expect(short(await all.got(5))).toEqual(['+6', '+7', '+8', '+9', '+10']);
    expect(short(bounded.events)).toEqual(['+7', '+8']);
  });

  it('end in the midst of what was to be told, and leave the others on the connection alone', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 40, { logs: 5 });
    await using pool = await EventPool.start(chain, [start]);
    const { node, view } = pool.member(0);
    node.on('eth_getBlockReceipts', () => null);
    const late = chain.at(start, 21)?.hash ?? '';
    view.lateLogs.add(late);
    const client = await pool.client();
    const replay = { replay: { fromBlock: '0x1' } };
    const [ended, kept] = [
      await pool.subscribe(['logs', {}, replay], client),
      await pool.subscribe(['logs', {}, replay], client),
    ];
    await ended.got(100);
    expect((await client.call('eth_unsubscribe', [ended.id])).result).toBe(true);
    view.lateLogs.delete(late);
    expect(await kept.got(200)).toEqual(chain.branch(start, 1).flatMap(({ logs }) => logs));
    expect(ended.events).toHaveLength(100);
  });

  it('begin and end within one batch without an event', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const client = await pool.client();
    const call = (id: number, method: string, params: readonly unknown[]) => ({ jsonrpc: '2.0', id, method, params });
    const twice = [call(1, 'eth_subscribe', ['newHeads']), call(2, 'eth_subscribe', ['newHeads'])];
    client.send([...twice, call(3, 'eth_unsubscribe', ['0x1'])]);
    const [one, other, none] = JSON.parse(await client.find((text) => text.startsWith('[')));
    expect(none.result).toBe(false);
    expect(one.result).not.toBe(other.result);
    client.send([call(4, 'eth_unsubscribe', [one.result]), call(5, 'eth_unsubscribe', [one.result])]);
    await eventually(() => client.messages.filter((text) => text.startsWith('[')).length).toBe(2);
    pool.follow(chain.mine(start));
    await eventually(() => client.messages.length).toBe(3);
    expect(JSON.parse(client.messages[2] ?? '').params.subscription).toBe(other.result);
  });

  it('tell an empty list of topics from one that wants any', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const client = await pool.client();
    const address = `0x${'ab'.repeat(20)}`;
    const [all, any] = [
      await pool.subscribe(['logs', { topics: [] }], client),
      await pool.subscribe(['logs', { topics: [null] }], client),
    ];
    const head = chain.mine(start, {
      logs: [
        { address, topics: [] },
        { address, topics: [hashes[0] ?? ''] },
      ],
    });
    pool.follow(head);
    expect(await all.got(2)).toEqual(head.logs);
    expect(await any.got(1)).toEqual(head.logs.slice(1));
  });

  it('stay open while every node is down', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const { node, view } = pool.member(0);
    await node.stop();
    const reader = await pool.subscribe(['newHeads']);
    view.place(chain.extend(start, 2));
    await node.restart();
    expect(short(await reader.got(2))).toEqual(['h6', 'h7']);
  });
});

describe('newPendingTransactions', () => {
  it('gives each hash once, whichever nodes announce it, and as often as they like', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start]);
    const reader = await pool.subscribe(['newPendingTransactions']);
    for (const { node } of pool.members) await listened(node, 'newPendingTransactions');
    for (const hash of hashes) for (const { node } of pool.members) node.push('newPendingTransactions', hash);
    expect(await reader.got(4)).toEqual(hashes);
    await pool.member(0).node.restart();
    await listened(pool.member(0).node, 'newPendingTransactions', 2);
    // Until its head is read again, nothing of it is believed.
    await eventually(() => stateOf(pool, 0)).toBe('healthy');
    pool.member(0).node.push('newPendingTransactions', `0x${'5'.repeat(64)}`);
    expect(await reader.got(5)).toHaveLength(5);
  });

  it('believes no node of another chain', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start, start]);
    const other = pool.member(2).node;
    other.on('eth_chainId', () => '0x5');
    await other.restart();
    await eventually(() => stateOf(pool, 2)).toBe('wrong_chain');
    const reader = await pool.subscribe(['newPendingTransactions']);
    for (const { node } of pool.members) await listened(node, 'newPendingTransactions');
    other.push('newPendingTransactions', hashes[3]);
    for (let push = 0; push < 3; push += 1) {
      pool.member(0).node.push('newPendingTransactions', hashes[push]);
      await reader.got(push + 1);
    }
    expect(await reader.got(3)).toEqual(hashes.slice(0, 3));
  });

  it('asks nodes without a socket for what is new, and again where one has lost its filter', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start], { nodeOptions: { ws: false } });
    const { node } = pool.member(0);
    const heard: unknown[] = [];
    let filters = 0;
    node
      .on('eth_newPendingTransactionFilter', () => {
        filters += 1;
        return `0x${filters}`;
      })
      .on('eth_getFilterChanges', ([id]) =>
        id === `0x${filters}` ? heard.splice(0) : rpcError(-32000, 'filter not found'),
      )
      .on('eth_uninstallFilter', ([id]) => id === `0x${filters}`);
    const reader = await pool.subscribe(['newPendingTransactions']);
    await eventually(() => filters).toBe(1);
    heard.push(hashes[0], hashes[1]);
    expect(await reader.got(2)).toEqual(hashes.slice(0, 2));
    // As after a restart: it knows nothing of the filter any more.
    filters = 5;
    await eventually(() => filters).toBe(6);
    heard.push(hashes[1], hashes[2]);
    expect(await reader.got(3)).toEqual(hashes.slice(0, 3));
    await reader.client.call('eth_unsubscribe', [reader.id]);
    await eventually(() => node.count('eth_uninstallFilter')).toBe(1);
  });

  it('gives whole transactions where they are wanted, also of nodes that announce hashes only', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const { node } = pool.member(0);
    node.on('eth_getTransactionByHash', ([hash]) => ({ hash, blockHash: null, nonce: '0x1' }));
    const bodies = await pool.subscribe(['newPendingTransactions', true]);
    const plain = await pool.subscribe(['newPendingTransactions'], bodies.client);
    await listened(node, 'newPendingTransactions');
    node.push('newPendingTransactions', hashes[0]);
    node.push('newPendingTransactions', { hash: hashes[1], blockHash: null, nonce: '0x2' });
    const told = await bodies.got(2);
    expect(told.map(({ hash }) => String(hash)).toSorted((one, other) => one.localeCompare(other))).toEqual(
      hashes.slice(0, 2),
    );
    expect(await plain.got(2)).toEqual(hashes.slice(0, 2));
  });
});

describe('syncing', () => {
  it('tells what is at once, and then every change', async () => {
    const chain = new ScriptedChain();
    const behind = chain.extend(chain.genesis, 5);
    const start = chain.extend(behind, 15);
    await using pool = await EventPool.start(chain, [start, behind]);
    const reader = await pool.subscribe(['syncing']);
    expect(await reader.got(1)).toEqual([false]);
    const { node, view } = pool.member(1);
    node.on('eth_syncing', () => ({ startingBlock: '0x0', currentBlock: '0x5', highestBlock: '0x14' }));
    await pool.member(0).node.stop();
    expect((await reader.got(2))[1]).toEqual({
      syncing: true,
      status: { startingBlock: '0x0', currentBlock: '0x5', highestBlock: '0x14' },
    });
    node.on('eth_syncing', () => false);
    view.follow(start);
    await eventually(() => reader.events.at(-1)).toBe(false);
  });
});

describe('parity_subscribe', () => {
  it('tells the result of a call at once, and again when a new head has changed it', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start]);
    let supply = 1;
    // The same, in another order.
    pool.member(0).node.on('eth_call', () => ({ supply, cap: '0x9' }));
    pool.member(1).node.on('eth_call', () => ({ cap: '0x9', supply }));
    const client = await pool.client();
    const { result: id } = await client.call('parity_subscribe', ['eth_call', [{ data: '0x01' }, 'latest']]);
    const told = (): unknown[] =>
      client.messages
        .map((text) => JSON.parse(text))
        .filter(({ method }) => method === 'parity_subscription')
        .map(({ params }) => [params.subscription, params.result.supply]);
    await eventually(told).toEqual([[id, 1]]);
    const heads = await pool.subscribe(['newHeads']);
    const same = chain.extend(start, 12);
    for (let number = 6; number <= 17; number += 1) {
      pool.follow(chain.at(same, number) as ScriptedBlock);
      await heads.got(number - 5);
    }
    supply = 2;
    pool.follow(chain.mine(same));
    await eventually(told).toEqual([
      [id, 1],
      [id, 2],
    ]);
    expect((await client.call('parity_unsubscribe', [id])).result).toBe(true);
  });

  it('refuses what is no read, what may not be called here, and what is unknown', async () => {
    const chain = new ScriptedChain();
    await using pool = await EventPool.start(chain, [chain.extend(chain.genesis, 5)], {});
    const client = await pool.client();
    const codes = [];
    for (const method of ['eth_sendRawTransaction', 'eth_newFilter', 'debug_traceCall', 'no_such', 7]) {
      codes.push((await client.call('parity_subscribe', [method, []])).error?.code);
    }
    expect(codes).toEqual([-32602, -32602, -32601, -32602, -32602]);
  });
});
