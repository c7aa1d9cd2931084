import { describe, it } from 'vitest';
import { ScriptedChain } from '../support/scripted-chain.ts';
import type { WsClient } from '../support/ws-client.ts';
import { EventPool, eventually } from './pool.ts';

/** The results that a connection was told of, in order. */
const told = ({ messages }: WsClient): unknown[] =>
  messages
    .map((text) => JSON.parse(text))
    .filter(({ method }) => method === 'parity_subscription')
    .map(({ params }) => params.result);

describe('parity_subscribe', () => {
  it('tells logs as eth_getLogs does: complete, though nodes have not indexed the newest block yet', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start]);
    const client = await pool.client();
    await client.call('parity_subscribe', ['eth_getLogs', [{ fromBlock: 'latest', toBlock: 'latest' }]]);
    await eventually(() => told(client)).toEqual([start.logs]);
    const head = chain.extend(start, 1);
    const asked = (): number => pool.members.reduce((sum, { node }) => sum + node.count('eth_getLogs'), 0);
    const before = asked();
    for (const { view } of pool.members) view.lateLogs.add(head.hash);
    pool.follow(head);
    await eventually(asked).toBeGreaterThan(before + 1);
    for (const { view } of pool.members) view.lateLogs.clear();
    await eventually(() => told(client)).toEqual([start.logs, head.logs]);
  });
});
