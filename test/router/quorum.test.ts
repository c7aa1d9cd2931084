import { describe, expect, it } from 'vitest';
import { delay, type FakeNode, hang, rpcError } from '../support/fake-node.ts';
import { counts, metric, type Pool, startPool, until } from './pool.ts';

const BALANCE = 'eth_getBalance';
const params = [`0x${'00'.repeat(20)}`, 'latest'];
const agreeing = (agree: number, of: number, methods: readonly string[] = [BALANCE]) => ({
  quorum: [{ methods, agree, of }],
});
const say = ({ nodes }: Pool, ...answers: unknown[]): void => {
  nodes.forEach((node: FakeNode, index) => node.on(BALANCE, () => answers[index]));
};
const dissents = (pool: Pool, upstream: string): Promise<number> =>
  metric(pool, `headgate_quorum_dissents_total{chain="mainnet",upstream="${upstream}",method="${BALANCE}"}`);
const scores = async ({ gateway }: Pool): Promise<number[]> => {
  const { chains } = (await (await fetch(`${gateway.opsUrl}/status`)).json()) as {
    chains: { upstreams: { score: number }[] }[];
  };
  return chains.flatMap(({ upstreams }) => upstreams.map(({ score }) => score));
};

describe('quorum reads', () => {
  it('answer what enough nodes say, and count and mark down who says something else', async () => {
    await using pool = await startPool([{}, {}, {}], { ...agreeing(2, 3), health: { interval: '50ms' } });
    say(pool, '0x1', '0x666', '0x1');
    const { json } = await pool.call(BALANCE, params);
    expect(json.result).toBe('0x1');
    await until(async () => (await dissents(pool, 'b')) === 1);
    expect([await dissents(pool, 'a'), await dissents(pool, 'c')]).toEqual([0, 0]);
    await until(async () => {
      const [a = 0, b = 1, c = 0] = await scores(pool);
      return b < 0.4 && a > 0.5 && c > 0.5;
    });
    expect(pool.gateway.log.some((line) => line.includes('b gave another answer than the quorum'))).toBe(true);
  });

  it('find a dissenter also where its answer comes after the agreement', async () => {
    await using pool = await startPool([{}, {}, {}], agreeing(2, 3));
    say(pool, '0x1', '0x1', delay(100, '0x666'));
    expect((await pool.call(BALANCE, params)).json.result).toBe('0x1');
    await until(async () => (await dissents(pool, 'c')) === 1);
  });

  it('ask all nodes about the same block, by its hash', async () => {
    await using pool = await startPool([{}, {}], agreeing(2, 2));
    await pool.call(BALANCE, params);
    const asked = pool.nodes.map(({ requests }) => requests.find(({ method }) => method === BALANCE)?.params[1]);
    expect(asked[0]).toEqual({ blockHash: pool.nodes[0]?.chain.hash(100) });
    expect(asked[1]).toEqual(asked[0]);
  });

  it('say disagreement where none has enough nodes behind it, and who said what, but no values', async () => {
    await using pool = await startPool([{}, {}, {}], agreeing(2, 3));
    say(pool, '0x1', '0x2', rpcError(3, 'execution reverted'));
    const { json, status } = await pool.call(BALANCE, params);
    expect(status).toBe(503);
    expect(json.error).toMatchObject({ code: -32002, data: { reason: 'disagreement', agree: 2, of: 3 } });
    const answers: { kind: string; upstreams: string[] }[] = json.error.data.answers;
    expect(answers.flatMap(({ upstreams }) => upstreams).sort()).toEqual(['a', 'b', 'c']);
    expect(answers.map(({ kind }) => kind).sort()).toEqual(['error', 'result', 'result']);
    expect(JSON.stringify(json.error.data)).not.toContain('0x');
    expect(await dissents(pool, 'a')).toBe(0);
  });

  it('give up at once where no further node could bring about an agreement', async () => {
    const routing = { attempts: 100, timeout: '60s' };
    await using pool = await startPool([{}, {}, {}, {}, {}], { ...agreeing(2, 3), routing });
    say(pool, '0x1', '0x2', '0x3', '0x4', '0x5');
    expect((await pool.call(BALANCE, params)).json.error.data.reason).toBe('disagreement');
    expect(counts(pool, BALANCE).reduce((sum, count) => sum + count)).toBe(3);
  });

  it('ask further nodes where one fails, and no more than the rule says where none does', async () => {
    await using pool = await startPool([{}, {}, {}, {}, {}], agreeing(3, 3));
    let failures = 0;
    for (const node of pool.nodes) {
      node.on(BALANCE, () => {
        failures += 1;
        return failures <= 2 ? rpcError(-32000, 'missing trie node') : '0x1';
      });
    }
    expect((await pool.call(BALANCE, params)).json.result).toBe('0x1');
    expect(counts(pool, BALANCE)).toEqual([1, 1, 1, 1, 1]);
    await pool.call(BALANCE, params);
    expect(counts(pool, BALANCE).reduce((sum, count) => sum + count)).toBe(8);
  });

  it('do not wait for a silent node once enough have spoken', async () => {
    await using pool = await startPool([{}, {}, {}], { ...agreeing(2, 3), routing: { timeout: '60s' } });
    say(pool, '0x1', hang(), '0x1');
    expect((await pool.call(BALANCE, params)).json.result).toBe('0x1');
  });

  it('give back an error on which enough nodes agree', async () => {
    await using pool = await startPool([{}, {}, {}], agreeing(2, 3));
    const reverted = rpcError(3, 'execution reverted', '0x08c379a0');
    say(pool, reverted, rpcError(-32015, 'VM execution error.', 'Reverted 0x08c379a0'), '0x1');
    const { json } = await pool.call(BALANCE, params);
    expect([3, -32015]).toContain(json.error.code);
  });

  it('refuse where too few nodes are there to agree', async () => {
    await using pool = await startPool([{}, {}], agreeing(2, 2));
    say(pool, '0x1', rpcError(-32000, 'missing trie node'));
    const { json } = await pool.call(BALANCE, params);
    expect(json.error).toMatchObject({ code: -32002, data: { reason: 'no_upstream' } });
  });

  it('give back what the nodes say where all of them lack the data', async () => {
    await using pool = await startPool([{}, {}], agreeing(2, 2));
    say(pool, rpcError(-32000, 'missing trie node'), rpcError(-32000, 'missing trie node'));
    expect((await pool.call(BALANCE, params)).json.error).toEqual({ code: -32000, message: 'missing trie node' });
  });

  it('take a null for ignorance until everybody was asked', async () => {
    const method = 'eth_getTransactionReceipt';
    await using pool = await startPool([{}, {}, {}, {}], agreeing(2, 2, ['eth_getTransaction*']));
    let asked = 0;
    for (const node of pool.nodes) {
      node.on(method, () => {
        asked += 1;
        return asked <= 2 ? null : { status: '0x1', blockNumber: '0x1' };
      });
    }
    const hash = `0x${'11'.repeat(32)}`;
    expect((await pool.call(method, [hash])).json.result).toMatchObject({ status: '0x1' });
    for (const node of pool.nodes) node.on(method, () => null);
    expect((await pool.call(method, [hash])).json.result).toBeNull();
    expect(counts(pool, method)).toEqual([2, 2, 2, 2]);
    expect(await metric(pool, 'headgate_quorum_dissents_total')).toBe(0);
  });

  it('do not believe several nulls against one node that knows better', async () => {
    const method = 'eth_getTransactionReceipt';
    await using pool = await startPool([{}, {}, {}], agreeing(2, 3, [method]));
    for (const node of pool.nodes) node.on(method, () => null);
    pool.nodes[0]?.on(method, () => ({ status: '0x1', blockNumber: '0x1' }));
    const { json } = await pool.call(method, [`0x${'11'.repeat(32)}`]);
    expect(json.error.data).toMatchObject({ reason: 'disagreement' });
  });

  it('leave other methods, and one node’s own word, to one node', async () => {
    await using pool = await startPool([{}, {}, {}], agreeing(2, 3));
    for (const node of pool.nodes) node.on('eth_getCode', () => '0x');
    await pool.call('eth_getCode', params);
    expect(counts(pool, 'eth_getCode').reduce((sum, count) => sum + count)).toBe(1);
    await pool.call(BALANCE, params, { 'x-headgate-upstream': 'b' });
    expect(counts(pool, BALANCE)).toEqual([0, 1, 0]);
  });
});
