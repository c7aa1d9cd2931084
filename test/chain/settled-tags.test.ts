import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeNode, startFakeNode } from '../support/fake-node.ts';
import { rpc, startGateway, type TestGateway } from '../support/gateway.ts';
import { ScriptedChain } from '../support/scripted-chain.ts';
import { balanceAt, ScriptedNode } from '../support/scripted-node.ts';

const chain = new ScriptedChain();
const head = chain.extend(chain.genesis, 100);
const address = `0x${'00'.repeat(20)}`;
const filters = [
  { fromBlock: '0x1', toBlock: 'finalized' },
  { fromBlock: 'safe', toBlock: 'latest' },
];

let node: FakeNode;
let view: ScriptedNode;
let gateway: TestGateway;
/** The node has no tags, and no block that old: nobody can tell what is final. */
let pruned: boolean;

const startWith = async (timeout: string) => {
  gateway = await startGateway({
    chains: [
      {
        name: 'main',
        blockTime: '500ms',
        health: { interval: '200ms' },
        routing: { timeout },
        upstreams: [{ name: 'a', url: node.url }],
      },
    ],
  });
  await gateway.ready();
};
const ask = (method: string, params: unknown) => rpc(gateway.url, method, params);

beforeEach(async () => {
  pruned = true;
  node = await startFakeNode();
  view = new ScriptedNode(chain, head).attach(node);
  view.tags = false;
  node.on('eth_getBlockByNumber', ([reference]) => (pruned && Number(reference) < 98 ? null : view.blockAt(reference)));
});
afterEach(async () => {
  await gateway.close();
  await node.close();
});

describe('a tag for which there is no block yet', () => {
  it.each<[string, unknown]>([
    ['eth_getBalance', [address, 'finalized']],
    ['eth_call', [{ to: address }, 'safe']],
    ...filters.map((filter): [string, unknown] => ['eth_getLogs', [filter]]),
  ])('%s %j waits for it, and then says not_yet', async (method, params) => {
    await startWith('200ms');
    const { json } = await ask(method, params);
    expect(json).not.toHaveProperty('result');
    expect(json.error).toMatchObject({ code: -32002, data: { reason: 'not_yet', head: 100 } });
    expect(json.error.message).toMatch(/no block is known to be (safe|finalized) yet; the chain is at 100/);
    expect(node.count(method)).toBe(0);
  });

  it('is null to who looks the block up', async () => {
    await startWith('200ms');
    expect((await ask('eth_getBlockByNumber', ['finalized', false])).json.result).toBeNull();
    expect((await ask('eth_getBlockTransactionCountByNumber', ['safe'])).json.result).toBeNull();
  });

  it('is waited for, and then read', async () => {
    await startWith('10s');
    const asked = [ask('eth_getBalance', [address, 'finalized']), ask('eth_getLogs', [filters[0]])];
    await ask('eth_chainId', []);
    pruned = false;
    const next = chain.mine(head);
    view.follow(next);
    const [balance, logs] = await Promise.all(asked);
    const final = chain.at(next, 37);
    expect(balance?.json.result).toBe(balanceAt(final?.hash ?? '0x', address));
    expect(logs?.json.result).toHaveLength(37);
  });
});

describe('a chain without the tags', () => {
  it('has both from the start, below its head by what is configured', async () => {
    pruned = false;
    await startWith('5s');
    const final = chain.at(head, 36);
    expect((await ask('eth_getBalance', [address, 'finalized'])).json.result).toBe(
      balanceAt(final?.hash ?? '0x', address),
    );
    expect((await ask('eth_getBlockByNumber', ['safe', false])).json.result.hash).toBe(final?.hash);
  });
});
