import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChainView, NodeState, NodeView } from '../../src/head/chain-view.ts';
import { methodSpec } from '../../src/ethereum/methods.ts';
import { select } from '../../src/router/selection.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';

interface Given {
  readonly name: string;
  readonly tier?: number;
  readonly weight?: number;
  readonly state?: NodeState;
  readonly score?: number;
  readonly inflight?: number;
  readonly head?: number;
  readonly send?: boolean | 'only';
  readonly breaker?: Upstream['stats']['breaker'];
  readonly turnsAway?: boolean;
  readonly reachable?: boolean;
}

const node = ({
  name,
  tier = 0,
  weight = 1,
  state = 'healthy',
  score = 1,
  inflight = 0,
  head = 100,
  send = true,
  breaker = 'closed',
  turnsAway = breaker === 'open',
  reachable = true,
}: Given): NodeView => ({
  upstream: {
    name,
    tier,
    weight,
    send,
    stats: { inflight, breaker, turnsAway, limitedUntil: state === 'limited' ? 1 : 0, callsPerSecond: 0 },
  } as Upstream,
  state,
  reason: 'as the test says',
  reachable,
  score,
  head,
  lag: 0,
  peers: undefined,
  client: '',
  kind: 'other',
});

const viewOf = (...given: Given[]): ChainView => {
  const nodes = given.map(node);
  return {
    head: undefined,
    nodes,
    holds: (upstream, block) => (nodes.find((one) => one.upstream.name === upstream)?.head ?? -1) >= block.number,
    canonical: () => true,
    hashAt: () => undefined,
    numberOf: () => undefined,
  };
};

const nothing = { offers: () => true, lacks: () => undefined, holders: new Set<string>() };
const anyCall = { spec: methodSpec('eth_call'), pin: undefined, only: undefined, minBlock: undefined };
const names = (view: ChainView, call: Parameters<typeof select>[1] = anyCall, random = () => 0.5) =>
  select(view, call, nothing, random).candidates.map(({ upstream }) => upstream.name);

