import { afterEach, describe, expect, it } from 'vitest';
import { html200, rpcError } from '../support/fake-node.ts';
import { type ScriptedBlock, ScriptedChain } from '../support/scripted-chain.ts';
import { ScriptedNode } from '../support/scripted-node.ts';
import { Pool } from './pool.ts';

const chain = new ScriptedChain({ blockTime: 1 });
const base = chain.extend(chain.genesis, 100);
const on = (count: number, salt = 'main', from: ScriptedBlock = base) => chain.extend(from, count, { salt });

let pool: Pool;
afterEach(() => pool.close());

const start = async (heads: readonly ScriptedBlock[], options: ConstructorParameters<typeof Pool>[0] = {}) => {
  pool = new Pool(options);
  const members = await pool.join(chain, heads);
  return members;
};
const follow = (members: readonly { view: { follow(head: ScriptedBlock): void } }[], head: ScriptedBlock) => {
  for (const { view } of members) view.follow(head);
};

describe('a node', () => {
  it('of another chain is never used, also when it is heard first', async () => {
    const foreign = new ScriptedChain({ chainId: 5 });
    pool = new Pool();
    const [stranger] = await pool.join(foreign, [foreign.extend(foreign.genesis, 900)]);
    await pool.join(chain, [base, base]);
    await pool.until(() => pool.published !== undefined);
    expect(pool.published).toBe(100);
    expect(pool.chainHead.chainId).toBe(1337n);
    await pool.until(() => pool.state(stranger)?.state === 'wrong_chain');
  });

  it('is down as soon as its breaker opens, before it is asked again', async () => {
    const [a] = await start([base, base, base]);
    await pool.until(() => pool.published === 100 && pool.state(a)?.state === 'healthy');
    a?.node.on('eth_call', () => html200());
    const call = { method: 'eth_call', params: Buffer.from('[]'), heavy: false };
    for (let n = 0; n < 5; n += 1) await a?.upstream.call(call, 1_000).outcome;
    expect(pool.state(a)?.state).toBe('down');
  });

  it('with another genesis is never used', async () => {
    const twin = new ScriptedChain({ genesis: 'twin' });
    pool = new Pool({ chainId: 1337n });
    const [stranger] = await pool.join(twin, [twin.extend(twin.genesis, 900)]);
    await pool.join(chain, [base, base]);
    await pool.until(() => pool.published === 100 && pool.state(stranger)?.state === 'wrong_chain');
    expect(pool.state(stranger)?.reason).toContain('its genesis is');
  });

  it('that was restarted as one of another chain is found by the question after the reconnect', async () => {
    const [a] = await start([base, base, base]);
    await pool.until(() => pool.published === 100);
    a?.node.on('eth_chainId', () => '0x5');
    a?.node.closeSockets();
    await pool.pass(() => pool.state(a)?.state === 'wrong_chain');
    expect(pool.published).toBe(100);
  });

  it('that is alone and was started anew with another genesis is followed there, as a gap', async () => {
    const [a] = await start([base]);
    await pool.until(() => pool.published === 100);
    await pool.rest();
    const anew = new ScriptedChain({ genesis: 'anew' });
    if (a !== undefined) new ScriptedNode(anew, anew.extend(anew.genesis, 7)).attach(a.node);
    a?.node.closeSockets();
    await pool.pass(() => pool.published === 7);
    expect(pool.moves.at(-1)).toMatchObject({ removed: [], gap: true });
    expect(pool.state(a)?.state).toBe('healthy');
  });

  it('is unknown from the moment its connection is lost until its head is read again', async () => {
    const [a] = await start([base, base, base]);
    await pool.until(() => pool.published === 100 && a?.node.sockets === 1);
    await pool.rest();
    await a?.node.stop();
    await pool.until(() => pool.state(a)?.state === 'unknown');
    expect(pool.state(a)?.head).toBeUndefined();
    expect(pool.chainHead.view.holds('n0', { number: 90 })).toBe(false);
    await a?.node.start();
    await pool.pass(() => pool.state(a)?.state === 'healthy');
  });

  it('that comes back with an old head is lagging, and holds only what it has', async () => {
    const [a, b, c] = await start([on(50), on(50), on(50)]);
    await pool.until(() => pool.published === 150);
    await a?.node.stop();
    a?.view.place(on(20));
    await a?.node.start();
    await pool.pass(() => pool.state(a)?.state === 'lagging');
    expect(pool.published).toBe(150);
    expect(pool.state(a)).toMatchObject({ head: 120, lag: 30 });
    expect(pool.chainHead.view.holds('n0', { number: 120, hash: on(20).hash })).toBe(true);
    expect(pool.chainHead.view.holds('n0', { number: 121, hash: on(21).hash })).toBe(false);
    expect(pool.chainHead.view.holds('n1', { number: 121, hash: on(21).hash })).toBe(true);
    expect([b, c].map((member) => pool.state(member)?.state)).toEqual(['healthy', 'healthy']);
  });

  it('that misses its heartbeats is down, and up again with the first answer', async () => {
    const [a] = await start([base, base, base]);
    await pool.until(() => pool.published === 100);
    await pool.rest();
    a?.node.freeze();
    await pool.pass(() => pool.state(a)?.state === 'down');
    expect(pool.state(a)?.reason).toContain('missed 3 heartbeats');
    a?.node.thaw();
    await pool.pass(() => pool.state(a)?.state === 'healthy');
  });

  it('that was down has to tell again who it is', async () => {
    pool = new Pool();
    const [a] = await pool.join(chain, [base, base, base], { ws: false });
    await pool.until(() => pool.published === 100);
    await pool.rest();
    a?.node.freeze();
    await pool.pass(() => pool.state(a)?.state === 'down');
    a?.node.on('eth_chainId', () => '0x5');
    a?.node.thaw();
    await pool.pass(() => pool.state(a)?.state === 'wrong_chain', 100, 10_000);
  });

  it('does not go back by an event that comes late', async () => {
    const [a] = await start([base]);
    await pool.until(() => pool.published === 100 && a?.node.count('eth_subscribe') === 1);
    await pool.rest();
    if (a !== undefined) a.view.pushes.reverseBy = 2;
    a?.view.follow(on(2));
    await pool.until(() => pool.published === 102);
    await pool.rest();
    expect(pool.state(a)?.head).toBe(102);
  });

  it('does not go back by an answer that was asked for before the last event', async () => {
    const [a] = await start([base]);
    await pool.until(() => pool.published === 100 && a?.node.count('eth_subscribe') === 1);
    await pool.rest();
    const answer = Promise.withResolvers<void>();
    a?.node.on('eth_getBlockByNumber', async ([reference]) => {
      const block = a.view.blockAt(reference);
      if (reference === 'latest') await answer.promise;
      return block;
    });
    const asked = a?.node.requests.length ?? 0;
    pool.clock.advance(2000);
    await pool.until(() => a?.node.requests.slice(asked).some(({ params }) => params[0] === 'latest') === true);
    pool.clock.advance(10);
    a?.view.follow(on(1));
    await pool.until(() => pool.published === 101);
    answer.resolve();
    await pool.rest();
    expect(pool.state(a)?.head).toBe(101);
  });

  it('that stands still while others move is stalled after the stall time', async () => {
    const [a, b, c] = await start([base, base, base], { maxLag: 50 });
    await pool.until(() => pool.published === 100);
    await pool.rest();
    for (let count = 1; count <= 6; count++) {
      follow(
        [b, c].filter((member) => member !== undefined),
        on(count),
      );
      await pool.elapse(1000);
      if (count === 3) expect(pool.state(a)?.state).toBe('healthy');
    }
    expect(pool.state(a)?.state).toBe('stalled');
    a?.view.follow(on(6));
    await pool.pass(() => pool.state(a)?.state === 'healthy', 100, 3000);
  });

  it('is not stalled on a chain without a block for an hour', async () => {
    await start([base, base, base]);
    await pool.until(() => pool.published === 100);
    await pool.elapse(3_600_000, 60_000);
    expect(pool.states()).toEqual(['healthy', 'healthy', 'healthy']);
  });

  it('that is left behind alone does not hold up the others, with a block every 250 ms', async () => {
    const [a, b, c] = await start([base, base, base], { blockTimeMs: 250, stall: 4 });
    await pool.until(() => pool.published === 100);
    await pool.rest();
    for (let count = 1; count <= 40; count++) {
      follow(
        [b, c].filter((member) => member !== undefined),
        on(count),
      );
      await pool.elapse(250, 125);
    }
    await pool.until(() => pool.published === 140);
    expect(pool.state(a)?.state).toBe('stalled');
  });

  it('whose branch is not the published one is forked, and healthy as soon as it is back', async () => {
    const [a, b, c] = await start([base, base, base]);
    await pool.until(() => pool.published === 100);
    await pool.rest();
    a?.view.follow(on(2, 'side'));
    follow(
      [b, c].filter((member) => member !== undefined),
      on(2),
    );
    await pool.until(() => pool.published === 102 && pool.state(a)?.state === 'forked');
    expect(pool.chainHead.view.holds('n0', { number: 102, hash: on(2).hash })).toBe(false);
    expect(pool.chainHead.view.holds('n0', { number: 102, hash: on(2, 'side').hash })).toBe(true);
    expect(pool.chainHead.view.holds('n0', { number: 101, hash: on(1, 'side').hash })).toBe(true);
    expect(pool.chainHead.view.holds('n1', { number: 101, hash: on(1, 'side').hash })).toBe(false);
    expect(pool.chainHead.view.holds('n0', { number: 100, hash: base.hash })).toBe(true);
    expect(pool.chainHead.view.canonical(on(2, 'side').hash)).toBe(false);
    a?.view.follow(on(3));
    follow(
      [b, c].filter((member) => member !== undefined),
      on(3),
    );
    await pool.until(() => pool.published === 103 && pool.state(a)?.state === 'healthy');
  });

  it.each([0, 1, 2])('that is 8 blocks behind from the start is never called healthy, as the %i-th', async (place) => {
    const heads = [on(8), on(8), on(8)].map((head, index) => (index === place ? base : head));
    const members = await start(heads);
    await pool.until(() => pool.state(members[place])?.state === 'lagging');
    expect(pool.told.filter((line) => line.startsWith(`state test n${place}`))).toEqual([
      `state test n${place} unknown lagging 8 blocks behind the published head`,
    ]);
  });

  it('that is behind from the start is not called healthy while another one’s head is being linked', async () => {
    const members = await start([on(8), on(8), on(8), on(1), base]);
    await pool.until(() => pool.states().slice(3).join() === 'lagging,lagging');
    for (const name of members.slice(3).map(({ upstream }) => upstream.name)) {
      expect(pool.told.filter((line) => line.startsWith(`state test ${name}`))).toHaveLength(1);
    }
  });

  it('that is 8 blocks behind one other from the start is never called healthy', async () => {
    const members = await start([base, on(8)]);
    await pool.until(() => pool.state(members[0])?.state === 'lagging');
    expect(pool.told.filter((line) => line.startsWith('state test n0'))).toHaveLength(1);
  });

  it('that pushes true heads and answers with an absurd one is forked once, until it has been consistent', async () => {
    const members = await start([base, base, base]);
    const [liar] = members;
    await pool.until(() => pool.published === 100 && members.every(({ node }) => node.count('eth_subscribe') === 1));
    await pool.rest();
    let lying = true;
    const absurd = chain.claim(999_999_999);
    liar?.node.on('eth_getBlockByNumber', ([reference]) =>
      lying && reference === 'latest' ? absurd.header : liar.view.blockAt(reference),
    );
    const changes = () => pool.told.filter((line) => line.startsWith('state test n0')).slice(1);
    await pool.pass(() => pool.state(liar)?.state === 'forked');
    for (let count = 1; count <= 100; count++) {
      follow(members, on(count));
      await pool.elapse(1000, 250);
    }
    expect(pool.published).toBe(200);
    expect(changes()).toEqual([
      'state test n0 healthy forked claims block 999999999, which does not link to the published chain',
    ]);
    lying = false;
    for (let count = 101; count <= 120; count++) {
      follow(members, on(count));
      await pool.elapse(1000, 250);
    }
    expect(changes().slice(1)).toEqual(['state test n0 forked healthy keeps up']);
  });

  it('that tells a head once whose parents it has not, as in a reorganisation under way, serves on', async () => {
    const members = await start([base, base, base]);
    const [a] = members;
    await pool.until(() => pool.published === 100 && members.every(({ node }) => node.count('eth_subscribe') === 1));
    await pool.rest();
    const gone = chain.claim(101);
    a?.node.push('newHeads', gone.header);
    await pool.until(() => a?.node.requests.some(({ params }) => params[0] === gone.parentHash) === true);
    await pool.rest();
    follow(members, on(1));
    await pool.until(() => pool.published === 101);
    await pool.elapse(3000);
    expect(pool.told.filter((line) => line.startsWith('state test n0'))).toHaveLength(1);
  });

  it('whose feed is open and silent is found out, and its head read nevertheless', async () => {
    const members = await start([base, base, base]);
    await pool.until(() => pool.published === 100 && members.every(({ node }) => node.count('eth_subscribe') === 1));
    await pool.rest();
    for (const { view } of members) view.pushes.silent = true;
    for (let count = 1; count <= 8; count++) {
      follow(members, on(count));
      await pool.elapse(1000);
    }
    await pool.pass(() => pool.published === 108);
    expect(members.every(({ node }) => node.count('eth_subscribe') > 1)).toBe(true);
  });

  it('whose events come doubled, out of order or not at all does no harm', async () => {
    const [a, b, c] = await start([base, base, base]);
    await pool.until(() => pool.published === 100);
    await pool.rest();
    if (a !== undefined) a.view.pushes.times = 2;
    if (b !== undefined) b.view.pushes.reverseBy = 3;
    if (c !== undefined) c.view.pushes.dropEvery = 2;
    for (let count = 1; count <= 12; count++) {
      follow(
        [a, b, c].filter((member) => member !== undefined),
        on(count),
      );
      await pool.elapse(500);
    }
    await pool.pass(() => pool.published === 112);
    const announced = pool.moves.slice(1).flatMap(({ added }) => added.map(({ number }) => number));
    expect(announced).toEqual(Array.from({ length: 12 }, (_, index) => 101 + index));
    expect(pool.moves.every(({ removed }) => removed.length === 0)).toBe(true);
  });

  it('can be drained by hand and put back', async () => {
    await start([base, base, base]);
    await pool.until(() => pool.published === 100);
    expect(pool.chainHead.drain('n1')).toBe(true);
    expect(pool.states()).toEqual(['healthy', 'drained', 'healthy']);
    expect(pool.chainHead.undrain('n1')).toBe(true);
    expect(pool.states()).toEqual(['healthy', 'healthy', 'healthy']);
    expect(pool.chainHead.drain('nobody')).toBe(false);
  });

  it('without net_peerCount, eth_syncing or the tags is not punished', async () => {
    const [a] = await start([base, base, base]);
    if (a !== undefined) a.view.tags = false;
    for (const method of ['net_peerCount', 'eth_syncing']) {
      a?.node.on(method, () => rpcError(-32601, `the method ${method} does not exist`));
    }
    await pool.until(() => pool.published === 100);
    await pool.elapse(6000);
    expect(pool.state(a)).toMatchObject({ state: 'healthy', peers: undefined });
    expect(pool.state(a)?.score).toBeGreaterThan(0.5);
  });

  it('is isolated without peers while others have some, and syncing when it says so and is behind', async () => {
    const [a, b] = await start([base, base, base]);
    a?.node.on('net_peerCount', () => '0x0');
    b?.node.on('eth_syncing', () => ({ startingBlock: '0x0', currentBlock: '0x60', highestBlock: '0x64' }));
    if (b !== undefined) b.view.lag = 4;
    await pool.pass(() => pool.state(a)?.state === 'isolated' && pool.state(b)?.state === 'syncing');
  });

  it('changes its state with one line in words', async () => {
    const [a] = await start([base, base, base]);
    await pool.until(() => pool.published === 100);
    pool.chainHead.drain('n0');
    pool.chainHead.drain('n0');
    const lines = pool.told.filter((line) => line.startsWith('state test n0'));
    expect(lines).toEqual([
      'state test n0 unknown healthy keeps up',
      'state test n0 healthy drained drained by the operator',
    ]);
    expect(pool.state(a)?.state).toBe('drained');
  });
});

describe('a pool of several tiers', () => {
  it('asks the higher tier rarely, and turns to it when the lower one is gone', async () => {
    pool = new Pool();
    const [cheap] = await pool.join(chain, [base]);
    const [dear] = await pool.join(chain, [base], { tier: 1 });
    await pool.until(() => pool.published === 100);
    await pool.elapse(10_000);
    const asked = pool.probes.get('n1') ?? 0;
    expect(asked).toBeLessThan((pool.probes.get('n0') ?? 0) / 2);
    expect(dear?.node.count('eth_subscribe')).toBe(0);
    dear?.view.place(on(30));
    await cheap?.node.stop();
    await pool.pass(() => pool.published === 130, 100, 5000);
  });

  it('does not let the higher tier vote while the lower one can', async () => {
    pool = new Pool();
    const low = await pool.join(chain, [base, base]);
    await pool.join(chain, [on(30, 'lie'), on(30, 'lie'), on(30, 'lie')], { tier: 1 });
    await pool.until(() => pool.published === 100);
    follow(low, on(1));
    await pool.until(() => pool.published === 101);
  });
});
