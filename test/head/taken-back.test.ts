import { describe, expect, it } from 'vitest';
import { TakenBack } from '../../src/head/taken-back.ts';
import { ScriptedChain } from '../support/scripted-chain.ts';
import { headerOf } from './tree-of.ts';

const chain = new ScriptedChain();
const top = chain.extend(chain.genesis, 20);
const at = (number: number) => headerOf(chain.at(top, number) ?? top);
const nowhere = 'claimed block 1000000, and then stood on another no higher';
const absurd = headerOf(chain.claim(1_000_000));
const takenBack = () => new TakenBack({ holdMs: 1000, memoryMs: 10_000 });

describe('a claim that leads nowhere', () => {
  it('is held against who then stands lower, until he has been consistent', () => {
    const doubts = takenBack();
    doubts.unlinked(absurd, 0);
    expect(doubts.doubted(0)).toBeUndefined();
    doubts.stood(at(10), 100);
    expect(doubts.doubted(100)).toBe(nowhere);
    doubts.stood(at(11), 600);
    expect(doubts.doubted(1099)).toBe(nowhere);
    expect(doubts.doubted(1100)).toBeUndefined();
  });

  it('is held against him from its last repetition on', () => {
    const doubts = takenBack();
    for (let now = 0; now < 60_000; now += 500) {
      doubts.unlinked(absurd, now);
      doubts.stood(at(10), now + 100);
      expect(doubts.doubted(now + 400)).toBe(nowhere);
    }
    expect(doubts.doubted(60_600)).toBeUndefined();
  });

  it('is held against him longer when another follows before he is believed again', () => {
    const doubts = takenBack();
    doubts.unlinked(absurd, 0);
    doubts.stood(at(10), 100);
    doubts.unlinked(absurd, 1000);
    expect(doubts.doubted(1999)).toBe(nowhere);
    expect(doubts.doubted(2000)).toBeUndefined();
  });

  it('weighs more each time that it is taken back anew, and is forgotten in the end', () => {
    const doubts = takenBack();
    const holdFrom = (now: number) => {
      doubts.unlinked(absurd, now);
      doubts.stood(at(10), now);
      let end = now;
      while (doubts.doubted(end) !== undefined) end += 100;
      return end - now;
    };
    expect([0, 1500, 4000, 20_000].map(holdFrom)).toEqual([1000, 2000, 4000, 1000]);
  });

  it('is nothing where it was true in the end, or was passed', () => {
    const doubts = takenBack();
    doubts.unlinked(at(12), 0);
    doubts.stood(at(12), 100);
    doubts.unlinked(at(13), 200);
    doubts.stood(at(14), 300);
    doubts.stood(at(10), 400);
    expect(doubts.doubted(400)).toBeUndefined();
  });

  it('is nothing where the connection was lost after it', () => {
    const doubts = takenBack();
    doubts.unlinked(absurd, 0);
    doubts.lost();
    doubts.stood(at(10), 100);
    expect(doubts.doubted(100)).toBeUndefined();
  });
});
