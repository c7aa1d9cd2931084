import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delay } from '../support/fake-node.ts';
import { post } from '../support/gateway.ts';
import { type ScriptedBlock, ScriptedChain } from '../support/scripted-chain.ts';
import { balanceAt, callAt, ScriptedNode } from '../support/scripted-node.ts';
import { WsClient } from '../support/ws-client.ts';
import { CachePool } from './pool.ts';

const alice = `0x${'a1'.repeat(20)}`;

const started = (options = {}) => {
  const chain = new ScriptedChain();
  return CachePool.start(chain, chain.extend(chain.genesis, 100), options);
};

describe('a gateway that keeps answers', () => {
  it('asks a node once for 500 identical calls at once, by HTTP, WebSocket and in batches', async () => {
    await using pool = await started();
    for (const node of pool.nodes) node.on('eth_call', () => delay(100, '0x2a'));
    const batch = Array.from({ length: 100 }, (_, id) => ({
      jsonrpc: '2.0',
      id,
      method: 'eth_call',
      params: [{ to: alice }, 'latest'],
    }));
    const client = await WsClient.open(pool.gateway.wsUrl);
    const answers = await Promise.all([
      ...Array.from({ length: 200 }, () => pool.ask('eth_call', [{ to: alice }])),
      ...Array.from({ length: 200 }, () => client.call('eth_call', [{ to: alice }, { blockHash: pool.head.hash }])),
      post(pool.gateway.url, batch).then(({ json }) => json as { result: string }[]),
    ]);
    await client.close();
    expect(answers.flat().map(({ result }) => result)).toEqual(Array.from({ length: 500 }, () => '0x2a'));
    expect(pool.asked('eth_call')).toBe(1);
  });

  it('asks for what is read at the head once a block', async () => {
    await using pool = await started();
    for (const node of pool.nodes) {
      node.on('eth_getCode', () => '0x6001').on('eth_getStorageAt', () => `0x${'0'.repeat(63)}1`);
      node.on('eth_feeHistory', () => ({ oldestBlock: '0x1', baseFeePerGas: ['0x1', '0x2'], gasUsedRatio: [0.5] }));
    }
    const reads = [
      ['eth_call', [{ to: alice }, 'latest']],
      ['eth_getBalance', [alice]],
      ['eth_getCode', [alice, 'latest']],
      ['eth_getStorageAt', [alice, '0x0']],
      ['eth_feeHistory', ['0x1', 'latest', []]],
      ['eth_getBlockByNumber', ['latest', false]],
      ['eth_getBlockReceipts', ['latest']],
    ] as const;
    for (let block = 1; block <= 3; block += 1) {
      for (let round = 0; round < 5; round += 1) for (const [method, params] of reads) await pool.ask(method, params);
      for (const [method] of reads) if (method !== 'eth_getBlockByNumber') expect(pool.asked(method)).toBe(block);
      expect((await pool.ask('eth_getBlockByNumber', ['latest', false])).source).toBe('hit');
      await pool.mine();
    }
  });

  it('says what it did, and counts what it spared', async () => {
    await using pool = await started();
    for (const node of pool.nodes) node.on('eth_estimateGas', () => '0x5208');
    const first = await pool.ask('eth_getBalance', [alice]);
    const second = await pool.ask('eth_getBalance', [alice, '0x64']);
    const aside = await pool.ask('eth_getBalance', [alice], 0, { 'x-headgate-cache': 'bypass' });
    const one = await pool.ask('eth_getBalance', [alice], 0, { 'x-headgate-upstream': 'n1' });
    const passing = await pool.ask('eth_estimateGas', [{}]);
    expect([first, second, aside, one, passing].map(({ source }) => source)).toEqual([
      'miss',
      'hit',
      'bypass',
      'bypass',
      'bypass',
    ]);
    const of = 'chain="main",method="eth_getBalance"';
    expect(await pool.metric(`headgate_cache_requests_total{${of},result="hit"}`)).toBe(1);
    expect(await pool.metric(`headgate_cache_requests_total{${of},result="miss"}`)).toBe(1);
    expect(await pool.metric(`headgate_cache_requests_total{${of},result="bypass"}`)).toBe(2);
    expect(await pool.metric(`headgate_upstream_calls_saved_total{${of}}`)).toBe(1);
    expect(await pool.metric('headgate_cache_bytes')).toBeGreaterThan(600);
  });

  it('answers the truth of the published branch through reorganisations, and never anything older', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { minLength: 3, maxLength: 8 }), fc.nat(), async (steps, seed) => {
        await using pool = await started();
        for (const [at, depth] of steps.entries()) {
          await (depth === 0 ? pool.mine() : pool.reorganise(depth, `${seed}/${at}`));
          const { head, chain } = pool;
          for (let back = 0; back < 5; back += 1) {
            const block = chain.at(head, head.number - back);
            const { result } = await pool.ask('eth_getBalance', [alice, `0x${(head.number - back).toString(16)}`]);
            expect(result).toBe(balanceAt(block?.hash ?? '0x', alice));
          }
          expect((await pool.ask('eth_call', [{}])).result).toBe(callAt(head.hash, {}));
          const transaction = head.transactions[0];
          expect((await pool.ask('eth_getTransactionReceipt', [transaction])).result.blockHash).toBe(head.hash);
        }
      }),
      { numRuns: 4 },
    );
  }, 60_000);

  it('takes no answer of a node that has left the branch of the block meanwhile', async () => {
    await using pool = await started({ nodes: 1 });
    let asked = 0;
    pool.nodes[0]?.on('eth_getBalance', async () => {
      asked += 1;
      if (asked > 1) return '0x2';
      await pool.reorganise(1, 'other');
      return '0x1';
    });
    expect(await pool.ask('eth_getBalance', [alice])).toMatchObject({ result: '0x2' });
    expect(await pool.ask('eth_getBalance', [alice])).toEqual({ result: '0x2', source: 'hit' });
  });

  it('reads anew at a block that was orphaned and came back', async () => {
    await using pool = await started();
    const first = pool.head;
    const ask = () => pool.ask('eth_getBalance', [alice, '0x64']);
    await ask();
    expect((await ask()).source).toBe('hit');
    await pool.reorganise(1, 'other');
    expect((await ask()).result).not.toBe(balanceAt(first.hash, alice));
    await pool.follow(pool.chain.extend(first, 3));
    expect(await ask()).toEqual({ result: balanceAt(first.hash, alice), source: 'miss' });
  });

  it('gives no receipt of a block that is orphaned, though it gave it before', async () => {
    await using pool = await started();
    const hash = pool.head.transactions[0];
    expect((await pool.ask('eth_getTransactionReceipt', [hash])).result).toMatchObject({ blockHash: pool.head.hash });
    expect((await pool.ask('eth_getTransactionReceipt', [hash])).source).toBe('hit');
    await pool.reorganise(2, 'other');
    expect((await pool.ask('eth_getTransactionReceipt', [hash])).result).toBeNull();
  });

  it('asks a node about an orphaned block that a client names by its hash', async () => {
    await using pool = await started();
    const orphan = pool.head;
    const at = { blockHash: orphan.hash };
    expect((await pool.ask('eth_getBalance', [alice, at])).source).toBe('miss');
    expect((await pool.ask('eth_getBalance', [alice, { ...at, requireCanonical: true }])).source).toBe('hit');
    await pool.reorganise(1, 'other');
    for (const node of pool.nodes) {
      node.on('eth_getBalance', ([, block]) =>
        (block as { requireCanonical?: boolean }).requireCanonical ? '0xbad' : '0x1',
      );
    }
    expect(await pool.ask('eth_getBalance', [alice, at])).toEqual({ result: '0x1', source: 'bypass' });
    const canonical = await pool.ask('eth_getBalance', [alice, { ...at, requireCanonical: true }]);
    expect(canonical).toEqual({ result: '0xbad', source: 'bypass' });
  });

  it('drops what a node said once it is found on another branch', async () => {
    await using pool = await started();
    for (const [index, node] of pool.nodes.entries()) node.on('eth_getBalance', () => `0x${index}`);
    const ask = () => pool.ask('eth_getBalance', [alice, '0x60']);
    const told = await ask();
    expect(await ask()).toEqual({ ...told, source: 'hit' });
    const liar = Number(told.result);
    const fork = pool.chain.extend(pool.chain.at(pool.head, 99) ?? pool.chain.genesis, 2, { salt: 'own' });
    pool.views[liar]?.follow(fork);
    const forked = `headgate_upstream_state{chain="main",upstream="n${liar}",state="forked"}`;
    await expect.poll(() => pool.metric(forked)).toBe(1);
    const fresh = await ask();
    expect(fresh.source).toBe('miss');
    expect(fresh.result).not.toBe(told.result);
  });

  it('forgets what was final once the chain turns out to be another one', async () => {
    const [first, second] = [new ScriptedChain(), new ScriptedChain({ genesis: 'anew' })];
    await using pool = await CachePool.start(first, first.extend(first.genesis, 400));
    const read = async () => (await pool.ask('eth_getBalance', [alice, '0x5'])).result;
    const truth = (chain: ScriptedChain, head: ScriptedBlock) => balanceAt(chain.at(head, 5)?.hash ?? '0x', alice);
    expect(await read()).toBe(truth(first, pool.head));
    expect((await pool.ask('eth_getBalance', [alice, '0x5'])).source).toBe('hit');
    const head = second.extend(second.genesis, 400);
    await Promise.all(pool.nodes.map((node) => node.stop()));
    for (const node of pool.nodes) new ScriptedNode(second, head).attach(node);
    await Promise.all(pool.nodes.map((node) => node.start()));
    await pool.reached(head);
    expect(await read()).toBe(truth(second, head));
  });

  it('gives up everything when an operator says so, and says how much that was', async () => {
    await using pool = await started();
    for (let block = 90; block < 100; block += 1) await pool.ask('eth_getBalance', [alice, `0x${block.toString(16)}`]);
    expect(await pool.operate('/admin/cache/purge')).toEqual({ ok: true, purged: 10 });
    expect(await pool.metric('headgate_cache_bytes')).toBe(0);
    expect((await pool.ask('eth_getBalance', [alice, '0x5a'])).source).toBe('miss');
    expect(await pool.operate('/admin/cache/purge')).toEqual({ ok: true, purged: 1 });
  });

  it('explains whom it would ask, though it knows the answer', async () => {
    await using pool = await started();
    await pool.ask('eth_getBalance', [alice]);
    const params = encodeURIComponent(JSON.stringify([alice]));
    const explained = await fetch(`${pool.gateway.opsUrl}/explain?method=eth_getBalance&params=${params}`);
    expect(JSON.stringify(await explained.json())).toContain('n2');
  });
});
