import { describe, expect, it } from 'vitest';
import { rpcError } from '../support/fake-node.ts';
import {
  type LogScript,
  type MineScript,
  type ScriptedBlock,
  ScriptedChain,
  ticker,
} from '../support/scripted-chain.ts';
import { bloomOf, hashOf } from '../support/scripted-header.ts';
import { EventPool, eventually, short } from './pool.ts';

const logsOf = (chain: ScriptedChain, filter: unknown): ScriptedBlock['logs'] =>
  chain.block((filter as { blockHash: string }).blockHash)?.logs ?? [];

/** A header with another bloom; its hash is not of its fields, as on chains that hash in their own way. */
const withBloom = (block: ScriptedBlock, bloom: string): ScriptedBlock => {
  Object.assign(block.header, { logsBloom: bloom });
  return block;
};

const emptyBloom = `0x${'00'.repeat(256)}`;
const fullBloom = `0x${'ff'.repeat(256)}`;

describe('a block whose logs are told wrongly', () => {
  it('is delivered whole once the node has indexed it, and not before', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const { view, node } = pool.member(0);
    node.on('eth_getBlockReceipts', () => null);
    const logs = await pool.subscribe(['logs', {}]);
    const late = chain.mine(start, { logs: 3 });
    view.lateLogs.add(late.hash);
    pool.follow(chain.mine(late));
    await eventually(() => node.count('eth_getLogs')).toBeGreaterThanOrEqual(4);
    expect(logs.events).toEqual([]);
    view.lateLogs.delete(late.hash);
    expect(short(await logs.got(4))).toEqual(['+6', '+6', '+6', '+7']);
  });

  it.each([
    ['some of them', (logs: ScriptedBlock['logs']) => logs.slice(0, 3)],
    ['the last of them', (logs: ScriptedBlock['logs']) => logs.slice(-3)],
    ['none', () => []],
    [
      'those of another block',
      (logs: ScriptedBlock['logs']) => logs.map((log) => ({ ...log, blockHash: hashOf('no') })),
    ],
    ['what is no list', () => ({ logs: [] })],
    ['made up ones', (logs: ScriptedBlock['logs']) => logs.map((log) => ({ ...log, topics: [hashOf('made up')] }))],
  ])('a node that tells %s is not believed, and another one is asked', async (_what, lie) => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start]);
    const logs = await pool.subscribe(['logs', {}]);
    pool.member(0).node.on('eth_getLogs', ([filter]) => lie(logsOf(chain, filter)));
    pool.member(0).node.on('eth_getBlockReceipts', () => []);
    let head = start;
    // Until it was asked at all, which is left to chance.
    while (pool.member(0).node.count('eth_getLogs') === 0) {
      head = chain.extend(head, 10, { logs: 5 });
      pool.follow(head);
      const expected = chain.branch(head, 6).flatMap((block) => block.logs);
      expect(await logs.got(expected.length)).toEqual(expected);
    }
  });

  it('one that leaves out a log, whose like is in the same block, is not believed', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start]);
    const logs = await pool.subscribe(['logs', {}]);
    pool.member(0).node.on('eth_getLogs', ([filter]) => logsOf(chain, filter).filter((_, index) => index !== 2));
    pool.member(0).node.on('eth_getBlockReceipts', () => null);
    const alike = Array.from({ length: 5 }, () => ({ address: ticker.address, topics: [ticker.topic] }));
    const head = chain.extend(start, 3, { logs: alike });
    pool.follow(head);
    expect(await logs.got(15)).toEqual(chain.branch(head, 6).flatMap((block) => block.logs));
  });

  it('one that adds a log is not believed', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start, start]);
    const logs = await pool.subscribe(['logs', {}]);
    pool.member(0).node.on('eth_getLogs', ([filter]) => {
      const real = logsOf(chain, filter);
      return [...real, { ...real[0], topics: [hashOf('made up')], logIndex: '0x3' }];
    });
    const head = chain.extend(start, 3, { logs: 3 });
    pool.follow(head);
    expect(await logs.got(9)).toEqual(chain.branch(head, 6).flatMap((block) => block.logs));
  });

  it('where a node knows neither logs by hash nor receipts of a block, its logs at that height are looked through', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const { node, view } = pool.member(0);
    const branch = () => chain.branch(view.head);
    node.on('eth_getLogs', ([filter]) => {
      const { blockHash, fromBlock } = filter as { readonly blockHash?: string; readonly fromBlock?: string };
      if (blockHash !== undefined) return rpcError(-32602, 'Invalid params: unknown field `blockHash`');
      return branch().find(({ number }) => number === Number(fromBlock))?.logs ?? [];
    });
    node.on('eth_getBlockReceipts', () => rpcError(-32601, 'Method not found'));
    const logs = await pool.subscribe(['logs', {}]);
    const head = chain.extend(start, 2, { logs: 3 });
    pool.follow(head);
    expect(short(await logs.got(6))).toEqual(['+6', '+6', '+6', '+7', '+7', '+7']);
    pool.follow(chain.extend(chain.mine(start, { salt: 'other' }), 2, { salt: 'other' }));
    const undone = ['-7', '-7', '-7', '-6', '-6', '-6'];
    expect(short((await logs.got(15)).slice(6))).toEqual([...undone, '+6', '+7', '+8']);
  });

  it('where a provider caps logs, its receipts tell them', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const { node } = pool.member(0);
    node.on('eth_getLogs', () => rpcError(-32005, 'query returned more than 10000 results'));
    const logs = await pool.subscribe(['logs', {}]);
    const head = chain.extend(start, 2, { logs: 5 });
    pool.follow(head);
    expect(await logs.got(10)).toEqual(chain.branch(head, 6).flatMap((block) => block.logs));
  });
});

