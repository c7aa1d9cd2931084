import { describe, expect, it } from 'vitest';
import { ScriptedChain } from '../support/scripted-chain.ts';
import { Relay } from '../support/relay.ts';
import { EventPool, eventually, short } from './pool.ts';

const heads = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, at) => `h${from + at}`);
const added = (from: number, to: number): string[] => heads(from, to).map((word) => word.replace('h', '+'));

describe('what nodes do to their feeds', () => {
  it('two nodes that announce the same blocks, one later, give each block once', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start]);
    const [readHeads, readLogs] = [await pool.subscribe(['newHeads']), await pool.subscribe(['logs', {}])];
    const head = chain.extend(start, 4);
    pool.member(0).view.follow(head);
    await readLogs.got(4);
    pool.member(1).view.follow(head);
    pool.follow(chain.mine(head));
    expect(short(await readHeads.got(5))).toEqual(heads(6, 10));
    expect(short(await readLogs.got(5))).toEqual(added(6, 10));
  });

  it('a node that dies between blocks is no event', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start]);
    const logs = await pool.subscribe(['logs', {}]);
    const middle = chain.extend(start, 2);
    pool.follow(middle);
    await logs.got(2);
    await pool.member(0).node.stop();
    pool.member(1).view.follow(chain.extend(middle, 3));
    expect(short(await logs.got(5))).toEqual(added(6, 10));
  });

  it('the only node dies, and comes back three blocks later', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const { node, view } = pool.member(0);
    const [readHeads, readLogs] = [await pool.subscribe(['newHeads']), await pool.subscribe(['logs', {}])];
    await node.stop();
    view.place(chain.extend(start, 3));
    await node.restart();
    expect(short(await readHeads.got(3))).toEqual(heads(6, 8));
    expect(short(await readLogs.got(3))).toEqual(added(6, 8));
  });

  it('all nodes are gone for longer than the window is wide', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 50);
    await using pool = await EventPool.start(chain, [start, start], {
      chainOptions: { subscriptions: { window: 16 } },
    });
    const [readHeads, readLogs] = [await pool.subscribe(['newHeads']), await pool.subscribe(['logs', {}])];
    for (const { node } of pool.members) await node.stop();
    const head = chain.extend(start, 200);
    for (const { view } of pool.members) view.place(head);
    for (const { node } of pool.members) await node.restart();
    expect(short(await readHeads.got(200))).toEqual(heads(51, 250));
    expect(short(await readLogs.got(200))).toEqual(added(51, 250));
  });

  it('a socket stays open and says nothing, while another node mines on', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start]);
    const logs = await pool.subscribe(['logs', {}]);
    pool.member(0).view.pushes.silent = true;
    const head = chain.extend(start, 5);
    pool.follow(head);
    expect(short(await logs.got(5))).toEqual(added(6, 10));
  });

  it('the only feed says nothing any more: the polled head is enough', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const logs = await pool.subscribe(['logs', {}]);
    pool.member(0).view.pushes.silent = true;
    pool.follow(chain.extend(start, 5));
    expect(short(await logs.got(5))).toEqual(added(6, 10));
  });

  it('a node freezes with its sockets open', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start, start]);
    const logs = await pool.subscribe(['logs', {}]);
    pool.member(0).node.freeze();
    const middle = chain.extend(start, 5);
    pool.follow(middle);
    expect(short(await logs.got(5))).toEqual(added(6, 10));
    pool.member(0).node.thaw();
    pool.follow(chain.extend(middle, 2));
    expect(short(await logs.got(7))).toEqual(added(6, 12));
  });

  it('the connections to the only node go dead without a word, and new ones work', { timeout: 60_000 }, async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    const relays: Relay[] = [];
    const reach = async ({ port }: { readonly port: number }): Promise<string> => {
      const relay = await Relay.start(port);
      relays.push(relay);
      return `http://127.0.0.1:${relay.port}`;
    };
    await using pool = await EventPool.start(chain, [start], { reach });
    await using relay = relays[0] as Relay;
    const [readHeads, readLogs] = [await pool.subscribe(['newHeads']), await pool.subscribe(['logs', {}])];
    relay.deafen();
    const middle = chain.extend(start, 5);
    pool.follow(middle);
    expect(short(await readHeads.got(5))).toEqual(heads(6, 10));
    expect(short(await readLogs.got(5))).toEqual(added(6, 10));
    const head = chain.extend(middle, 2);
    pool.follow(head);
    expect(short(await readLogs.got(7))).toEqual(added(6, 12));
  });

  it('no node has a new block for very many block times', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start], { chainOptions: { blockTime: '20ms' } });
    const [readHeads, readLogs] = [await pool.subscribe(['newHeads']), await pool.subscribe(['logs', {}])];
    const beats = pool.member(0).node.count('eth_syncing');
    await eventually(() => pool.member(0).node.count('eth_syncing')).toBeGreaterThan(beats + 6);
    expect([readHeads.events, readLogs.events]).toEqual([[], []]);
    pool.follow(chain.mine(start));
    expect(short(await readHeads.got(1))).toEqual(['h6']);
    expect(short(await readLogs.got(1))).toEqual(['+6']);
    expect(readHeads.client.closeCode).toBeUndefined();
  });

  it('old heads that a lagging node repeats are no reorganisation', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 10);
    await using pool = await EventPool.start(chain, [start, start]);
    const [readHeads, readLogs] = [await pool.subscribe(['newHeads']), await pool.subscribe(['logs', {}])];
    const { node } = pool.member(1);
    for (const block of chain.branch(start, 5)) node.push('newHeads', block.header);
    for (const block of chain.branch(start, 5)) for (const log of block.logs) node.push('logs', log);
    pool.follow(chain.extend(start, 2));
    expect(short(await readHeads.got(2))).toEqual(heads(11, 12));
    expect(short(await readLogs.got(2))).toEqual(added(11, 12));
  });

  it('blocks that were never announced are told before the one that was', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 6);
    await using pool = await EventPool.start(chain, [start, start]);
    const [readHeads, readLogs] = [await pool.subscribe(['newHeads']), await pool.subscribe(['logs', {}])];
    for (const { view } of pool.members) view.setHead(chain.extend(start, 4));
    expect(short(await readHeads.got(4))).toEqual(heads(7, 10));
    expect(short(await readLogs.got(4))).toEqual(added(7, 10));
  });

  it('events that come shuffled, twice, or not at all give canonical order, once', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 6);
    await using pool = await EventPool.start(chain, [start, start]);
    const [readHeads, readLogs] = [await pool.subscribe(['newHeads']), await pool.subscribe(['logs', {}])];
    Object.assign(pool.member(0).view.pushes, { reverseBy: 3, times: 2 });
    Object.assign(pool.member(1).view.pushes, { dropEvery: 2 });
    pool.follow(chain.extend(start, 12));
    expect(short(await readHeads.got(12))).toEqual(heads(7, 18));
    expect(short(await readLogs.got(12))).toEqual(added(7, 18));
  });

  it('nodes without WebSocket are polled, and give the same stream', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 6);
    await using pool = await EventPool.start(chain, [start, start], { nodeOptions: { ws: false } });
    const [readHeads, readLogs] = [await pool.subscribe(['newHeads']), await pool.subscribe(['logs', {}])];
    pool.follow(chain.extend(start, 4));
    expect(short(await readHeads.got(4))).toEqual(heads(7, 10));
    expect(short(await readLogs.got(4))).toEqual(added(7, 10));
  });
});
