import { describe, expect, it } from 'vitest';
import { counts, type Pool, startPool } from './pool.ts';

/** `trace_*` is denied by default. */
const open = { methods: { deny: [] } };
const toAddress = [`0x${'11'.repeat(20)}`];
const asked = (pool: Pool, method: string): unknown[] =>
  pool.nodes.flatMap((node) => node.requests.filter((one) => one.method === method).map(({ params }) => params[0]));

describe('trace_filter', () => {
  it('over one block is asked for by numbers, which every client knows', async () => {
    await using pool = await startPool([{}], {}, open);
    pool.nodes[0]?.on('trace_filter', () => []);
    for (const block of ['0x64', '0x60', 'latest']) {
      await pool.call('trace_filter', [{ fromBlock: block, toBlock: block, toAddress }]);
    }
    expect(asked(pool, 'trace_filter')).toEqual(
      ['0x64', '0x60', '0x64'].map((block) => ({ fromBlock: block, toBlock: block, toAddress })),
    );
  });

  it('without a start leaves it out for nodes that begin at the first block, whatever the end', async () => {
    await using pool = await startPool([{ node: { client: 'erigon/3.0.0/linux-amd64/go1.24' } }], {}, open);
    pool.nodes[0]?.on('trace_filter', () => []);
    for (const filter of [{ toAddress }, { toBlock: '0x10', toAddress }]) {
      expect((await pool.call('trace_filter', [filter])).json.result).toEqual([]);
    }
    expect(asked(pool, 'trace_filter')).toEqual([
      { toBlock: '0x64', toAddress },
      { toBlock: '0x10', toAddress },
    ]);
  });

  it.each(['Nethermind/v1.31.0+abc/linux-x64/dotnet9.0.0', 'OpenEthereum//v3.3.5-stable/x86_64-linux-gnu/rustc1.59.0'])(
    'without a start begins at the published head with %s, which may be ahead of it',
    async (client) => {
      await using pool = await startPool([{ node: { client } }], {}, open);
      pool.nodes[0]?.on('trace_filter', () => []);
      await pool.call('trace_filter', [{ toAddress }]);
      expect(asked(pool, 'trace_filter')).toEqual([{ fromBlock: '0x64', toBlock: '0x64', toAddress }]);
    },
  );
});

describe('logs of one block', () => {
  it.each(['eth_getLogs', 'erigon_getLogs'])('are asked for by its hash with %s', async (method) => {
    await using pool = await startPool([{}]);
    const [node] = pool.nodes;
    node?.on(method, () => []);
    const only = { 'x-headgate-upstream': 'a' };
    await pool.call(method, [{ fromBlock: '0x64', toBlock: '0x64' }], only);
    expect(asked(pool, method)).toEqual([{ blockHash: node?.chain.block(100)?.['hash'] }]);
  });
});

describe('a block that is named by number', () => {
  const byNumber = 'eth_getUncleCountByBlockNumber';
  const byHash = 'eth_getUncleCountByBlockHash';

  it('is asked for by hash', async () => {
    await using pool = await startPool([{}]);
    pool.nodes[0]?.on(byHash, () => '0x2');
    expect((await pool.call(byNumber, ['latest'])).json.result).toBe('0x2');
    expect(counts(pool, byNumber)).toEqual([0]);
  });

  it('is asked for by number where a node has no such method by hash, which is found out once', async () => {
    await using pool = await startPool([{}, {}]);
    for (const node of pool.nodes) node.on(byNumber, ([block]) => (block === '0x64' ? '0x2' : null));
    for (let n = 0; n < 20; n += 1) {
      const { json, headers } = await pool.call(byNumber, ['latest']);
      expect(json.result).toBe('0x2');
      expect(headers.get('x-headgate-attempts')).toBe('1');
    }
    expect(counts(pool, byHash)).toEqual([1, 1]);
  });

  it('is refused in words about the method that the client asked for', async () => {
    await using pool = await startPool([{}, {}]);
    const { error } = (await pool.call(byNumber, ['latest'])).json;
    expect(error.message).toContain(byNumber);
    expect(error.message).not.toContain(byHash);
  });
});
