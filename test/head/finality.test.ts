import { describe, expect, it } from 'vitest';
import { agreeOnFinality, type Finality, type FinalityVote, type Settled } from '../../src/head/finality.ts';
import { type ScriptedBlock, ScriptedChain } from '../support/scripted-chain.ts';
import { treeOf } from './tree-of.ts';

const chain = new ScriptedChain();
const head = chain.extend(chain.genesis, 200);
const other = chain.extend(chain.at(head, 150) ?? head, 50, { salt: 'other' });
const at = (number: number, tip: ScriptedBlock = head) => {
  const block = chain.at(tip, number);
  if (block === undefined) throw new Error(`no block ${number}`);
  return { number, hash: block.hash };
};
const tree = treeOf(chain, chain.at(head, 120) ?? head, [head, other], 100);
const vote = (safe: FinalityVote['safe'], finalized: FinalityVote['finalized'], latest = 200): FinalityVote => ({
  latest,
  safe,
  finalized,
});
const none = { safe: undefined, finalized: undefined };
const settle = (votes: readonly FinalityVote[], quorum: number, previous: Finality = none) =>
  agreeOnFinality(tree, { head: at(200), votes, quorum, depth: 64, previous });
const blocks = ({ safe, finalized }: Finality) => ({ safe: safe?.block, finalized: finalized?.block });
const told = (number: number, tip?: ScriptedBlock): Settled => ({ block: at(number, tip), told: true });
const agree = (votes: readonly FinalityVote[], quorum: number, previous?: Finality) =>
  blocks(settle(votes, quorum, previous));

describe('the safe and finalized blocks', () => {
  it('are the highest that a quorum has settled', () => {
    const votes = [vote(at(190), at(160)), vote(at(180), at(150)), vote(at(170), at(140))];
    expect(agree(votes, 2)).toEqual({ safe: at(180), finalized: at(150) });
  });

  it('are not those of a lone voter that is ahead of the others', () => {
    const votes = [vote(at(199), at(199)), vote(at(180), at(150)), vote(at(180), at(150))];
    expect(agree(votes, 2).finalized).toEqual(at(150));
  });

  it('never go back', () => {
    const lower = [vote(at(170), at(140)), vote(at(170), at(140))];
    expect(agree(lower, 1, { safe: told(180), finalized: told(150) })).toEqual({ safe: at(180), finalized: at(150) });
  });

  it('follow the pool when it has undone them', () => {
    const votes = [vote(at(170), at(140))];
    const undone = { safe: told(190, other), finalized: told(160, other) };
    expect(agree(votes, 1, undone)).toMatchObject({ safe: at(170), finalized: at(140) });
  });

  it('do not come from another branch than the head', () => {
    const votes = [vote(at(190, other), at(160, other)), vote(at(180), at(150))];
    expect(agree(votes, 1)).toMatchObject({ safe: at(180), finalized: at(150) });
  });

  it('are not above the latest block of the voter that tells them', () => {
    expect(agree([vote(at(180), at(150), 140)], 1)).toMatchObject({ safe: undefined, finalized: undefined });
  });

  it('below the window have to be told with one hash by a quorum', () => {
    const lie = { number: 20, hash: `0x${'ab'.repeat(32)}` };
    const votes = [vote(at(180), at(20)), vote(at(180), at(20)), vote(at(180), lie)];
    expect(agree(votes, 2).finalized).toEqual(at(20));
    expect(agree([vote(at(180), lie), vote(at(180), at(20)), vote(at(180), at(30))], 2).finalized).toBeUndefined();
  });

  it('do not hear a voter on safe whose safe block is its latest, while another’s is not', () => {
    const votes = [vote(at(200), at(150)), vote(at(200), at(150)), vote(at(180), at(150)), vote(at(180), at(150))];
    expect(agree(votes, 2).safe).toEqual(at(180));
  });

  it('may be the latest block where that is so at every voter', () => {
    const votes = [vote(at(200), at(200)), vote(at(200), at(200))];
    expect(agree(votes, 1)).toMatchObject({ safe: at(200), finalized: at(200) });
  });

  it('lie at a fixed depth on a chain without the tags', () => {
    expect(agree([vote('none', 'none'), vote('none', 'none')], 1)).toMatchObject({ safe: at(136), finalized: at(136) });
  });

  it('go back from what was guessed by depth to what is told later, and are not guessed again after that', () => {
    const guessed = settle([vote('none', 'none')], 1);
    expect(blocks(guessed)).toEqual({ safe: at(136), finalized: at(136) });
    expect(blocks(settle([vote(undefined, undefined)], 1, guessed))).toEqual({ safe: at(136), finalized: at(136) });
    const heard = settle([vote(at(130), at(120))], 1, guessed);
    expect(blocks(heard)).toEqual({ safe: at(130), finalized: at(120) });
    expect(agree([vote('none', 'none')], 1, heard)).toEqual({ safe: at(130), finalized: at(120) });
  });

  it('wait until enough voters have been asked', () => {
    const votes = [vote(at(180), at(150)), vote(undefined, undefined), vote(undefined, undefined)];
    expect(agree(votes, 2)).toMatchObject({ safe: undefined, finalized: undefined });
  });

  it('do not wait for a voter that never tells, where the others without tags are too many for it to matter', () => {
    const votes = [vote('none', 'none'), vote('none', 'none'), vote(undefined, undefined)];
    expect(agree(votes, 2)).toMatchObject({ safe: at(136), finalized: at(136) });
    expect(agree([vote('none', 'none'), vote(undefined, undefined), vote(at(180), at(150))], 2)).toMatchObject(none);
  });

  it('are never the one of a single voter with tags among others without', () => {
    const votes = [vote(at(199), at(199)), vote('none', 'none'), vote('none', 'none')];
    expect(agree(votes, 2)).toMatchObject({ finalized: at(136) });
  });

  it('have safe never below finalized', () => {
    const votes = [vote('none', at(160)), vote('none', at(160))];
    expect(agree(votes, 1)).toMatchObject({ safe: at(160), finalized: at(160) });
  });
});
