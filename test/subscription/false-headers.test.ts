import { describe, expect, it } from 'vitest';
import { post } from '../support/gateway.ts';
import { type ScriptedBlock, ScriptedChain, ticker } from '../support/scripted-chain.ts';
import { EventPool, eventually } from './pool.ts';

/** As if nothing had happened in the block. */
const lie = {
  logsBloom: `0x${'00'.repeat(256)}`,
  receiptsRoot: '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421',
  gasUsed: '0xdead',
};

const standsAt = async (pool: EventPool, index: number): Promise<number> => {
  const text = await (await fetch(`${pool.gateway.opsUrl}/status`)).text();
  return JSON.parse(text).chains[0].upstreams[index].head;
};

describe('a header that a liar tells first', () => {
  it.each([
    ['where the hash proves what is in it', {}],
    ['where it proves nothing, and the others agree', { difficulty: '0x2' }],
  ])('hides no logs and is told to nobody: %s', async (_, fields) => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start, start]);
    const { node, view } = pool.member(0);
    node.on('eth_getBlockByNumber', ([reference]) => {
      const block = view.blockAt(reference);
      const later = typeof block === 'object' && block !== null && 'number' in block && Number(block.number) > 5;
      return later ? { ...block, ...lie } : block;
    });
    const logs = await pool.subscribe(['logs', { address: ticker.address }]);
    const heads = await pool.subscribe(['newHeads']);
    let head = start;
    for (let mined = 1; mined <= 3; mined += 1) {
      head = chain.mine(head, { logs: 2 });
      Object.assign(head.header, fields);
      view.place(head);
      node.push('newHeads', { ...head.header, ...lie });
      await eventually(() => standsAt(pool, 0)).toBe(head.number);
      for (const member of [pool.member(1), pool.member(2)]) member.view.follow(head);
      await logs.got(2 * mined);
    }
    const blocks: readonly ScriptedBlock[] = chain.branch(head, 6);
    const all = blocks.flatMap((block) => block.logs);
    expect(logs.events).toEqual(all);
    expect(await heads.got(3)).toEqual(blocks.map(({ header }) => header));
    const range = { fromBlock: '0x6', toBlock: 'latest', address: ticker.address };
    const { json } = await post(pool.gateway.url, { jsonrpc: '2.0', id: 1, method: 'eth_getLogs', params: [range] });
    expect(json.result).toEqual(all);
  });

  it('is not gone by where the other node contradicts it, and nobody else can tell', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start]);
    const logs = await pool.subscribe(['logs', { address: ticker.address }]);
    const head = chain.mine(start, { logs: 2 });
    Object.assign(head.header, { difficulty: '0x2' });
    const { node, view } = pool.member(0);
    view.place(head);
    node.push('newHeads', { ...head.header, ...lie });
    await eventually(() => standsAt(pool, 0)).toBe(6);
    pool.member(1).view.follow(head);
    expect(await logs.got(2)).toEqual(head.logs);
  });
});
