import { describe, expect, it } from 'vitest';
import type { BlockTree } from '../../src/head/block-tree.ts';
import {
  chooseHead,
  type Decision,
  type ForkChoiceInput,
  type ForkChoiceMemory,
  freshMemory,
  quorumOf,
} from '../../src/head/fork-choice.ts';
import { type ScriptedBlock, ScriptedChain } from '../support/scripted-chain.ts';
import { treeOf } from './tree-of.ts';

const chain = new ScriptedChain();
const base = chain.extend(chain.genesis, 10);
const on = (count: number, salt = 'main', from: ScriptedBlock = base): ScriptedBlock =>
  chain.extend(from, count, { salt });

/** A pool in the course of time: the head it published last, and what the fork choice remembers. */
class Pool {
  readonly tree: BlockTree;
  now = 0;
  current: ScriptedBlock | undefined;
  memory: ForkChoiceMemory = freshMemory;
  readonly mode: 'majority' | 'fastest';

  constructor(heads: readonly ScriptedBlock[], current?: ScriptedBlock, mode: 'majority' | 'fastest' = 'majority') {
    this.tree = treeOf(chain, base, heads);
    this.current = current;
    this.mode = mode;
  }

  /** `heads` are the voters' own, undefined for one without a linked head. */
  vote(heads: readonly (ScriptedBlock | undefined)[], more: Partial<ForkChoiceInput> = {}): Decision {
    const { current } = this;
    const votes = heads.flatMap((head, index) => (head === undefined ? [] : [{ voter: `n${index}`, head: head.hash }]));
    const decision = chooseHead(
      this.tree,
      {
        voters: heads.length,
        votes,
        mode: this.mode,
        current: current?.hash,
        held: current !== undefined && heads.some((head) => head !== undefined && chain.contains(head, current)),
        witnesses: new Set(votes.map(({ voter }) => voter)),
        now: this.now,
        blockTimeMs: 1000,
        stallMs: 4000,
        ...more,
      },
      this.memory,
    );
    this.memory = decision.memory;
    this.current = decision.head === undefined ? undefined : chain.block(decision.head.hash);
    return decision;
  }
}

describe('the quorum', () => {
  it.each([
    [1, 1],
    [2, 1],
    [3, 2],
    [4, 2],
    [5, 3],
    [6, 3],
    [7, 4],
  ])('of %i voters is %i', (voters, quorum) => {
    expect(quorumOf(voters)).toBe(quorum);
  });

  it.each([
    [1, 1],
    [2, 1],
    [3, 2],
    [4, 2],
    [5, 3],
    [6, 3],
    [7, 4],
  ])('of %i voters publishes a block when %i of them hold it, and not before', (voters, quorum) => {
    const next = on(1);
    const pool = new Pool([next], base);
    for (let holders = 0; holders <= voters; holders++) {
      const heads = Array.from({ length: voters }, (_, index) => (index < holders ? next : base));
      pool.current = base;
      expect(pool.vote(heads).head?.number).toBe(holders >= quorum ? 11 : 10);
    }
  });

  it('is one vote where the fastest head is asked for', () => {
    const pool = new Pool([on(3)], base, 'fastest');
    expect(pool.vote([on(3), base, base]).head?.number).toBe(13);
  });
});

