import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockTree } from '../../src/head/block-tree.ts';
import type { Header } from '../../src/head/header.ts';
import { after, ALL } from '../../src/subscription/position.ts';
import { stepsTo } from '../../src/subscription/steps.ts';

const header = (number: number, hash: string, parentHash: string): Header => ({
  number,
  hash,
  parentHash,
  timestamp: number,
  raw: Buffer.from('{}'),
});

/** A tree in which each block stands on any earlier one: `parents[i]` is that of block `i + 1`. */
const grown = (parents: readonly number[]): { tree: BlockTree; blocks: Header[] } => {
  const tree = new BlockTree({ window: 1000 });
  const blocks = [header(0, '0xb0', '0x00')];
  tree.add(blocks[0] as Header, 'test', 0);
  tree.anchor('0xb0');
  tree.publish('0xb0');
  for (const [index, chosen] of parents.entries()) {
    const parent = blocks[chosen % blocks.length] as Header;
    const block = header(parent.number + 1, `0xb${index + 1}`, parent.hash);
    tree.add(block, 'test', 0);
    blocks.push(block);
  }
  return { tree, blocks };
};

const branch = (blocks: readonly Header[], head: Header): string[] => {
  const parent = blocks.find(({ hash }) => hash === head.parentHash);
  return [...(parent === undefined ? [] : branch(blocks, parent)), head.hash];
};

describe('the way from a position to the head', () => {
  it('undoes and applies whole blocks so that the reader has the branch of the head, and nothing else', () => {
    const parents = fc.array(fc.nat(), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(parents, fc.nat(), fc.nat(), fc.nat(3), (chosen, from, to, logs) => {
        const { tree, blocks } = grown(chosen);
        const [start, head] = [blocks[from % blocks.length] as Header, blocks[to % blocks.length] as Header];
        // Logs are counted per block: three in each, of which the reader has some of its own block's.
        const has = new Map(branch(blocks, start).map((hash) => [hash, 3]));
        has.set(start.hash, logs);
        const position = { ...after(start), logs: logs === 3 ? ALL : logs };
        let applying = false;
        for (const step of stepsTo(tree, position, head.hash) ?? []) {
          const { hash } = step.header;
          if (step.kind === 'undo') {
            expect(applying).toBe(false);
            expect(has.get(hash)).toBe(Math.min(3, step.below));
            has.delete(hash);
          } else {
            applying = true;
            expect(has.get(hash) ?? 0).toBe(step.from);
            has.set(hash, 3);
          }
        }
        expect(has).toEqual(new Map(branch(blocks, head).map((hash) => [hash, 3])));
      }),
    );
  });

  it('is not known from a block that the tree does not hold', () => {
    const { tree } = grown([0, 1]);
    expect(stepsTo(tree, { number: 1, hash: '0xff', logs: ALL }, '0xb2')).toBeUndefined();
  });
});
