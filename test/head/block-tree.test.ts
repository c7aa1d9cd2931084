import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlockTree } from '../../src/head/block-tree.ts';
import type { Header } from '../../src/head/header.ts';
import { ScriptedChain } from '../support/scripted-chain.ts';
import { hashOf } from '../support/scripted-header.ts';
import { headerOf, treeOf } from './tree-of.ts';

const chain = new ScriptedChain();
const base = chain.extend(chain.genesis, 10);
const main = chain.extend(base, 20);
const side = chain.extend(chain.at(main, 15) ?? base, 5, { salt: 'side' });
const feed = (tree: BlockTree, headers: readonly Header[], source = 'a') =>
  headers.map((header) => tree.add(header, source, 0));
const branch = (head = main, from = 10) => chain.branch(head, from).map(headerOf);

describe('a block tree', () => {
  it('links headers fed in any order, doubled and with gaps, once the gaps are filled', () => {
    const headers = [...branch(), ...branch(side)];
    const shuffles = fc.shuffledSubarray([...headers, ...headers], { minLength: headers.length * 2 });
    fc.assert(
      fc.property(shuffles, (order) => {
        const tree = treeOf(chain, base, []);
        feed(tree, order);
        expect(headers.every(({ hash }) => tree.linked(hash))).toBe(true);
        expect(tree.size).toBe(new Set(headers.map(({ hash }) => hash)).size);
      }),
    );
  });

  it('keeps a header whose parent is missing apart until the parent comes', () => {
    const tree = treeOf(chain, base, []);
    const [, one, two] = branch();
    if (one === undefined || two === undefined) throw new Error('too short');
    expect(tree.add(two, 'a', 0)).toBe('waiting');
    expect(tree.linked(two.hash)).toBe(false);
    expect(tree.missingParent(two.hash)).toEqual({ hash: one.hash, number: 11, below: 'branch' });
    expect(tree.add(one, 'a', 0)).toBe('linked');
    expect(tree.linked(two.hash)).toBe(true);
    expect(tree.missingParent(two.hash)).toBeUndefined();
  });

  it('asks for what is below its root where a head is older than that, and grows downwards', () => {
    const tree = treeOf(chain, main, []);
    const old = chain.at(main, 27);
    if (old === undefined) throw new Error('too short');
    tree.add(headerOf(old), 'b', 0);
    expect(tree.missingParent(old.hash)).toEqual({ hash: main.parentHash, number: 29, below: 'root' });
    feed(tree, branch(chain.at(main, 29), 28).toReversed());
    expect(tree.linked(old.hash)).toBe(true);
    expect(tree.root?.number).toBe(27);
  });

  it('asks below both sides in turn where a fork lies below its root', () => {
    const tree = treeOf(chain, main, []);
    const fork = chain.extend(chain.at(main, 27) ?? base, 3, { salt: 'fork' });
    tree.add(headerOf(fork), 'b', 0);
    const asked: string[] = [];
    for (let next = tree.missingParent(fork.hash); next !== undefined; next = tree.missingParent(fork.hash)) {
      const block = chain.block(next.hash);
      if (block === undefined) throw new Error('asked for a block that does not exist');
      asked.push(`${next.below} ${block.number}`);
      tree.add(headerOf(block), 'b', 0);
    }
    expect(asked).toEqual(['branch 29', 'root 29', 'branch 28', 'root 28', 'branch 27']);
    expect(tree.commonAncestor(fork.hash, main.hash)?.number).toBe(27);
  });

  it('tells the way from one block to another: down newest first, up oldest first', () => {
    const tree = treeOf(chain, base, [main, side]);
    const path = tree.path(main.hash, side.hash);
    expect(path?.removed.map(({ number }) => number)).toEqual([
      30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16,
    ]);
    expect(path?.added.map(({ hash }) => hash)).toEqual(chain.branch(side, 16).map(({ hash }) => hash));
  });

  it('knows no way to a block that does not link', () => {
    const tree = treeOf(chain, base, [main]);
    const claim = chain.claim(1_000_000);
    tree.add(headerOf(claim), 'liar', 0);
    expect(tree.path(main.hash, claim.hash)).toBeUndefined();
    expect(tree.contains(base.hash, claim.hash)).toBe(false);
  });

  it('tells whether a branch contains a block, and which one at a height', () => {
    const tree = treeOf(chain, base, [main, side]);
    const at = (number: number) => chain.at(main, number)?.hash ?? '';
    expect(tree.contains(at(15), side.hash)).toBe(true);
    expect(tree.contains(at(16), side.hash)).toBe(false);
    expect(tree.contains(main.hash, main.hash)).toBe(true);
    expect(tree.contains(main.hash, at(29))).toBe(false);
    expect(tree.ancestorAt(side.hash, 12)?.hash).toBe(at(12));
    expect(tree.ancestorAt(side.hash, 21)).toBeUndefined();
  });

  it('refuses a header whose number does not follow its parent, in whatever order they come', () => {
    const bogus: Header = { ...headerOf(main), hash: hashOf('bogus'), number: 99 };
    const parent = headerOf(chain.at(main, 29) ?? base);
    const after = treeOf(chain, base, [chain.at(main, 29) ?? base]);
    expect(after.add(bogus, 'liar', 0)).toBe('contradiction');
    const before = treeOf(chain, base, []);
    before.add(bogus, 'liar', 0);
    before.add(parent, 'a', 0);
    expect(before.get(bogus.hash)).toBeUndefined();
  });

  it('refuses another parent for a hash that it knows', () => {
    const tree = treeOf(chain, base, [main]);
    expect(tree.add({ ...headerOf(main), parentHash: base.hash }, 'liar', 0)).toBe('contradiction');
    expect(tree.get(main.hash)?.parentHash).toBe(main.parentHash);
  });

  it('keeps what was published for the window, orphaned or not, and forgets what is older', () => {
    const tree = treeOf(chain, base, [main], 18);
    tree.publish(main.hash);
    feed(tree, branch(side, 16));
    tree.publish(side.hash);
    expect(tree.path(main.hash, side.hash)?.removed).toHaveLength(15);
    const later = chain.extend(side, 20);
    feed(tree, branch(later, 21));
    tree.publish(later.hash);
    expect(tree.get(main.hash)?.number).toBe(30);
    expect(tree.root?.number).toBe(22);
    expect(tree.add(headerOf(chain.at(main, 20) ?? base), 'a', 0)).toBe('stale');
  });

  it('unlinks a side branch whose fork has fallen out of the window', () => {
    const tree = treeOf(chain, base, [main, side], 12);
    tree.publish(main.hash);
    expect(tree.linked(side.hash)).toBe(false);
    expect(tree.linked(main.hash)).toBe(true);
  });

  it('remembers when a header was first fed', () => {
    const tree = treeOf(chain, base, []);
    tree.add(headerOf(main), 'a', 7);
    tree.add(headerOf(main), 'b', 9);
    expect(tree.sightedAt(main.hash)).toBe(7);
  });

  it('is bounded in memory whatever headers are fed, and keeps the published branch', () => {
    const window = 8;
    const published = chain.extend(base, 10);
    const header = fc.record({
      number: fc.integer({ min: 0, max: 40 }),
      hash: fc.integer({ min: 0, max: 400 }).map((seed) => hashOf('any', seed)),
      parentHash: fc.oneof(
        fc.integer({ min: 0, max: 400 }).map((seed) => hashOf('any', seed)),
        fc.constantFrom(...chain.branch(published, 10).map(({ hash }) => hash)),
      ),
      timestamp: fc.constant(0),
      raw: fc.constant(Buffer.from('{}')),
    });
    const fed = fc.array(fc.tuple(header, fc.constantFrom('x', 'y', 'z')), { minLength: 200, maxLength: 600 });
    fc.assert(
      fc.property(fed, (headers) => {
        const tree = treeOf(chain, base, [published], window);
        tree.publish(published.hash);
        for (const [one, source] of headers) tree.add(one, source, 0);
        // The window, a quota for each of the three tellers, and one for what two of them told.
        expect(tree.size).toBeLessThanOrEqual(window + 1 + 4 * (2 * window + 2));
        const kept = chain.branch(published, published.number - window);
        for (const block of kept) {
          expect(tree.linked(block.hash)).toBe(true);
          expect(tree.ancestorAt(published.hash, block.number)?.hash).toBe(block.hash);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('does not let one teller push out what another one told', () => {
    const tree = treeOf(chain, base, [], 8);
    tree.publish(base.hash);
    const honest = chain.branch(chain.extend(base, 5), 11).map(headerOf);
    feed(tree, honest, 'honest');
    const lies = Array.from({ length: 1000 }, (_, index) => headerOf(chain.mine(base, { salt: `lie ${index}` })));
    feed(tree, lies, 'liar');
    expect(honest.every(({ hash }) => tree.linked(hash))).toBe(true);
  });
});