describe('the fork choice', () => {
  it('publishes the highest block that a quorum has, where every voter is at another height', () => {
    const pool = new Pool([on(9)], base);
    expect(pool.vote([on(9), on(7), on(5), on(3), on(1)]).head?.number).toBe(15);
  });

  it('is not moved by a voter without a linked head, whatever height it claims', () => {
    const pool = new Pool([on(2)], base);
    expect(pool.vote([on(2), on(2), undefined]).head?.number).toBe(12);
    expect(pool.vote([on(2), undefined, undefined]).head?.number).toBe(12);
  });

  it('is not moved by a lone branch that links, looks plausible and is much longer', () => {
    const lie = on(40, 'lie');
    const pool = new Pool([lie, on(1)], base);
    expect(pool.vote([on(1), on(1), lie]).head?.hash).toBe(on(1).hash);
  });

  it('does not let one that lags pull the head down', () => {
    const pool = new Pool([on(5)], on(5));
    expect(pool.vote([on(5), base, base]).head?.number).toBe(15);
    expect(pool.vote([on(5), base, base, base, base]).head?.number).toBe(15);
  });

  it('goes on with the only voter that is left when all others have stalled', () => {
    const pool = new Pool([on(6)], on(1));
    expect(pool.vote([on(6)]).head?.number).toBe(16);
  });

  it('keeps the published head while there is no voter at all', () => {
    const pool = new Pool([on(1)], on(1));
    pool.vote([]);
    pool.now = 1_000_000;
    expect(pool.vote([]).head?.number).toBe(11);
  });

  it('keeps the published head while no voter has a block', () => {
    const pool = new Pool([on(1)], on(1));
    expect(pool.vote([undefined, undefined]).head?.number).toBe(11);
  });

  it('takes the block with the most votes where no block has a quorum', () => {
    const pool = new Pool([on(2), on(1, 'b')], base);
    expect(pool.vote([on(2), on(2), undefined, undefined, undefined]).head?.number).toBe(12);
  });

  it('keeps the current branch where no block has a quorum and two have as many votes', () => {
    const left = on(1, 'left');
    const pool = new Pool([left, on(3, 'right')], left);
    pool.tree.anchor(left.hash);
    expect(pool.vote([left, on(3, 'right'), undefined, undefined, undefined]).head?.hash).toBe(left.hash);
  });
});

describe('a reorganisation', () => {
  it('is followed as soon as a quorum has gone over, also to a lower block', () => {
    const old = on(5);
    const other = on(3, 'other');
    const pool = new Pool([old, other], old);
    expect(pool.vote([other, old, old]).head?.hash).toBe(old.hash);
    expect(pool.vote([other, other, old]).head?.hash).toBe(other.hash);
  });

  it('of a whole pool at once is followed at once', () => {
    const pool = new Pool([on(5), on(5, 'other')], on(5));
    const { head, rewound, split } = pool.vote([on(5, 'other'), on(5, 'other'), on(5, 'other')]);
    expect(head?.hash).toBe(on(5, 'other').hash);
    expect({ rewound, split }).toEqual({ rewound: false, split: false });
  });

  it('is not made of holders that are merely gone: a branch of others has to wait', () => {
    const pool = new Pool([on(5), on(5, 'fork')], on(5));
    const others = { witnesses: new Set(['gone']) };
    expect(pool.vote([on(5, 'fork')], others).head?.hash).toBe(on(5).hash);
    pool.now = 3999;
    expect(pool.vote([on(5, 'fork')], others).head?.hash).toBe(on(5).hash);
    pool.now = 4000;
    expect(pool.vote([on(5, 'fork')], others).head?.hash).toBe(on(5, 'fork').hash);
  });
});

describe('a rewind', () => {
  it('lowers the head after the stall time, once nobody holds it', () => {
    const pool = new Pool([on(5)], on(5));
    expect(pool.vote([on(2), on(2), on(2)])).toMatchObject({ recheckAt: 4000, rewound: false });
    expect(pool.current).toBe(on(5));
    pool.now = 3999;
    expect(pool.vote([on(2), on(2), on(2)]).head?.number).toBe(15);
    pool.now = 4000;
    expect(pool.vote([on(2), on(2), on(2)])).toMatchObject({ head: { number: 12 }, rewound: true });
  });

  it('does not happen while a single node still holds the head', () => {
    const pool = new Pool([on(5)], on(5));
    for (pool.now = 0; pool.now < 60_000; pool.now += 1000) pool.vote([on(5), on(2), on(2)]);
    expect(pool.current).toBe(on(5));
  });

  it('is forgotten when a holder comes back in time', () => {
    const pool = new Pool([on(5)], on(5));
    pool.vote([on(2), on(2)]);
    pool.now = 3000;
    pool.vote([on(5), on(2)]);
    pool.now = 6000;
    expect(pool.vote([on(2), on(2)]).head?.number).toBe(15);
  });

  it('becomes a reorganisation at once when another block is mined on what is left', () => {
    const pool = new Pool([on(5), on(1, 'new', on(2))], on(5));
    pool.vote([on(2), on(2), on(2)]);
    const next = on(1, 'new', on(2));
    expect(pool.vote([next, next, on(2)]).head?.hash).toBe(next.hash);
  });
});

