import { afterEach, describe, expect, it } from 'vitest';
import { Cancellation } from '../../src/lib/cancellation.ts';
import { html200 } from '../support/fake-node.ts';
import { type ScriptedBlock, ScriptedChain } from '../support/scripted-chain.ts';
import { Pool } from './pool.ts';
import { headerOf } from './tree-of.ts';

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

describe('the published head', () => {
  it('comes up with the nodes, with its safe and finalized blocks', async () => {
    await start([base, base, base]);
    await pool.until(() => pool.published === 100);
    expect(pool.chainHead.chainId).toBe(1337n);
    expect(pool.chainHead.view.head).toMatchObject({ safe: { number: 68 }, finalized: { number: 36 } });
    expect(pool.states()).toEqual(['healthy', 'healthy', 'healthy']);
    expect(pool.moves).toHaveLength(1);
  });

  it.each([
    [100, 64, 36],
    [300, 200, 100],
    [50, 64, 0],
    [300, 250, 50],
  ])(
    'at %i has its final block %i below from the start, where the nodes have no tags',
    async (height, finality, block) => {
      const top = chain.extend(chain.genesis, height);
      const members = await start([top, top, top], { finality, window: 256 });
      for (const { view } of members) view.tags = false;
      await pool.until(() => pool.chainHead.view.head?.finalized !== undefined);
      const final = { number: block, hash: chain.at(top, block)?.hash };
      expect(pool.chainHead.view.head).toMatchObject({ latest: { number: height }, safe: final, finalized: final });
      expect(pool.moves).toHaveLength(1);
    },
  );

  it('has its final block as soon as a node shows what lies below, where none did at first', async () => {
    const members = await start([base]);
    let pruned = true;
    for (const { view, node } of members) {
      view.tags = false;
      node.on('eth_getBlockByNumber', ([reference]) =>
        pruned && Number(reference) < 98 ? null : view.blockAt(reference),
      );
    }
    await pool.until(() => pool.chainHead.view.hashAt(98) !== undefined);
    await pool.rest();
    expect(pool.chainHead.view.head?.finalized).toBeUndefined();
    pruned = false;
    follow(members, on(1));
    await pool.until(() => pool.chainHead.view.head?.finalized?.number === 37);
  });

  it('has the blocks below it by height and by hash, as soon as they have been fetched', async () => {
    await start([base, base, base]);
    await pool.until(() => pool.chainHead.view.hashAt(68) !== undefined);
    const block = chain.at(base, 68);
    expect(pool.chainHead.view.hashAt(68)).toBe(block?.hash);
    expect(pool.chainHead.view.numberOf(block?.hash ?? '')).toBe(68);
    expect(pool.chainHead.view.hashAt(101)).toBeUndefined();
  });

  it('follows pushed heads, once a quorum holds them', async () => {
    const [a, b] = await start([base, base, base]);
    await pool.until(() => pool.published === 100 && a?.node.sockets === 1 && b?.node.sockets === 1);
    await pool.rest();
    const next = on(1);
    a?.view.follow(next);
    await pool.rest();
    expect(pool.published).toBe(100);
    b?.view.follow(next);
    await pool.until(() => pool.published === 101);
    expect(pool.moves.at(-1)).toMatchObject({ removed: [], gap: false });
  });

  it('links what a push has skipped, and announces every block', async () => {
    const members = await start([base, base, base]);
    await pool.until(() => pool.published === 100);
    await pool.rest();
    for (const { view } of members) view.setHead(on(9));
    await pool.until(() => pool.published === 109);
    const added = pool.moves.slice(1).flatMap((move) => move.added.map(({ number }) => number));
    expect(added).toEqual([101, 102, 103, 104, 105, 106, 107, 108, 109]);
  });

  it('follows nodes whose heads have to be polled', async () => {
    pool = new Pool();
    const members = await pool.join(chain, [base, base, base], { ws: false });
    await pool.until(() => pool.published === 100);
    follow(members, on(1));
    await pool.pass(() => pool.published === 101);
    follow(members, on(2));
    await pool.pass(() => pool.published === 102);
  });

  it('asks nodes that do not push as soon as another one tells of a block', async () => {
    pool = new Pool({ blockTimeMs: 60_000 });
    const [pushing] = await pool.join(chain, [base]);
    const polled = await pool.join(chain, [base, base], { ws: false });
    await pool.until(() => pool.published === 100 && pushing?.node.sockets === 1);
    await pool.rest();
    await pool.elapse(600);
    follow(polled, on(1));
    pushing?.view.follow(on(1));
    await pool.pass(() => pool.published === 101, 50, 600);
  });

  it('is not moved by a lone node that claims an absurd height', async () => {
    const [, , liar] = await start([base, base, base]);
    if (liar !== undefined) liar.view.claimed = chain.claim(1_000_000_000);
    await pool.until(() => pool.published !== undefined || pool.clock.advance(100) !== undefined);
    await pool.pass(() => pool.state(liar)?.state === 'forked');
    expect(pool.published).toBe(100);
    expect(pool.state(liar)?.reason).toBe('claims block 1000000000, which does not link to the published chain');
  });

  it('is not moved by an absurd claim where there are only two nodes', async () => {
    pool = new Pool();
    const [honest, liar] = await pool.join(chain, [base, base]);
    if (liar !== undefined) liar.view.claimed = chain.claim(1_000_000_000);
    await pool.pass(() => pool.published !== undefined);
    expect(pool.published).toBe(100);
    follow(honest === undefined ? [] : [honest], on(1));
    await pool.pass(() => pool.published === 101);
  });

  it('is not moved by a lone node with plausible headers of its own', async () => {
    const [a, b, liar] = await start([base, base, base]);
    await pool.until(() => pool.published === 100);
    await pool.rest();
    for (let count = 1; count <= 20; count++) {
      liar?.view.follow(on(count, 'lie'));
      if (count % 4 === 0) {
        a?.view.follow(on(count / 4));
        b?.view.follow(on(count / 4));
      }
      await pool.rest();
    }
    await pool.until(() => pool.published === 105);
    expect(pool.publishedHash).toBe(on(5).hash);
    expect(pool.state(liar)?.state).toBe('forked');
  });

  it('is not a liar’s who is heard first while the others are still awaited', async () => {
    pool = new Pool();
    const honest = await pool.join(chain, [base, base]);
    const answers = Promise.withResolvers<void>();
    for (const { node, view } of honest) {
      node.on('eth_getBlockByNumber', async ([reference]) => {
        if (reference === 'latest') await answers.promise;
        return view.blockAt(reference);
      });
    }
    const [liar] = await pool.join(chain, [on(30, 'lie')]);
    await pool.until(() => liar?.node.requests.some(({ params }) => params[0] === 'latest') === true);
    await pool.rest();
    expect(pool.published).toBeUndefined();
    answers.resolve();
    await pool.until(() => pool.published !== undefined);
    expect(pool.publishedHash).toBe(base.hash);
  });

  it('is not stopped by a liar who tells false headers for true hashes', async () => {
    const [a, b, liar] = await start([base, base, base]);
    await pool.until(() => pool.published === 100);
    await pool.rest();
    const next = on(1);
    liar?.node.push('newHeads', { ...next.header, parentHash: chain.genesis.hash });
    await pool.rest();
    follow(
      [a, b].filter((member) => member !== undefined),
      next,
    );
    await pool.until(() => pool.published === 101);
    expect(pool.told.some((line) => line.includes('contradict'))).toBe(true);
  });

  it.each([
    ['the one that its hash is made of', {}],
    ['the one that most tell, where the hash proves nothing', { difficulty: '0x2' }],
  ])('has a header that is true although a liar told it first: %s', async (_, fields) => {
    const [liar, a, b] = await start([base, base, base]);
    await pool.until(() => pool.published === 100);
    await pool.rest();
    const next = on(1, `told ${JSON.stringify(fields)}`);
    const honest: Readonly<Record<string, string>> = { ...next.header, ...fields };
    const before = pool.moves.length;
    const gasUsed = () => JSON.parse(pool.chainHead.tree.get(next.hash)?.raw.toString() ?? '{}').gasUsed;
    liar?.node.push('newHeads', { ...honest, gasUsed: '0xdead' });
    await pool.until(() => gasUsed() === '0xdead');
    expect(pool.chainHead.believes(next.hash)).toBe(false);
    a?.node.push('newHeads', honest);
    await pool.rest();
    b?.node.push('newHeads', honest);
    await pool.until(() => pool.published === 101);
    expect(pool.moves.slice(before).map(({ added }) => added.map(({ raw }) => JSON.parse(raw.toString())))).toEqual([
      [honest],
    ]);
    expect(pool.chainHead.believes(next.hash)).toBe(true);
    await pool.until(() => pool.state(liar)?.state === 'forked');
    expect(pool.state(liar)?.reason).toBe('told a false header of block 101');
    expect(pool.told.filter((line) => line.includes('false header') && line.startsWith('noted'))).toHaveLength(1);
    expect(gasUsed()).toBe(honest['gasUsed']);
  });

  it.each([2, 3])('is that of %i nodes who each show another miner, where hashes prove nothing', async (count) => {
    const members = await start(Array.from({ length: count }, () => base));
    await pool.until(() => pool.published === 100);
    await pool.rest();
    const next = on(1, `shown by ${count}`);
    for (const [index, { node }] of members.entries()) {
      node.push('newHeads', { ...next.header, difficulty: '0x2', miner: `0x${`${index}`.repeat(40)}` });
    }
    await pool.rest();
    expect(pool.published).toBe(101);
    expect(pool.chainHead.believes(next.hash)).toBe(true);
  });

  it('has a header that is gone by where only one node can tell it', async () => {
    const [one] = await start([base]);
    await pool.until(() => pool.published === 100);
    await pool.rest();
    const next = on(1, 'alone');
    one?.node.push('newHeads', { ...next.header, difficulty: '0x2' });
    await pool.until(() => pool.published === 101);
    expect(pool.chainHead.believes(next.hash)).toBe(true);
    await pool.join(chain, [base]);
    await pool.until(() => pool.states().join() === 'healthy,healthy');
    expect(pool.chainHead.believes(next.hash)).toBe(false);
    expect(pool.chainHead.believes(base.hash)).toBe(true);
    expect(pool.chainHead.believes(`0x${'ab'.repeat(32)}`)).toBeUndefined();
  });

  it('has a header that is gone by where only one node votes, and a higher tier is seldom asked', async () => {
    const [one] = await start([base]);
    await pool.join(chain, [base], { tier: 1 });
    await pool.until(() => pool.states().join() === 'healthy,healthy');
    const next = on(1, 'voted by one');
    one?.node.push('newHeads', { ...next.header, difficulty: '0x2' });
    await pool.until(() => pool.published === 101);
    expect(pool.chainHead.believes(next.hash)).toBe(true);
  });

  it('has two nodes tell the blocks below it, where hashes prove nothing', async () => {
    const plain = new ScriptedChain({ blockTime: 1 });
    const top = plain.extend(plain.genesis, 100);
    for (const block of plain.branch(top, 0)) Object.assign(block.header, { difficulty: '0x2' });
    const hash = plain.at(top, 70)?.hash ?? '';
    pool = new Pool();
    const members = await pool.join(plain, [top, top]);
    await pool.until(() => pool.chainHead.view.hashAt(70) === hash && pool.chainHead.believes(hash) === true);
    await pool.rest();
    const asked = members.map(({ node }) => node.requests.filter(({ params }) => params[0] === hash).length);
    expect(asked).toEqual([0, 1]);
  });

  it('is not told by a hint alone', async () => {
    const [one] = await start([base, base]);
    await pool.until(() => pool.published === 100);
    const next = on(1, 'hinted');
    const header = { ...next.header, difficulty: '0x2' };
    const hinted = { ...headerOf(next), raw: Buffer.from(JSON.stringify({ ...header, gasUsed: '0xdead' })) };
    pool.chainHead.hint(hinted, 'another replica');
    one?.node.push('newHeads', header);
    await pool.until(() => pool.published === 101);
    expect(JSON.parse(pool.chainHead.tree.get(next.hash)?.raw.toString() ?? '')).toEqual(header);
    expect(pool.chainHead.believes(next.hash)).toBe(false);
  });

  it('does not go over to a fork because calls to one of those who hold it fail', async () => {
    const [a, b, c] = await start([on(3), on(3), on(3)]);
    await pool.until(() => pool.published === 103);
    a?.node.on('eth_call', () => html200());
    const call = { method: 'eth_call', params: Buffer.from('[]'), heavy: false };
    const fail = async (): Promise<void> => {
      for (let n = 0; n < 5; n += 1) await a?.upstream.call(call, 1_000).outcome;
    };
    await fail();
    expect(pool.state(a)?.state).toBe('down');
    for (let count = 4; count < 10; count += 1) {
      c?.view.follow(on(count + 3, 'fork'));
      a?.view.follow(on(count));
      b?.view.follow(on(count));
      for (let step = 0; step < 10; step += 1) {
        await pool.elapse(100);
        await fail();
      }
    }
    expect(pool.publishedHash).toBe(on(9).hash);
    expect(pool.moves.every(({ removed }) => removed.length === 0)).toBe(true);
  });

  it('does not go over to a fork because the sockets of those who hold it are cut for a moment', async () => {
    const [a, b, c] = await start([on(3), on(3), on(5, 'fork')]);
    await pool.until(() => pool.published === 103);
    await pool.rest();
    a?.node.closeSockets();
    b?.node.closeSockets();
    c?.view.follow(on(6, 'fork'));
    await pool.pass(() => pool.states().join() === 'healthy,healthy,forked');
    expect(pool.moves).toHaveLength(1);
    expect(pool.publishedHash).toBe(on(3).hash);
  });

  it('is not a liar’s who has it alone while the sockets of the others are cut for a moment', async () => {
    const [a, b, liar] = await start([base, base, base]);
    await pool.until(() => pool.published === 100);
    await pool.rest();
    a?.node.closeSockets();
    b?.node.closeSockets();
    await pool.until(() => pool.states().join() === 'unknown,unknown,healthy');
    liar?.view.follow(on(1, 'lie'));
    await pool.until(() => pool.state(liar)?.head === 101);
    await pool.pass(() => pool.states().join() === 'healthy,healthy,healthy');
    expect(pool.published).toBe(100);
  });

  it('follows the reorganisation of a lone node at once', async () => {
    const [a] = await start([on(3)]);
    await pool.until(() => pool.published === 103 && a?.node.count('eth_subscribe') === 1);
    await pool.rest();
    a?.view.setHead(on(2, 'other', on(1)));
    await pool.until(() => pool.publishedHash === on(2, 'other', on(1)).hash);
    expect(pool.moves.at(-1)).toMatchObject({ gap: false });
  });

  it('goes over to what the living hold only after the stall time, when its holders are gone', async () => {
    const [a, b] = await start([on(3), on(3), on(5, 'fork')]);
    await pool.until(() => pool.published === 103);
    await pool.rest();
    await Promise.all([a?.node.stop(), b?.node.stop()]);
    await pool.pass(() => pool.states().join() === 'unknown,unknown,forked');
    const gone = pool.clock.now();
    await pool.pass(() => pool.publishedHash === on(5, 'fork').hash);
    expect(pool.clock.now() - gone).toBeGreaterThanOrEqual(3500);
  });

  it('says once that the pool is split', async () => {
    await start([on(3, 'left'), on(3, 'left'), on(4, 'right'), on(4, 'right')]);
    await pool.until(() => pool.published !== undefined);
    await pool.elapse(5000);
    expect(pool.publishedHash).toBe(on(4, 'right').hash);
    expect(pool.told.filter((line) => line.includes('split'))).toHaveLength(1);
  });

  it('goes over with a reorganisation: down newest first, up oldest first', async () => {
    const members = await start([on(3), on(3), on(3)]);
    await pool.until(() => pool.published === 103);
    await pool.rest();
    for (const { view } of members) view.setHead(on(5, 'other', on(1)));
    await pool.until(() => pool.publishedHash === on(5, 'other', on(1)).hash);
    const undone = pool.moves.flatMap(({ removed }) => removed.map(({ number }) => number));
    expect(undone).toEqual([103, 102]);
  });

  it('stays where it is while every holder is gone, and is lowered after the stall time', async () => {
    const members = await start([on(5), on(5), on(5)]);
    await pool.until(() => pool.published === 105);
    await pool.rest();
    for (const { view } of members) view.place(on(2));
    await pool.elapse(3000);
    expect(pool.published).toBe(105);
    await pool.pass(() => pool.published === 102);
    expect(pool.told).toContain('rewound test 105 102');
    expect(pool.moves.at(-1)).toMatchObject({ added: [], gap: false });
  });

  it('moves over a gap that is wider than the window, and says so', async () => {
    const members = await start([base, base, base]);
    await pool.until(() => pool.published === 100);
    await pool.rest();
    for (const { view } of members) view.setHead(on(500));
    await pool.pass(() => pool.published === 600);
    expect(pool.moves.at(-1)).toMatchObject({ removed: [], gap: true });
    expect(pool.moves.at(-1)?.added).toHaveLength(1);
  });

  it('does not follow one of two nodes over such a gap while the other one goes on', async () => {
    const [honest, liar] = await start([base, base]);
    await pool.until(() => pool.published === 100);
    liar?.view.setHead(on(500, 'lie'));
    for (let count = 1; count <= 10; count++) {
      honest?.view.follow(on(count));
      await pool.elapse(1000);
    }
    expect(pool.published).toBe(110);
    expect(pool.state(liar)?.state).toBe('forked');
    // Nobody walks back from where no walk can end.
    expect(liar?.node.count('eth_getBlockByHash')).toBeLessThan(5);
  });

  it('is lowered after the stall time also farther than the window reaches', async () => {
    const members = await start([on(400), on(400), on(400)]);
    await pool.until(() => pool.published === 500);
    await pool.rest();
    for (const { view } of members) view.place(base);
    await pool.elapse(3000);
    expect(pool.published).toBe(500);
    await pool.pass(() => pool.published === 100, 100, 10_000);
    expect(pool.moves.at(-1)).toMatchObject({ removed: [], gap: true });
    expect(pool.states()).toEqual(['healthy', 'healthy', 'healthy']);
  });

  it('is the fastest node’s where that is asked for', async () => {
    const [a] = await start([base, base, base], { mode: 'fastest' });
    await pool.until(() => pool.published === 100);
    await pool.rest();
    a?.view.follow(on(1));
    await pool.until(() => pool.published === 101);
  });

  it('tells of a block only when a quorum can be asked for it by hash', async () => {
    const members = await start([base, base, base]);
    await pool.until(() => pool.published === 100);
    await pool.rest();
    const readable: number[] = [];
    pool.chainHead.onMove(({ head }) => {
      readable.push(members.filter(({ upstream }) => pool.chainHead.view.holds(upstream.name, head)).length);
    });
    for (let count = 1; count <= 10; count++) {
      for (const { view } of members) {
        view.follow(on(count));
        await pool.rest();
      }
    }
    expect(readable).toHaveLength(10);
    expect(Math.min(...readable)).toBeGreaterThanOrEqual(2);
  });
});