describe('a bloom that cannot tell', () => {
  const cases: readonly [string, (block: ScriptedBlock) => ScriptedBlock][] = [
    ['is empty', (block) => withBloom(block, emptyBloom)],
    ['is full whatever the logs', (block) => withBloom(block, fullBloom)],
    ['leaves out logs of the system', (block) => withBloom(block, bloomOf(block.logs.slice(0, 1)))],
  ];

  it.each(cases)('because it %s: what two nodes say alike is delivered', async (_why, change) => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5, { logs: 0 });
    await using pool = await EventPool.start(chain, [start, start]);
    const logs = await pool.subscribe(['logs', { address: ticker.address }]);
    let head = start;
    for (let mined = 0; mined < 6; mined += 1) {
      head = change(chain.mine(head, { logs: 3 }));
      pool.follow(head);
    }
    expect(await logs.got(18)).toEqual(chain.branch(head, 6).flatMap((block) => block.logs));
  });

  it('because it is empty: that a node has none yet is not believed', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5, { logs: 0 });
    await using pool = await EventPool.start(chain, [start, start]);
    for (const { node } of pool.members) node.on('eth_getBlockReceipts', () => null);
    const logs = await pool.subscribe(['logs', {}]);
    const head = withBloom(chain.mine(start, { logs: 3 }), emptyBloom);
    for (const { view } of pool.members) view.lateLogs.add(head.hash);
    pool.follow(head);
    const asked = (): number => pool.members.reduce((sum, { node }) => sum + node.count('eth_getLogs'), 0);
    await eventually(asked).toBeGreaterThanOrEqual(4);
    for (const { view } of pool.members) view.lateLogs.delete(head.hash);
    expect(await logs.got(3)).toEqual(head.logs);
  });

  it('because logs of the system are not in it: who asks for those gets them, once that is known', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5, { logs: 0 });
    await using pool = await EventPool.start(chain, [start, start]);
    const system = `0x${'5e'.repeat(20)}`;
    const scripts: LogScript[] = [
      { address: ticker.address, topics: [ticker.topic] },
      { address: system, topics: [hashOf('system')] },
    ];
    const mined = (parent: ScriptedBlock): ScriptedBlock => {
      const block = chain.mine(parent, { logs: scripts });
      return withBloom(block, bloomOf(block.logs.slice(0, 1)));
    };
    const [all, own] = [await pool.subscribe(['logs', {}]), await pool.subscribe(['logs', { address: system }])];
    let head = mined(start);
    pool.follow(head);
    await all.got(2);
    for (let more = 0; more < 3; more += 1) {
      head = mined(head);
      pool.follow(head);
    }
    await all.got(8);
    expect((await own.got(3)).slice(-3)).toEqual(chain.branch(head, 7).map(({ logs }) => logs[1]));
  });

  it('because it is full: one node that leaves logs out is not believed', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start, start]);
    const logs = await pool.subscribe(['logs', {}]);
    pool.member(0).node.on('eth_getLogs', ([filter]) => logsOf(chain, filter).slice(0, -1));
    pool.member(0).node.on('eth_getBlockReceipts', () => rpcError(-32601, 'no such method'));
    const many: LogScript[] = Array.from({ length: 1200 }, (_, index) => ({
      address: ticker.address,
      topics: [hashOf('topic', index), hashOf('other', index)],
    }));
    // The last log's values are there before: no bit of the bloom speaks of it.
    const full: MineScript = { logs: [...many, many[0] as LogScript] };
    const head = chain.extend(start, 3, full);
    pool.follow(head);
    expect(await logs.got(3603)).toEqual(chain.branch(head, 6).flatMap((block) => block.logs));
  });

  it('and only the height to ask for: that there is nothing proves nothing, for it names no block', {
    timeout: 40_000,
  }, async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5, { logs: 0 });
    await using pool = await EventPool.start(chain, [start]);
    const head = withBloom(chain.mine(start, { logs: 2 }), emptyBloom);
    let asked = 0;
    pool.member(0).node.on('eth_getBlockReceipts', () => rpcError(-32601, 'no such method'));
    pool.member(0).node.on('eth_getLogs', ([filter]) => {
      if ('blockHash' in (filter as object)) return rpcError(-32602, 'unknown field `blockHash`');
      asked += 1;
      return asked <= 3 ? [] : head.logs;
    });
    const logs = await pool.subscribe(['logs', {}]);
    pool.follow(head);
    expect(await logs.got(2)).toEqual(head.logs);
  });

  it('and only one node to ask: its word counts after a while', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5, { logs: 0 });
    await using pool = await EventPool.start(chain, [start]);
    pool.member(0).node.on('eth_getBlockReceipts', () => rpcError(-32601, 'no such method'));
    const logs = await pool.subscribe(['logs', {}]);
    const head = withBloom(chain.mine(start, { logs: 2 }), emptyBloom);
    pool.follow(head);
    expect(await logs.got(2)).toEqual(head.logs);
  });
});

