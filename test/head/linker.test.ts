import { expect, it } from 'vitest';
import { BlockTree } from '../../src/head/block-tree.ts';
import { linkBranch } from '../../src/head/linker.ts';
import { readQuantity } from '../../src/head/header.ts';
import { ScriptedChain } from '../support/scripted-chain.ts';
import { headerOf } from './tree-of.ts';

it('takes what a holder of the root tells below it for the word of that holder, and of nobody else', async () => {
  const chain = new ScriptedChain();
  const top = chain.extend(chain.genesis, 40);
  const blocks = chain.branch(top, 0);
  const told = (number: number) => {
    const block = blocks.find((one) => one.number === number);
    if (block === undefined) throw new Error(`there is no block ${number}`);
    return { ...headerOf(block), raw: Buffer.from(JSON.stringify({ ...block.header, difficulty: '0x2' })) };
  };
  const tree = new BlockTree({ window: 64 });
  tree.add(headerOf(top), 'holder', 0);
  tree.anchor(top.hash);
  const target = told(20);
  tree.add(target, 'lagging', 0);
  const asked: string[] = [];
  const byHash = new Map(blocks.map(({ hash, number }) => [hash, number]));
  const teller = (name: string) => ({
    name,
    ask: async (requests: readonly { readonly params: Buffer }[]) => {
      asked.push(name);
      return requests.map(({ params }) => {
        const [reference] = JSON.parse(params.toString());
        return told(byHash.get(reference) ?? readQuantity(reference) ?? -1);
      });
    },
  });
  const result = await linkBranch({
    tree,
    target,
    window: 64,
    around: 40,
    now: () => 0,
    owner: teller('lagging'),
    holder: () => teller('holder'),
  });
  expect([result, new Set(asked)]).toEqual(['linked', new Set(['holder'])]);
  const { hash } = told(30);
  tree.add(told(30), 'holder', 0);
  expect(tree.told(hash)?.belief).toBe('alone');
  tree.add(told(30), 'lagging', 0);
  expect(tree.told(hash)?.belief).toBe('agreed');
});
