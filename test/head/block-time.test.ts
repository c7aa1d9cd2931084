import { describe, expect, it } from 'vitest';
import { BlockPace } from '../../src/head/block-pace.ts';
import { blockTimeOf } from '../../src/head/block-time.ts';
import { nextPoll, sparedMs, type PollingInput } from '../../src/head/polling.ts';
import { ScriptedChain } from '../support/scripted-chain.ts';
import { headerOf, treeOf } from './tree-of.ts';

const every = (seconds: number, count: number) =>
  Array.from({ length: count }, (_, index) => Math.floor(1_700_000_000 + index * seconds));

describe('the block time', () => {
  it.each([
    [12, 64, 12_000],
    [2, 20, 2000],
    [0.25, 64, 250],
    [0.5, 64, 500],
    [1, 9, 1000],
  ])('of blocks every %d s is found from %i timestamps', (seconds, count, ms) => {
    expect(blockTimeOf(every(seconds, count))).toBeCloseTo(ms, -1);
  });

  it('does not count a pause of an hour', () => {
    const paused = every(5, 64).map((time, index) => (index < 40 ? time : time + 3600));
    expect(blockTimeOf(paused)).toBe(5000);
  });

  it('is between 50 ms and a minute', () => {
    expect(blockTimeOf([5, 5, 5, 5])).toBe(50);
    expect(blockTimeOf([0, 86_400])).toBe(60_000);
  });

  it('is unknown with a single block', () => {
    expect(blockTimeOf([5])).toBeUndefined();
  });

  it('is learnt from the blocks up to a head, and not from genesis', () => {
    const slow = new ScriptedChain({ blockTime: 12 });
    const first = slow.mine(slow.genesis);
    const pace = new BlockPace();
    pace.follow(treeOf(slow, slow.genesis, [first]), headerOf(first));
    expect(pace.blockTimeMs).toBeUndefined();
    const head = slow.extend(first, 40);
    pace.follow(treeOf(slow, slow.genesis, [head]), headerOf(head));
    expect(pace.blockTimeMs).toBe(12_000);
  });
});

describe('the next question for the head', () => {
  const input: PollingInput = {
    now: 10_000,
    intervalMs: 2000,
    blockTimeMs: 1000,
    lastBeat: 9000,
    lastPoll: 10_000,
    movedAt: 10_000,
    fed: false,
    active: true,
    limitedUntil: 0,
    sparedMs: 0,
  };

  it.each<[string, Partial<PollingInput>, number]>([
    ['comes when the next block is due', {}, 10_875],
    ['comes again soon while the block is overdue', { movedAt: 9000 }, 10_125],
    ['is left to the heartbeat where heads are pushed', { fed: true }, 11_000],
    ['is left to the heartbeat where nothing is expected any more', { movedAt: 1000 }, 11_000],
    ['does not come later than the heartbeat', { blockTimeMs: 12_000 }, 11_000],
    ['keeps up with a block every 250 ms', { blockTimeMs: 250, movedAt: 10_000 }, 10_200],
    ['comes rarely where the node is not needed', { active: false }, 39_000],
    ['waits while the node asked not to be called', { limitedUntil: 15_000 }, 15_000],
    ['does not wait for ever', { limitedUntil: 9_999_999 }, 40_000],
    ['leaves a small budget to clients', { movedAt: 9000, sparedMs: 800 }, 10_800],
    ['leaves it to clients at a heartbeat, too', { fed: true, sparedMs: 4000 }, 14_000],
  ])('%s', (_, more, at) => {
    expect(nextPoll({ ...input, ...more })).toBe(at);
  });

  it('is one of no more than a fifth of what the node is asked at most', () => {
    expect(sparedMs(1, 5, 2000)).toBe(1000);
    expect(sparedMs(2, 10, 2000)).toBe(1000);
    expect(sparedMs(5, Number.POSITIVE_INFINITY, 2000)).toBe(0);
    expect(sparedMs(5, 1, 2000)).toBe(8000);
  });
});
