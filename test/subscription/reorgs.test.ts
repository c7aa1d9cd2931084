import { describe, expect, it } from 'vitest';
import { delay } from '../support/fake-node.ts';
import { HeadOracle, LogOracle, noFaults, Truth } from '../support/fold-oracle.ts';
import { rpc } from '../support/gateway.ts';
import { type ScriptedBlock, ScriptedChain, ticker } from '../support/scripted-chain.ts';
import { hashOf } from '../support/scripted-header.ts';
import { EventPool, eventually, type Reader, short } from './pool.ts';

const folded = (chain: ScriptedChain, start: ScriptedBlock, head: ScriptedBlock, reader: Reader) => {
  const oracle = new LogOracle(new Truth(chain), start);
  for (const event of reader.events) oracle.take(event as never);
  oracle.end(head);
  return oracle.faults;
};

describe('reorganisations', () => {
  it('of seven blocks, of which only the last is announced', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 1);
    await using pool = await EventPool.start(chain, [start, start]);
    const [heads, logs] = [await pool.subscribe(['newHeads']), await pool.subscribe(['logs', {}])];
    pool.follow(chain.extend(start, 7));
    await logs.got(7);
    const other = chain.extend(start, 8, { salt: 'other' });
    for (const { view } of pool.members) view.setHead(other);
    expect(short(await logs.got(22)).slice(7)).toEqual([
      ...['-8', '-7', '-6', '-5', '-4', '-3', '-2'],
      ...['+2', '+3', '+4', '+5', '+6', '+7', '+8', '+9'],
    ]);
    expect(short(await heads.got(15)).slice(7)).toEqual(['h2', 'h3', 'h4', 'h5', 'h6', 'h7', 'h8', 'h9']);
    expect(folded(chain, start, other, logs)).toEqual(noFaults());
  });

  it('of one block', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 4);
    await using pool = await EventPool.start(chain, [start, start]);
    const [heads, logs] = [await pool.subscribe(['newHeads']), await pool.subscribe(['logs', {}])];
    pool.follow(chain.mine(start));
    await logs.got(1);
    const head = chain.extend(start, 2, { salt: 'other' });
    pool.follow(head);
    expect(short(await logs.got(4))).toEqual(['+5', '-5', '+5', '+6']);
    expect(short(await heads.got(3))).toEqual(['h5', 'h5', 'h6']);
    expect(logs.events[1]).toEqual({ ...logs.events[0], removed: true });
    expect(folded(chain, start, head, logs)).toEqual(noFaults());
  });

  it('a transaction that comes again in another block has another log', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 4);
    const transaction = hashOf('mined twice');
    const same = [{ address: ticker.address, topics: [ticker.topic], data: '0x01', transaction }];
    await using pool = await EventPool.start(chain, [start, start]);
    const logs = await pool.subscribe(['logs', {}]);
    pool.follow(chain.mine(start, { logs: same }));
    await logs.got(1);
    const empty = chain.mine(start, { salt: 'other', logs: 0 });
    pool.follow(chain.mine(empty, { logs: same }));
    expect(short(await logs.got(3))).toEqual(['+5', '-5', '+6']);
    expect(logs.events.map(({ transactionHash }) => transactionHash)).toEqual([transaction, transaction, transaction]);
  });

  it('a head that is lowered takes its logs back, and nothing that stays comes again', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 4);
    await using pool = await EventPool.start(chain, [start]);
    const { node, view } = pool.member(0);
    const [heads, logs] = [await pool.subscribe(['newHeads']), await pool.subscribe(['logs', {}])];
    const high = chain.extend(start, 2);
    pool.follow(high);
    await logs.got(2);
    view.place(start);
    node.push('newHeads', start.header);
    for (const log of start.logs) node.push('logs', log);
    expect(short(await logs.got(4))).toEqual(['+5', '+6', '-6', '-5']);
    // The same blocks again, and one more: they were announced, and no other branch was.
    pool.follow(chain.mine(high));
    expect(short(await logs.got(7)).slice(4)).toEqual(['+5', '+6', '+7']);
    expect(short(await heads.got(3))).toEqual(['h5', 'h6', 'h7']);
  });

  it('back to blocks whose logs are at hand: their heads come before their logs all the same', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 4);
    await using pool = await EventPool.start(chain, [start, start]);
    const client = await pool.client();
    const logs = await pool.subscribe(['logs', {}], client);
    const heads = await pool.subscribe(['newHeads'], client);
    const one = chain.extend(start, 2);
    pool.follow(one);
    await logs.got(2);
    pool.follow(chain.extend(start, 3, { salt: 'other' }));
    await logs.got(7);
    await heads.got(5);
    const before = client.messages.length;
    pool.follow(chain.extend(one, 2));
    await logs.got(14);
    await heads.got(9);
    const told = client.messages.slice(before).map((text) => JSON.parse(text).params.result);
    const order = short(told).filter((word) => !word.startsWith('-'));
    for (const number of [5, 6, 7, 8]) {
      expect(order.indexOf(`h${number}`)).toBeLessThan(order.indexOf(`+${number}`));
    }
  });

  it('as deep as the window is wide, of which no node has anything any more', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 60);
    const chainOptions = { subscriptions: { window: 16 } };
    await using pool = await EventPool.start(chain, [start, start], { chainOptions });
    const logs = await pool.subscribe(['logs', {}]);
    pool.follow(chain.extend(start, 16));
    await logs.got(16);
    for (const { view } of pool.members) view.keepsOrphans = false;
    const head = chain.extend(start, 17, { salt: 'other' });
    for (const { view } of pool.members) view.setHead(head);
    await logs.got(16 + 16 + 17);
    expect(folded(chain, start, head, logs)).toEqual(noFaults());
  });

  it('of blocks below the start of a subscription or filter, of which no node has anything any more', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 60);
    await using pool = await EventPool.start(chain, [start, start]);
    const asked = (number: number): boolean =>
      pool.members.some(({ node }) =>
        node.requests.some(({ method, text }) => method === 'eth_getLogs' && text.includes(hashAt(number))),
      );
    const hashAt = (number: number): string => chain.at(start, number)?.hash ?? '';
    const filter = (await rpc(pool.gateway.url, 'eth_newFilter', [{}])).json.result;
    // One is asked for when the one above it is there.
    await eventually(() => asked(57)).toBe(true);
    const logs = await pool.subscribe(['logs', {}]);
    for (const { view } of pool.members) view.keepsOrphans = false;
    const head = chain.extend(chain.at(start, 58) as ScriptedBlock, 3, { salt: 'other' });
    for (const { view } of pool.members) view.setHead(head);
    expect(short(await logs.got(5))).toEqual(['-60', '-59', '+59', '+60', '+61']);
    expect(folded(chain, start, head, logs)).toEqual(noFaults());
    expect(short((await rpc(pool.gateway.url, 'eth_getFilterChanges', [filter])).json.result)).toEqual(
      short(logs.events),
    );
  });

  it('that take back logs which no node gives are declared, and not passed over', { timeout: 40_000 }, async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 60);
    await using pool = await EventPool.start(chain, [start]);
    const { node, view } = pool.member(0);
    node.on('eth_getBlockReceipts', () => null);
    view.lateLogs.add(start.hash);
    const logs = await pool.subscribe(['logs', {}]);
    view.setHead(chain.extend(start, 2));
    await logs.got(2);
    view.setHead(chain.extend(chain.at(start, 59) as ScriptedBlock, 4, { salt: 'other' }));
    expect(await logs.client.closed()).toBe(1012);
    expect(short(logs.events)).toEqual(['+61', '+62', '-62', '-61']);
  });

  it('while a gap of 100 blocks is being filled', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const { node, view } = pool.member(0);
    const logs = await pool.subscribe(['logs', {}]);
    const answer = new ScriptedLogs(view.chain);
    node.on('eth_getLogs', ([filter]) => delay(10, answer.of(filter)));
    const long = chain.extend(start, 100);
    for (const member of pool.members) member.view.setHead(long);
    await logs.got(30);
    const fork = chain.at(long, 30) as ScriptedBlock;
    const other = chain.extend(fork, 90, { salt: 'other' });
    view.setHead(other);
    await eventually(() => short(logs.events).at(-1)).toBe('+120');
    expect(folded(chain, start, other, logs)).toEqual(noFaults());
  });

  it('two nodes of equal height on two branches, each announced again and again, do not make the stream flap', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    // After two block times one of the branches is chosen: that is long after this.
    await using pool = await EventPool.start(chain, [start, start], { chainOptions: { blockTime: '30s' } });
    const [heads, logs] = [await pool.subscribe(['newHeads']), await pool.subscribe(['logs', {}])];
    const one = chain.extend(start, 2);
    const other = chain.extend(start, 2, { salt: 'other' });
    for (let turn = 0; turn < 20; turn += 1) {
      pool.member(turn % 2).view.setHead(turn % 2 === 0 ? one : other);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    const head = chain.extend(other, 3, { salt: 'other' });
    pool.follow(head);
    await eventually(() => short(heads.events).at(-1)).toBe('h10');
    await eventually(() => short(logs.events).at(-1)).toBe('+10');
    expect(folded(chain, start, head, logs)).toEqual(noFaults());
    const oracle = new HeadOracle(chain, start);
    for (const event of heads.events) oracle.take(event as never);
    oracle.end(head);
    expect(oracle.faults).toEqual(noFaults());
    expect(logs.events.filter(({ removed }) => removed).length).toBeLessThanOrEqual(4);
  });
});

/** All logs of a block, as a node answers. */
class ScriptedLogs {
  readonly #chain: ScriptedChain;

  constructor(chain: ScriptedChain) {
    this.#chain = chain;
  }

  of(filter: unknown): unknown {
    return this.#chain.block((filter as { blockHash: string }).blockHash)?.logs ?? [];
  }
}
