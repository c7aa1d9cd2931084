import { describe, expect, it } from 'vitest';
import { post, rpc } from '../support/gateway.ts';
import { rpcError } from '../support/fake-node.ts';
import { ScriptedChain, type ScriptedBlock, ticker } from '../support/scripted-chain.ts';
import { EventPool } from '../subscription/pool.ts';

const hex = (value: number): string => `0x${value.toString(16)}`;

/** A chain of so many blocks with two ticks in each, and a pool of nodes that hold it. */
const start = async (blocks: number, nodes: number, chainOptions: object = {}) => {
  const chain = new ScriptedChain();
  const head = chain.extend(chain.genesis, blocks, { logs: 2 });
  const pool = await EventPool.start(
    chain,
    Array.from({ length: nodes }, () => head),
    { chainOptions },
  );
  const logs = (filter: object, headers: Record<string, string> = {}) =>
    rpc(pool.gateway.url, 'eth_getLogs', [filter], headers);
  /** Resolves once the gateway says that its head is this block. */
  const reached = (number: number) =>
    expect
      .poll(async () => Number((await rpc(pool.gateway.url, 'eth_blockNumber')).json.result), { interval: 5 })
      .toBe(number);
  return { chain, head, pool, logs, reached, [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose]() };
};

const truth = (chain: ScriptedChain, head: ScriptedBlock, from: number, to: number) =>
  chain
    .branch(head, from)
    .filter(({ number }) => number <= to)
    .flatMap((block) => block.logs);

/** Ranges that a node was asked for, by the events that asked by number. */
const rangesAsked = ({ members }: EventPool): number[][] =>
  members
    .flatMap(({ node }) => node.requests)
    .filter(({ method }) => method === 'eth_getLogs')
    .map(({ params }) => params[0] as { fromBlock?: string; toBlock?: string })
    .filter(({ fromBlock }) => fromBlock !== undefined)
    .map(({ fromBlock, toBlock }) => [Number(fromBlock), Number(toBlock)])
    .sort(([a = 0], [b = 0]) => a - b);

/** What the headers of an answer say that it took. */
const costIn = ({ headers }: { readonly headers: Headers }) =>
  ['cache', 'attempts', 'upstream'].map((name) => headers.get(`x-headgate-${name}`));

describe('eth_getLogs near the head', () => {
  it('says which node told the logs, and counts as no saved call, unless they are at hand', async () => {
    await using world = await start(20, 1);
    const { pool, logs } = world;
    expect(costIn(await logs({}))).toEqual(['miss', '1', 'n0']);
    expect(pool.member(0).node.count('eth_getLogs')).toBe(1);
    expect(costIn(await logs({}))).toEqual(['local', '0', null]);
    const metrics = await (await fetch(`${pool.gateway.opsUrl}/metrics`)).text();
    expect(metrics).toMatch(/headgate_upstream_calls_saved_total\{[^}]*method="eth_getLogs"[^}]*\} 1\n/);
  });

  it('counts one of two calls as saved that shared a question', async () => {
    await using world = await start(20, 1);
    const { gateway } = world.pool;
    const batch = [{}, { address: ticker.address }].map((filter, id) => ({
      ...{ jsonrpc: '2.0', id, method: 'eth_getLogs', params: [filter] },
    }));
    await post(gateway.url, batch);
    const metrics = await (await fetch(`${gateway.opsUrl}/metrics`)).text();
    expect(metrics).toMatch(/headgate_cache_requests_total\{[^}]*method="eth_getLogs",result="coalesced"[^}]*\} 1\n/);
    expect(metrics).toMatch(/headgate_cache_requests_total\{[^}]*method="eth_getLogs",result="miss"[^}]*\} 1\n/);
  });

  it('is the truth although all nodes but one have not indexed the newest blocks', async () => {
    await using world = await start(20, 3);
    const { chain, head, pool, logs } = world;
    for (const block of chain.branch(head, 15)) {
      pool.member(0).view.lateLogs.add(block.hash);
      pool.member(1).view.lateLogs.add(block.hash);
    }
    for (const range of [{}, { fromBlock: hex(18) }, { fromBlock: hex(3), toBlock: 'latest' }]) {
      const from = Number((range as { fromBlock?: string }).fromBlock ?? 20);
      const { json, headers } = await logs({ address: ticker.address, ...range });
      expect(json.result).toEqual(truth(chain, head, from, 20));
      expect(headers.get('x-headgate-block')).toBe('20');
    }
    const { json } = await logs({ blockHash: head.hash });
    expect(json.result).toEqual(head.logs);
  });

  it('waits for a node that has them, where none has at first', async () => {
    await using world = await start(20, 2);
    const { head, pool, logs } = world;
    for (const { view, node } of pool.members) {
      view.lateLogs.add(head.hash);
      node.on('eth_getBlockReceipts', () => null);
    }
    const answer = logs({});
    await expect
      .poll(() => pool.members.reduce((sum, { node }) => sum + node.count('eth_getLogs'), 0))
      .toBeGreaterThan(2);
    pool.member(1).view.lateLogs.clear();
    expect((await answer).json.result).toEqual(head.logs);
  });

  it('asks nobody where the headers show that there are none', async () => {
    await using world = await start(20, 2);
    const before = rangesAsked(world.pool).length;
    const { json, headers } = await world.logs({ fromBlock: hex(1), address: `0x${'12'.repeat(20)}` });
    expect(json.result).toEqual([]);
    expect(headers.get('x-headgate-cache')).toBe('local');
    expect(world.pool.members.map(({ node }) => node.count('eth_getLogs'))).toEqual([0, 0]);
    expect(rangesAsked(world.pool)).toHaveLength(before);
  });

  it('fetches a block once, whoever asks for whatever', async () => {
    await using world = await start(20, 2);
    const { head, pool, logs } = world;
    const filters = [
      {},
      { address: ticker.address },
      { topics: [ticker.topic] },
      { topics: [null, null, `0x${'0'.repeat(63)}1`] },
    ];
    const answers = await Promise.all([...filters, ...filters].map((filter) => logs(filter)));
    expect(answers.map(({ json }) => json.result.length)).toEqual([2, 2, 2, 1, 2, 2, 2, 1]);
    expect(answers[0]?.json.result).toEqual(head.logs);
    expect(pool.members.reduce((sum, { node }) => sum + node.count('eth_getLogs'), 0)).toBe(1);
  });

  it('asks the node that it is told to ask', async () => {
    await using world = await start(20, 2);
    world.pool.member(1).view.lateLogs.add(world.head.hash);
    expect((await world.logs({}, { 'x-headgate-upstream': 'n1' })).json.result).toEqual([]);
    expect((await world.logs({}, { 'x-headgate-upstream': 'n0' })).json.result).toEqual(world.head.logs);
  });

  it('finds out a node that leaves out a block which the tree still holds', async () => {
    await using world = await start(60, 2);
    const { chain, head, pool, logs } = world;
    const left = chain.at(head, 30);
    pool.member(0).view.lateLogs.add(left?.hash ?? '0x');
    const askAll = async (): Promise<number> => {
      for (let n = 0; n < 10; n++) {
        const { json } = await logs({ fromBlock: hex(20 + n), toBlock: hex(60) });
        expect(json.result).toEqual(truth(chain, head, 20 + n, 60));
      }
      return rangesAsked(pool).length;
    };
    // What is kept after that is the truth, and is paid for once.
    expect(await askAll()).toBe(await askAll());
  });
});