describe('those who follow the head', () => {
  it('all hear of one move before anybody hears of the next, also when one of them brings it about', async () => {
    pool = new Pool();
    const heard: string[] = [];
    pool.chainHead.onMove(({ head }) => {
      heard.push(`first ${head.number}`);
      // Without the two that are behind, the third decides alone.
      if (head.number === 100) {
        pool.chainHead.drain('n0');
        pool.chainHead.drain('n1');
      }
    });
    pool.chainHead.onMove(({ head }) => heard.push(`second ${head.number}`));
    await pool.join(chain, [base, base, on(1)]);
    await pool.until(() => pool.published === 101);
    expect(heard).toEqual(['first 100', 'second 100', 'first 101', 'second 101']);
  });

  it('hear nothing any more once they have left', async () => {
    const members = await start([base]);
    await pool.until(() => pool.published === 100);
    const heard: number[] = [];
    const leave = pool.chainHead.onMove(({ head }) => heard.push(head.number));
    await pool.rest();
    follow(members, on(1));
    await pool.until(() => pool.published === 101);
    leave();
    follow(members, on(2));
    await pool.until(() => pool.published === 102);
    expect(heard).toEqual([101]);
  });
});

describe('those who wait for the chain', () => {
  it('are told as soon as what they wait for is so', async () => {
    const members = await start([base, base, base]);
    await pool.until(() => pool.published === 100);
    await pool.rest();
    const waiting = pool.chainHead.waitFor((view) => view.head?.latest.number === 102, 10_000, new Cancellation());
    follow(members, on(2));
    expect(await waiting).toBe(true);
  });

  it('are told at their deadline, when they leave, and at the end, that it is not', async () => {
    await start([base]);
    await pool.until(() => pool.published === 100);
    const never = () => false;
    const leaving = new Cancellation();
    const waits = [
      pool.chainHead.waitFor(never, pool.clock.now() + 500, new Cancellation()),
      pool.chainHead.waitFor(never, pool.clock.now() + 60_000, leaving),
      pool.chainHead.waitFor(never, pool.clock.now() + 60_000, new Cancellation()),
    ];
    pool.clock.advance(500);
    leaving.cancel();
    pool.chainHead.close();
    expect(await Promise.all(waits)).toEqual([false, false, false]);
  });
});