describe('a split into two branches with a quorum each', () => {
  const left = (count: number) => on(count, 'left');
  const right = (count: number) => on(count, 'right');

  it('keeps the current branch, goes on along it, and says so', () => {
    const pool = new Pool([left(4), right(4)], left(1));
    expect(pool.vote([left(2), left(2), right(4), right(4)])).toMatchObject({ split: true, head: { number: 12 } });
    expect(pool.current).toBe(left(2));
  });

  it('takes the longer branch after two block times', () => {
    const pool = new Pool([left(4), right(4)], left(1));
    const heads = [left(2), left(2), right(3), right(3)];
    expect(pool.vote(heads).recheckAt).toBe(2000);
    pool.now = 1999;
    pool.vote(heads);
    expect(pool.current).toBe(left(2));
    pool.now = 2000;
    pool.vote(heads);
    expect(pool.current).toBe(right(3));
  });

  it('takes the one with more votes after two block times where both are as long', () => {
    const pool = new Pool([left(2), right(2)], left(1), 'fastest');
    const heads = [left(2), right(2), right(2)];
    pool.vote(heads);
    pool.now = 2000;
    pool.vote(heads);
    expect(pool.current).toBe(right(2));
  });

  it('asks to be looked at again when its two block times end, and not after that, however long it lasts', () => {
    const pool = new Pool([left(2), right(2)], left(1));
    const heads = [left(2), left(2), right(2), right(2)];
    const asked = [0, 1999, 2000, 2500, 60_000].map((now) => {
      pool.now = now;
      return pool.vote(heads).recheckAt;
    });
    expect(asked).toEqual([2000, 2000, undefined, undefined, undefined]);
    const unheld = { held: false, witnesses: new Set<string>() };
    pool.now = 61_000;
    expect(pool.vote([left(1), left(1), right(2), right(2)], unheld).recheckAt).toBe(65_000);
  });

  it('keeps the current one for good where both are as long and have as many votes', () => {
    const pool = new Pool([left(2), right(2)], left(2));
    for (pool.now = 0; pool.now < 20_000; pool.now += 500) pool.vote([left(2), left(2), right(2), right(2)]);
    expect(pool.current).toBe(left(2));
  });

  it('is held for two block times anew after each change, so that two racing branches do not make it flap', () => {
    const pool = new Pool([left(30), right(30)], left(1));
    let changes = 0;
    for (let step = 1; step <= 20; step++) {
      pool.now += 500;
      const before = pool.current;
      const ahead = step % 2 === 0 ? [left(step + 1), right(step)] : [left(step), right(step + 1)];
      pool.vote(ahead.flatMap((head) => [head, head]));
      if (before !== undefined && pool.current !== undefined && !chain.contains(pool.current, before)) changes++;
    }
    expect(changes).toBeLessThanOrEqual(4);
  });

  it('is over when one branch has lost its quorum', () => {
    const pool = new Pool([left(2), right(2)], left(1));
    pool.vote([left(1), left(1), right(1), right(1)]);
    expect(pool.vote([left(2), right(2), right(2), right(2)])).toMatchObject({ split: false });
    expect(pool.current).toBe(right(2));
  });

  it('between two voters keeps the block that came first until the other branch is longer for two block times', () => {
    const pool = new Pool([left(1), right(2)], base);
    pool.vote([left(1), base]);
    pool.now = 100;
    pool.vote([left(1), right(1)]);
    expect(pool.current).toBe(left(1));
    pool.now = 200;
    pool.vote([right(2), right(2)]);
    expect(pool.current).toBe(right(2));
  });
});

describe('the first head', () => {
  it('is the highest block with a quorum, whatever order the voters come in', () => {
    const heads = [on(3), on(2), on(2), on(9, 'lie')];
    for (const order of [heads, heads.toReversed()]) {
      expect(new Pool(heads).vote(order).head?.hash).toBe(on(2).hash);
    }
  });
});