describe('what logs cost', () => {
  it('one fetch a block for any number of subscribers, and none where the bloom excludes them all or nobody listens', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start]);
    const asked = (): number => pool.members.reduce((sum, { node }) => sum + node.count('eth_getLogs'), 0);
    const heads = await pool.subscribe(['newHeads']);
    let head = chain.extend(start, 3);
    pool.follow(head);
    await heads.got(3);
    expect(asked()).toBe(0);
    const elsewhere = await pool.subscribe(['logs', { address: `0x${'ab'.repeat(20)}` }]);
    head = chain.extend(head, 3);
    pool.follow(head);
    await heads.got(6);
    expect(asked()).toBe(0);
    const readers = [];
    for (let reader = 0; reader < 20; reader += 1) {
      readers.push(await pool.subscribe(['logs', reader % 2 === 0 ? {} : { topics: [[ticker.topic]] }]));
    }
    head = chain.extend(head, 4);
    pool.follow(head);
    for (const reader of readers) expect(short(await reader.got(4))).toEqual(['+12', '+13', '+14', '+15']);
    // Those below the start, too, as long as they may be orphaned.
    await eventually(asked).toBe(15);
    const feeds = pool.members.map(({ node }) => node.requests.filter(({ method }) => method === 'eth_subscribe'));
    expect(feeds.map((made) => made.map(({ params }) => params))).toEqual([[['newHeads']], [['newHeads']]]);
    const replays = Array.from({ length: 10 }, () => pool.subscribe(['logs', {}, { replay: { fromBlock: '0x6' } }]));
    for (const replay of await Promise.all(replays)) await replay.got(10);
    expect(asked()).toBe(15);
    pool.follow(chain.extend(head, 3, { logs: 0 }));
    await heads.got(13);
    expect(asked()).toBe(15);
    expect(elsewhere.events).toEqual([]);
  });
});
