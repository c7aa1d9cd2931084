import { describe, expect, it } from 'vitest';
import { Damper } from '../../src/head/damper.ts';
import { type NodeFacts, stateOf } from '../../src/head/node-state.ts';

const options = { maxLag: 5, minPeers: 1, missed: 3, stallMs: 4000 };
const well: NodeFacts = {
  drained: false,
  wrongChain: undefined,
  identified: true,
  trouble: undefined,
  missed: 0,
  breakerOpen: false,
  link: 'linked',
  claimed: 100,
  doubted: undefined,
  lag: 0,
  forkedAt: undefined,
  saysSyncing: false,
  behindForMs: 0,
  peers: 25,
  poolHasPeers: true,
  limited: false,
};

describe('the state of a node', () => {
  it.each<[string, Partial<NodeFacts>, string]>([
    ['healthy', {}, 'keeps up'],
    ['healthy', { lag: 5 }, 'keeps up'],
    ['healthy', { peers: undefined }, 'keeps up'],
    ['healthy', { peers: 0, poolHasPeers: false }, 'keeps up'],
    ['healthy', { missed: 2, trouble: 'timeout' }, 'keeps up'],
    ['healthy', { saysSyncing: true, lag: 1 }, 'keeps up'],
    ['lagging', { lag: 6 }, '6 blocks behind the published head'],
    ['stalled', { behindForMs: 4000, lag: 2 }, 'no new head for 4.0 s while others moved on'],
    ['stalled', { behindForMs: 9000, lag: 9, peers: 0 }, 'no new head for 9.0 s while others moved on'],
    ['syncing', { saysSyncing: true, lag: 2 }, 'says it is syncing, 2 blocks behind'],
    ['isolated', { peers: 0 }, 'has 0 peers, needs 1'],
    ['forked', { forkedAt: 99 }, 'its block 99 is not the published chain’s'],
    [
      'forked',
      { link: 'broken', lag: undefined, claimed: 1e9 },
      'claims block 1000000000, which does not link to the published chain',
    ],
    ['forked', { doubted: 'told a false header of block 7' }, 'told a false header of block 7'],
    ['limited', { limited: true, lag: 9 }, 'its request budget is spent'],
    ['unknown', { identified: false }, 'not checked yet'],
    ['unknown', { identified: false, trouble: 'connection refused' }, 'connection refused'],
    ['unknown', { link: 'unread' }, 'its head has not been read yet'],
    ['unknown', { link: 'linking', lag: undefined }, 'block 100 is being linked to the published chain'],
    ['unknown', { lag: undefined }, 'no head is published yet'],
    ['healthy', { link: 'linking', lag: 1 }, 'keeps up'],
    ['lagging', { link: 'below', lag: 900 }, '900 blocks behind the published head'],
    ['down', { missed: 3, trouble: 'timeout' }, 'missed 3 heartbeats: timeout'],
    ['down', { breakerOpen: true }, 'its circuit breaker is open: too many calls failed'],
    ['wrong_chain', { wrongChain: 'it is of chain 5, this is chain 1' }, 'it is of chain 5, this is chain 1'],
    ['drained', { drained: true, wrongChain: 'another chain', missed: 9 }, 'drained by the operator'],
    ['down', { missed: 3, forkedAt: 7 }, 'missed 3 heartbeats'],
    ['forked', { forkedAt: 7, saysSyncing: true, lag: 40, limited: true }, 'its block 7 is not the published chain’s'],
  ])('is %s for %j: %s', (state, facts, reason) => {
    expect(stateOf({ ...well, ...facts }, options)).toEqual({ state, reason: reason.replace('’', "'") });
  });
});

describe('a restless state', () => {
  const healthy = { state: 'healthy', reason: 'keeps up' } as const;
  const lagging = { state: 'lagging', reason: '6 blocks behind' } as const;
  const forked = { state: 'forked', reason: 'on a fork' } as const;
  const damper = () => new Damper({ holdMs: 1000, memoryMs: 60_000 });

  it('is entered at once, and left at once the first time', () => {
    const calm = damper();
    expect(calm.calm(healthy, 0)).toBe(healthy);
    expect(calm.calm(lagging, 100)).toBe(lagging);
    expect(calm.calm(healthy, 200)).toBe(healthy);
  });

  it('has to be left for longer each time that the node falls back', () => {
    const calm = damper();
    calm.calm(healthy, 0);
    const holds: number[] = [];
    let now = 0;
    for (let relapse = 0; relapse < 4; relapse++) {
      calm.calm(lagging, now);
      const since = now + 100;
      for (now = since; calm.calm(healthy, now).state !== 'healthy'; now += 100);
      holds.push(now - since);
    }
    expect(holds).toEqual([0, 1000, 2000, 4000]);
  });

  it('changes a bounded number of times whatever is found', () => {
    const calm = damper();
    let changes = 0;
    let shown = 'healthy';
    for (let now = 0; now < 60_000; now += 100) {
      const { state } = calm.calm((now / 100) % 2 === 0 ? healthy : lagging, now);
      if (state !== shown) changes++;
      shown = state;
    }
    expect(changes).toBeLessThanOrEqual(4);
  });

  it('is forgiven in time', () => {
    const calm = damper();
    for (const [found, now] of [
      [healthy, 0],
      [lagging, 100],
      [healthy, 200],
    ] as const) {
      calm.calm(found, now);
    }
    expect(calm.calm(lagging, 70_000)).toBe(lagging);
    expect(calm.calm(healthy, 70_100)).toBe(healthy);
  });

  it('is never held where it serves nothing, and never hides one that serves less', () => {
    const calm = damper();
    for (let now = 0; now < 1000; now += 100) {
      expect(calm.calm(forked, now)).toBe(forked);
      expect(calm.calm(healthy, now + 50)).toBe(healthy);
    }
    calm.calm(lagging, 2000);
    expect(calm.calm(forked, 2001)).toBe(forked);
  });

  it('says in its reason that it is held', () => {
    const calm = damper();
    calm.calm(healthy, 0);
    calm.calm(lagging, 1);
    calm.calm(healthy, 2);
    calm.calm(lagging, 3);
    expect(calm.calm(healthy, 4)).toEqual({
      state: 'lagging',
      reason: '6 blocks behind; better, but it keeps falling back',
    });
  });
});
