import { describe, expect, it } from 'vitest';
import { behindSince, type VoterFacts, votersOf } from '../../src/head/voters.ts';

const node = (name: string, facts: Partial<VoterFacts> = {}): VoterFacts => ({
  name,
  tier: 0,
  eligible: true,
  syncing: false,
  stalled: false,
  ...facts,
});

describe('the voters', () => {
  it.each<[string, VoterFacts[], string[]]>([
    ['are all nodes that keep up', [node('a'), node('b')], ['a', 'b']],
    [
      'are not those that cannot be reached or are of another chain',
      [node('a'), node('b', { eligible: false })],
      ['a'],
    ],
    ['are not those that sync', [node('a'), node('b', { syncing: true })], ['a']],
    ['are not those that have stalled', [node('a'), node('b', { stalled: true }), node('c', { stalled: true })], ['a']],
    [
      'are those that have stalled where nobody moves',
      [node('a', { stalled: true }), node('b', { stalled: true })],
      ['a', 'b'],
    ],
    ['are of the lowest tier', [node('a', { tier: 1 }), node('b', { tier: 0 }), node('c', { tier: 2 })], ['b']],
    [
      'are of the lowest tier that has any',
      [node('a', { eligible: false }), node('b', { tier: 1 }), node('c', { tier: 1 })],
      ['b', 'c'],
    ],
    [
      'are of a higher tier where the lower one has stalled',
      [node('a', { stalled: true }), node('b', { tier: 1 })],
      ['b'],
    ],
    ['are nobody where nobody can be asked', [node('a', { eligible: false })], []],
  ])('%s', (_, nodes, names) => {
    expect([...votersOf(nodes)]).toEqual(names);
  });
});

describe('how long a node has been behind', () => {
  it('counts from when another one went higher', () => {
    expect(behindSince({ head: 10, movedAt: 100 }, [{ head: 11, movedAt: 500 }], undefined)).toBe(500);
  });

  it('goes on counting from the first time while others go on', () => {
    expect(behindSince({ head: 10, movedAt: 100 }, [{ head: 19, movedAt: 9000 }], 500)).toBe(500);
  });

  it('begins anew with each head of its own', () => {
    expect(behindSince({ head: 12, movedAt: 8000 }, [{ head: 19, movedAt: 9000 }], 500)).toBe(9000);
    expect(behindSince({ head: 12, movedAt: 9500 }, [{ head: 19, movedAt: 9000 }], 500)).toBe(9500);
  });

  it('is nothing for who keeps up, is alone, is ahead or has no head', () => {
    expect(behindSince({ head: 19, movedAt: 100 }, [{ head: 19, movedAt: 9000 }], 500)).toBeUndefined();
    expect(behindSince({ head: 19, movedAt: 100 }, [], 500)).toBeUndefined();
    expect(behindSince({ head: 20, movedAt: 100 }, [{ head: 19, movedAt: 9000 }], undefined)).toBeUndefined();
    expect(behindSince({ head: undefined, movedAt: 0 }, [{ head: 19, movedAt: 9000 }], undefined)).toBeUndefined();
  });

  it('is nothing on a chain without blocks, however long that lasts', () => {
    const hour = 3_600_000;
    expect(behindSince({ head: 10, movedAt: 0 }, [{ head: 10, movedAt: 40 }], undefined)).toBeUndefined();
    expect(behindSince({ head: 10, movedAt: 0 }, [{ head: 11, movedAt: hour }], undefined)).toBe(hour);
  });

  it('does not count a height that nobody linked', () => {
    expect(behindSince({ head: 10, movedAt: 0 }, [{ head: undefined, movedAt: 9000 }], undefined)).toBeUndefined();
  });
});
