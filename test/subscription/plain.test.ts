import { describe, expect, it } from 'vitest';
import { ScriptedChain } from '../support/scripted-chain.ts';
import { EventPool, short } from './pool.ts';

describe('subscriptions over WebSocket', () => {
  it('answer before their first event, and announce every block and log once', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const client = await pool.client();
    const heads = await pool.subscribe(['newHeads'], client);
    const logs = await pool.subscribe(['logs', {}], client);
    const head = chain.extend(start, 5);
    pool.follow(head);
    expect(short(await heads.got(5))).toEqual(['h6', 'h7', 'h8', 'h9', 'h10']);
    expect(short(await logs.got(5))).toEqual(['+6', '+7', '+8', '+9', '+10']);
    expect(heads.events[0]).toEqual(chain.at(head, 6)?.header);
    expect(logs.events[0]).toEqual(chain.at(head, 6)?.logs[0]);
  });

  it('follow a reorganisation: removals newest first, then the new branch', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start, start]);
    const heads = await pool.subscribe(['newHeads']);
    const logs = await pool.subscribe(['logs', {}]);
    pool.follow(chain.extend(start, 2, { logs: 2 }));
    await logs.got(4);
    pool.follow(chain.extend(start, 3, { salt: 'other' }));
    expect(short(await logs.got(11))).toEqual(['+6', '+6', '+7', '+7', '-7', '-7', '-6', '-6', '+6', '+7', '+8']);
    expect(short(await heads.got(5))).toEqual(['h6', 'h7', 'h6', 'h7', 'h8']);
  });
});
