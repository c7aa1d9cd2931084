import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockTree } from '../../src/head/block-tree.ts';
import type { HeadMove } from '../../src/head/head-move.ts';
import { PublishedHead } from '../../src/head/published-head.ts';
import { type ScriptedBlock, ScriptedChain } from '../support/scripted-chain.ts';
import { headerOf } from './tree-of.ts';

const chain = new ScriptedChain();
const base = chain.extend(chain.genesis, 10);
const pace = { blockTimeMs: 1000, stallMs: 4000 };
const names = ['a', 'b', 'c', 'd', 'e'];

/** A block tree grown from `base`: each number picks the parent of one more block. */
const grown = (picks: readonly number[]): ScriptedBlock[] => {
  const blocks = [base];
  for (const [index, pick] of picks.entries()) {
    const parent = blocks[pick % blocks.length] ?? base;
    blocks.push(chain.mine(parent, { salt: `s${index % 4}` }));
  }
  return blocks;
};

interface Hint {
  readonly node: number;
  readonly block: number;
}

const shapes = fc.record({
  picks: fc.array(fc.nat({ max: 1000 }), { minLength: 1, maxLength: 30 }),
  nodes: fc.integer({ min: 1, max: 5 }),
  hints: fc.array(fc.record({ node: fc.nat({ max: 4 }), block: fc.nat({ max: 30 }) }), { minLength: 1, maxLength: 60 }),
});

/** Feeds hints one by one; each node stands on the last one it gave. Returns every step of the published head. */
const run = (blocks: readonly ScriptedBlock[], nodes: number, hints: readonly Hint[]) => {
  const tree = new BlockTree({ window: 64 });
  tree.add(headerOf(base), 'a', 0);
  tree.anchor(base.hash);
  const published = new PublishedHead({ mode: 'majority', finality: 64 });
  const stands = new Map(names.slice(0, nodes).map((name) => [name, base]));
  const moves: (HeadMove & { readonly unheldFor: number })[] = [];
  let now = 0;
  let heldAt = 0;
  const settle = () => {
    const ballots = [...stands].map(([name, block]) => ({
      name,
      voter: true,
      head: headerOf(block),
      latest: block.number,
      safe: undefined,
      finalized: undefined,
    }));
    const before = chain.block(published.head?.hash ?? '');
    if (before !== undefined && [...stands.values()].some((block) => chain.contains(block, before))) heldAt = now;
    const { move } = published.settle(tree, ballots, now, pace);
    if (move !== undefined) moves.push({ ...move, unheldFor: now - heldAt });
    if (move !== undefined) heldAt = now;
  };
  settle();
  const stand = (name: string, block: number) => {
    const head = blocks[block % blocks.length] ?? base;
    // As the walk back by parent hash would: the missing parents first.
    for (const parent of chain.branch(head, base.number)) tree.add(headerOf(parent), name, now);
    stands.set(name, head);
    now += 100;
    settle();
  };
  for (const { node, block } of hints) stand(names[node % nodes] ?? 'a', block);
  const rest = () => {
    for (let step = 0; step < 20; step++) {
      now += 1000;
      settle();
    }
  };
  return { published, moves, stand, rest };
};

describe('the published head, whatever is heard in whatever order', () => {
  it('moves only by appending, or by a path down to a common ancestor and up', () => {
    fc.assert(
      fc.property(shapes, ({ picks, nodes, hints }) => {
        const { moves, rest } = run(grown(picks), nodes, hints);
        rest();
        let head = base.hash;
        for (const { removed, added, gap, head: next } of moves.slice(1)) {
          expect(gap).toBe(false);
          for (const block of removed) {
            expect(block.hash).toBe(head);
            head = block.parentHash;
          }
          for (const block of added) {
            expect(block.parentHash).toBe(head);
            head = block.hash;
          }
          expect(next.hash).toBe(head);
        }
      }),
    );
  });

  it('has the parent of each of its blocks on its branch', () => {
    fc.assert(
      fc.property(shapes, ({ picks, nodes, hints }) => {
        const { published } = run(grown(picks), nodes, hints);
        const branch = published.branch;
        if (branch === undefined) throw new Error('nothing was published');
        for (const [hash, number] of branch.heights) {
          if (number === branch.lowest) continue;
          expect(branch.hashes.get(number - 1)).toBe(chain.block(hash)?.parentHash);
        }
      }),
    );
  });

  it('settles on the same block however the hints were ordered, where a majority stands on one branch', () => {
    const wholePool = shapes.chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        order: fc.shuffledSubarray(shape.hints, { minLength: shape.hints.length }),
        last: fc.nat({ max: 30 }),
      }),
    );
    fc.assert(
      fc.property(wholePool, ({ shape: { picks, nodes, hints }, order, last }) => {
        const blocks = grown(picks);
        const ends = [hints, order].map((sequence) => {
          const { published, stand, rest } = run(blocks, nodes, sequence);
          for (const name of names.slice(0, nodes)) stand(name, last);
          rest();
          return published.head?.hash;
        });
        expect(ends[0]).toBe(ends[1]);
      }),
    );
  });

  it('goes down on its own branch only after nobody has held it for the stall time', () => {
    let lowered = 0;
    fc.assert(
      fc.property(shapes, ({ picks, nodes, hints }) => {
        const { moves, rest } = run(grown(picks), nodes, hints);
        rest();
        for (const { removed, added, unheldFor } of moves) {
          if (removed.length === 0 || added.length > 0) continue;
          expect(unheldFor).toBeGreaterThanOrEqual(pace.stallMs);
          lowered++;
        }
      }),
    );
    expect(lowered).toBeGreaterThan(0);
  });
});
