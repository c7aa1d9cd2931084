import { describe, expect, it } from 'vitest';
import type { Header } from '../../src/head/header.ts';
import { Tellings } from '../../src/head/tellings.ts';
import { ScriptedChain } from '../support/scripted-chain.ts';
import { headerOf } from './tree-of.ts';

const chain = new ScriptedChain();
const block = chain.extend(chain.genesis, 3);
const sealed = headerOf(block);
const emptyRoot = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';
/** The same block under the same hash, with other fields; undefined for one that is left out. */
const telling = (fields: Readonly<Record<string, string | null | undefined>>): Header => ({
  ...sealed,
  raw: Buffer.from(JSON.stringify({ ...block.header, ...fields })),
});
/** On a chain that hashes in its own way: nothing is proven by the hash. */
const plain = (fields: Readonly<Record<string, string | null | undefined>> = {}): Header =>
  telling({ difficulty: '0x2', ...fields });
const lie = { receiptsRoot: emptyRoot, gasUsed: '0xdead' };

const after = (...told: readonly (readonly [teller: string, header: Header])[]) => {
  const [first, ...others] = told;
  if (first === undefined) throw new Error('nobody tells anything');
  const tellings = new Tellings(first[1], first[0]);
  let believed = first[1];
  for (const [teller, header] of others) believed = tellings.hear(header, teller);
  return { tellings, believed, belief: tellings.belief, liars: tellings.liars };
};

describe('a header whose hash is made of its fields', () => {
  it('is proven, whoever tells it alone', () => {
    expect(after(['a', sealed]).belief).toBe('proven');
  });

  it('takes the place of false ones, however many told those before', () => {
    const { believed, belief, liars } = after(['l', telling(lie)], ['m', telling(lie)], ['a', sealed]);
    expect(believed).toBe(sealed);
    expect([belief, liars]).toEqual(['proven', ['l', 'm']]);
  });

  it('stays when false ones are told after it', () => {
    const { believed, liars, tellings } = after(['a', sealed], ['l', telling(lie)], ['m', telling(lie)]);
    expect(believed).toBe(sealed);
    expect(liars).toEqual(['l', 'm']);
    expect(tellings.outvotes('l')).toBe(false);
  });

  it('makes nobody a liar who has his own idea of the miner, or of how a number is written', () => {
    const signer = telling({ miner: `0x${'51'.repeat(20)}`, logsBloom: `0x${'00'.repeat(256)}` });
    const spelled = telling({ gasUsed: '0x00', stateRoot: block.header['stateRoot']?.toUpperCase().replace('X', 'x') });
    const { believed, liars } = after(['a', sealed], ['b', signer], ['c', spelled]);
    expect(believed).toBe(sealed);
    expect(liars).toEqual([]);
  });
});

describe('a header whose hash proves nothing', () => {
  const [honest, false_] = [plain(), plain(lie)];

  it('stands alone until a second node tells it', () => {
    expect(after(['a', honest]).belief).toBe('alone');
    expect(after(['a', honest], ['a', honest]).belief).toBe('alone');
    expect(after(['a', honest], ['b', plain()]).belief).toBe('agreed');
  });

  it('is not vouched for by who only hands on what others told', () => {
    expect(after(['', honest], ['a', plain()]).belief).toBe('alone');
    expect(after(['a', honest], ['', plain()], ['', false_]).belief).toBe('alone');
    expect(after(['', false_], ['a', honest]).believed).toBe(honest);
  });

  it('is disputed where two tell it differently, and the first stands meanwhile', () => {
    const { believed, belief, liars, tellings } = after(['l', false_], ['a', honest]);
    expect(believed).toBe(false_);
    expect([belief, liars]).toEqual(['disputed', []]);
    expect([tellings.outvotes('l'), tellings.outvotes('a')]).toEqual([false, true]);
  });

  it('is the one that most tell, whoever came first', () => {
    for (const order of ['lab', 'alb', 'abl']) {
      const told = Array.from(order, (name) => [name, name === 'l' ? plain(lie) : plain()] as const);
      const { believed, belief, liars, tellings } = after(...told);
      expect(believed.raw).toEqual(honest.raw);
      expect([belief, liars]).toEqual(['agreed', ['l']]);
      expect(['l', 'a', 'b'].map((name) => tellings.outvotes(name))).toEqual([true, false, false]);
    }
  });

  it('stays disputed where as many tell the one as the other', () => {
    const { belief } = after(['l', plain(lie)], ['m', plain(lie)], ['a', plain()], ['b', plain()]);
    expect(belief).toBe('disputed');
  });

  it('is not contradicted by who leaves fields out, has null for them, or has more', () => {
    const told = [plain({ mixHash: undefined }), plain({ nonce: null }), plain({ l1BlockNumber: '0x1' })];
    const { belief, liars } = after(...told.map((header, index) => [`n${index}`, header] as const));
    expect([belief, liars]).toEqual(['agreed', []]);
  });

  it('is not contradicted by who has his own idea of what nobody goes by', () => {
    const own = [
      { miner: `0x${'51'.repeat(20)}`, nonce: '0x0' },
      { miner: `0x${'52'.repeat(20)}`, mixHash: '0x0' },
      { extraData: '0x1234', logsBloom: block.header['logsBloom']?.replace(/^0x0*/, '0x') },
    ];
    const { tellings, belief, liars } = after(...own.map((fields, index) => [`n${index}`, plain(fields)] as const));
    expect([belief, liars]).toEqual(['agreed', []]);
    expect(own.map((_, index) => tellings.outvotes(`n${index}`))).toEqual([false, false, false]);
  });

  it('is disputed where another bloom is told, which makes nobody a liar', () => {
    const hiding = plain({ logsBloom: `0x${'f0'.repeat(256)}` });
    expect(after(['a', honest], ['b', hiding]).belief).toBe('disputed');
    expect(after(['a', honest], ['b', hiding], ['c', plain()]).liars).toEqual([]);
  });

  it('is not the one that leaves most out, where others tell more alike', () => {
    const bare = plain({ logsBloom: undefined, receiptsRoot: undefined, gasUsed: undefined });
    expect(after(['l', bare], ['a', honest], ['b', plain()]).believed).toBe(honest);
  });

  it('is told by each node once: a new version of one takes the place of his last', () => {
    const { believed, belief } = after(['l', plain(lie)], ['a', honest], ['l', plain()]);
    expect([believed, belief]).toEqual([honest, 'agreed']);
    const versions = Array.from({ length: 50 }, (_, index) => ['l', plain({ gasUsed: `0x${index + 1}` })] as const);
    expect(after(['a', honest], ['b', plain()], ...versions).believed).toBe(honest);
  });
});