describe('eth_getLogs over many blocks', () => {
  it('is asked for in aligned parts, and put together in order', async () => {
    await using world = await start(60, 2, { logs: { split: 10, maxRange: 50 }, subscriptions: { window: 4 } });
    const { chain, head, pool, logs } = world;
    const { json } = await logs({ fromBlock: hex(13), toBlock: hex(41) });
    expect(json.result).toEqual(truth(chain, head, 13, 41));
    expect(rangesAsked(pool)).toEqual([
      [13, 19],
      [20, 29],
      [30, 39],
      [40, 41],
    ]);
    const wide = await logs({ fromBlock: hex(5), toBlock: hex(60) });
    expect(wide.json.error).toMatchObject({ code: -32602, data: { reason: 'range_too_large', maxRange: 50 } });
    expect(wide.status).toBe(200);
  });

  it('is cut to what a node says that it takes, and remembered', async () => {
    await using world = await start(60, 1, { subscriptions: { window: 4 } });
    const { chain, head, pool, logs } = world;
    const { node } = pool.member(0);
    const refusing = { count: 0 };
    const handler = (filter: { fromBlock: string; toBlock: string }): unknown => {
      const [from, to] = [Number(filter.fromBlock), Number(filter.toBlock)];
      if (to - from + 1 > 10) {
        refusing.count += 1;
        return rpcError(-32005, 'eth_getLogs is limited to a 10 blocks range');
      }
      return truth(chain, head, from, to);
    };
    node.on('eth_getLogs', ([filter]) => handler(filter as { fromBlock: string; toBlock: string }));
    expect((await logs({ fromBlock: hex(1), toBlock: hex(50) })).json.result).toEqual(truth(chain, head, 1, 50));
    expect((await logs({ fromBlock: hex(2), toBlock: hex(49) })).json.result).toEqual(truth(chain, head, 2, 49));
    expect(refusing.count).toBe(1);
  });

  it('is asked whole of a node that takes it, while another refuses its width', async () => {
    await using world = await start(60, 2, { subscriptions: { window: 4 } });
    const { chain, head, pool, logs } = world;
    pool.member(0).node.on('eth_getLogs', () => rpcError(-32005, 'eth_getLogs is limited to a 10 blocks range'));
    for (let n = 0; n < 10; n++) {
      expect((await logs({ fromBlock: hex(1), toBlock: hex(40 + n) })).json.result).toEqual(
        truth(chain, head, 1, 40 + n),
      );
    }
    expect(pool.member(0).node.count('eth_getLogs')).toBeLessThanOrEqual(1);
    expect(rangesAsked(pool).every(([from]) => from === 1)).toBe(true);
  });

  it('never takes the word of a node that does not hold the end of the range', async () => {
    await using world = await start(60, 3, { subscriptions: { window: 32 } });
    const { chain, head, pool, logs, reached } = world;
    pool.member(0).view.lag = 3;
    const next = chain.extend(head, 2, { logs: 2 });
    for (const { view } of pool.members) view.follow(next);
    await reached(62);
    for (let n = 1; n <= 30; n++) {
      const { json } = await logs({ fromBlock: hex(n), toBlock: 'latest' });
      expect(json.result).toEqual(truth(chain, next, n, 62));
    }
  });

  it('waits for a block that nobody has yet', async () => {
    await using world = await start(20, 2);
    const { chain, head, pool, logs } = world;
    const answer = logs({ fromBlock: hex(19), toBlock: hex(21) });
    const next = chain.mine(head, { logs: 2 });
    pool.follow(next);
    expect((await answer).json.result).toEqual(truth(chain, next, 19, 21));
  });
});