describe('select', () => {
  it('asks a higher tier only after everybody in the lower one', () => {
    const view = viewOf({ name: 'paid', tier: 1 }, { name: 'own-1' }, { name: 'own-2', state: 'lagging' });
    expect(names(view)).toEqual(['own-1', 'own-2', 'paid']);
  });

  it('asks healthy nodes first, then lagging, then stalled, syncing and isolated ones', () => {
    const view = viewOf(
      { name: 'stalled', state: 'stalled' },
      { name: 'lagging', state: 'lagging' },
      { name: 'healthy' },
    );
    expect(names(view)).toEqual(['healthy', 'lagging', 'stalled']);
  });

  it('asks a node whose budget is spent after everybody else, also after a higher tier', () => {
    const view = viewOf({ name: 'limited', state: 'limited' }, { name: 'paid', tier: 1 });
    expect(names(view)).toEqual(['paid', 'limited']);
  });

  it('asks no node whose breaker has just opened, though it is still shown healthy, and one that is half open', () => {
    const view = viewOf({ name: 'open', breaker: 'open' }, { name: 'half-open', breaker: 'half-open' });
    expect(names(view)).toEqual(['half-open']);
  });

  it.each(['unknown', 'down', 'forked', 'wrong_chain', 'drained'] as const)('never asks a node that is %s', (state) => {
    expect(names(viewOf({ name: 'a', state }))).toEqual([]);
  });

  it('asks only nodes that hold the pinned block, and says so of the others', () => {
    const view = viewOf({ name: 'behind', head: 99 }, { name: 'there', head: 100 });
    const call = { ...anyCall, pin: { number: 100, hash: '0x' } };
    const { candidates, excluded, hope } = select(view, call, nothing, () => 0);
    expect(candidates.map(({ upstream }) => upstream.name)).toEqual(['there']);
    expect(excluded).toEqual([{ upstream: 'behind', why: 'does not hold block 100', lacksBlock: true, away: false }]);
    expect(hope).toBe(true);
  });

  it('asks only nodes that have reached the least block that the client wants', () => {
    expect(
      names(viewOf({ name: 'behind', head: 9 }, { name: 'there', head: 10 }), { ...anyCall, minBlock: 10 }),
    ).toEqual(['there']);
  });

  it('keeps a node that has refused the method for last', () => {
    const view = viewOf({ name: 'without' }, { name: 'with', state: 'lagging' });
    const lacks = (name: string) => (name === 'without' ? 'refused' : undefined);
    const order = select(view, anyCall, { ...nothing, lacks }, () => 0).candidates;
    expect(order.map(({ upstream }) => upstream.name)).toEqual(['with', 'without']);
  });

  it('never asks a node for a method that its config denies', () => {
    const offers = (name: string) => name !== 'denied';
    const { candidates } = select(
      viewOf({ name: 'denied' }, { name: 'free' }),
      anyCall,
      { ...nothing, offers },
      () => 0,
    );
    expect(candidates.map(({ upstream }) => upstream.name)).toEqual(['free']);
  });

  it.each([
    'eth_sendRawTransaction',
    'eth_sendBundle',
    'eth_cancelPrivateTransaction',
    'parity_postTransaction',
    'mev_sendBundle',
    'eea_sendRawTransaction',
    'eth_sendInWaysUnknownHere',
  ])('keeps transactions from nodes that take none, and gives them to a relay alone, by %s', (method) => {
    const send = { ...anyCall, spec: methodSpec(method) };
    expect(names(viewOf({ name: 'closed', send: false }, { name: 'open' }), send)).toEqual(['open']);
    expect(names(viewOf({ name: 'relay', send: 'only' }, { name: 'open' }), send)).toEqual(['relay']);
    expect(names(viewOf({ name: 'relay', send: 'only' }, { name: 'open' }))).toEqual(['open']);
  });

  it('has hope where the whole pool has left the published branch, and none for one fork beside a node that serves', () => {
    const forked = { name: 'a', state: 'forked' } as const;
    expect(select(viewOf(forked, { name: 'b', state: 'down' }), anyCall, nothing, () => 0).hope).toBe(true);
    expect(select(viewOf(forked, { name: 'b' }), anyCall, nothing, () => 0).hope).toBe(false);
  });

  it('has hope while a node is unknown, and none when all are down', () => {
    expect(select(viewOf({ name: 'a', state: 'unknown' }), anyCall, nothing, () => 0).hope).toBe(true);
    expect(select(viewOf({ name: 'a', state: 'down' }), anyCall, nothing, () => 0).hope).toBe(false);
  });

  it('asks no node that one call is just trying, and has hope of it', () => {
    const tried = { name: 'tried', breaker: 'half-open', turnsAway: true } as const;
    expect(names(viewOf(tried, { name: 'other' }))).toEqual(['other']);
    const { excluded, hope } = select(viewOf(tried), anyCall, nothing, () => 0);
    expect(excluded).toMatchObject([{ upstream: 'tried', away: true }]);
    expect(hope).toBe(true);
  });

  it('has hope where a node answers probes behind its open breaker, and none where it answers nothing', () => {
    const broken = { name: 'a', breaker: 'open' } as const;
    const hope = (given: Given): boolean => select(viewOf(given), anyCall, nothing, () => 0).hope;
    expect(hope({ ...broken, state: 'down' })).toBe(true);
    expect(hope(broken)).toBe(true);
    expect(hope({ ...broken, state: 'down', reachable: false })).toBe(false);
    expect(hope({ ...broken, state: 'drained' })).toBe(false);
  });

  it('never prefers the clearly worse of two, by score or load', () => {
    for (const worse of [{ score: 0.2 }, { inflight: 9 }]) {
      for (const chance of [0, 0.49, 0.5, 0.99]) {
        expect(names(viewOf({ name: 'worse', ...worse }, { name: 'better' }), anyCall, () => chance)[0]).toBe('better');
      }
    }
  });

  it('lets a heavier node bear as much more load as it is heavier, and no more', () => {
    const first = (inflight: number) =>
      names(viewOf({ name: 'heavy', weight: 3, inflight }, { name: 'light' }), anyCall, () => 0)[0];
    expect([0, 1, 2, 3].map(first)).toEqual(['heavy', 'heavy', 'heavy', 'light']);
  });

  /** How often each node came first, of `draws` times. */
  const shares = (view: ChainView, seed: number, draws: number): Map<string, number> => {
    let state = seed;
    const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
    const first = new Map<string, number>();
    for (let n = 0; n < draws; n += 1) {
      const [name = ''] = names(view, anyCall, random);
      first.set(name, (first.get(name) ?? 0) + 1);
    }
    return first;
  };

  it('gives nodes that are alike but for noise the shares that their weights say', () => {
    const given = fc.record({
      weight: fc.integer({ min: 1, max: 9 }),
      score: fc.double({ min: 0.81, max: 1, noNaN: true }),
    });
    const list = fc.array(given, { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(list, fc.integer({ min: 1, max: 2147483646 }), (nodes, seed) => {
        const draws = 2_000;
        const count = shares(viewOf(...nodes.map((one, index) => ({ ...one, name: `n${index}` }))), seed, draws);
        const whole = nodes.reduce((sum, { weight }) => sum + weight, 0);
        for (const [index, { weight }] of nodes.entries()) {
          const share = weight / whole;
          // Six standard deviations: once in 500 million that are right.
          const room = 6 * Math.sqrt(draws * share * (1 - share));
          expect(Math.abs((count.get(`n${index}`) ?? 0) - draws * share)).toBeLessThan(room);
        }
      }),
    );
  });

  it('spreads calls over equals', () => {
    const first = new Map<string, number>();
    let seed = 1;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    for (let i = 0; i < 3000; i += 1) {
      const [name = ''] = names(viewOf({ name: 'a' }, { name: 'b' }, { name: 'c' }), anyCall, random);
      first.set(name, (first.get(name) ?? 0) + 1);
    }
    for (const count of first.values()) expect(count).toBeGreaterThan(700);
  });

  it('puts every node either among the candidates or among the excluded, once', () => {
    const state = fc.constantFrom<NodeState>('healthy', 'lagging', 'unknown', 'down', 'limited', 'syncing', 'forked');
    const given = fc.record({
      state,
      tier: fc.nat(2),
      score: fc.double({ min: 0, max: 1, noNaN: true }),
      head: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(given, { maxLength: 8 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (list, chance) => {
        const view = viewOf(...list.map((one, index) => ({ ...one, name: `n${index}` })));
        const call = { ...anyCall, pin: { number: 2, hash: '0x' } };
        const { candidates, excluded } = select(view, call, nothing, () => chance);
        const all = [...candidates.map(({ upstream }) => upstream.name), ...excluded.map(({ upstream }) => upstream)];
        expect(all.sort()).toEqual(list.map((_, index) => `n${index}`).sort());
      }),
    );
  });
});
