import { describe, expect, it } from 'vitest';
import { ScriptedChain, ticker } from '../support/scripted-chain.ts';
import { EventPool, eventually, short } from './pool.ts';
import { type ServerEvent, SseClient } from './sse-client.ts';

const told = (events: readonly ServerEvent[]): string[] => short(events.map(({ data }) => JSON.parse(data)));

describe('event streams', () => {
  it('give history, then what is new, without a seam', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 400);
    await using pool = await EventPool.start(chain, [start, start]);
    const client = await SseClient.open(`${pool.gateway.url}/events?address=${ticker.address}&fromBlock=0&heads=1`);
    expect(client.status).toBe(200);
    expect(client.headers['content-type']).toBe('text/event-stream');
    expect(client.headers['access-control-allow-origin']).toBe('*');
    const head = chain.extend(start, 3);
    pool.follow(head);
    const later = chain.branch(head, 1).flatMap(({ number }) => [`h${number}`, `+${number}`]);
    const expected = ['h0', ...later];
    expect(told(await client.got(expected.length))).toEqual(expected);
    client.close();
  });

  it('go on behind the last event, wherever it was, on a gateway that knows nothing of it', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const first = await SseClient.open(`${pool.gateway.url}/main/events`);
    const middle = chain.extend(start, 3, { logs: 3 });
    pool.follow(middle);
    const events = await first.got(9);
    first.close();
    const head = chain.extend(start, 4, { salt: 'other' });
    await using other = await EventPool.start(chain, [head]);
    for (const [index, { id }] of events.entries()) {
      const again = await SseClient.open(`${other.gateway.url}/main/events?fromBlock=1`, { 'last-event-id': id });
      const undone = told(events.slice(0, index + 1))
        .map((event) => event.replace('+', '-'))
        .reverse();
      expect(told(await again.got(undone.length + 4))).toEqual([...undone, '+6', '+7', '+8', '+9']);
      again.close();
    }
  });

  it('say where they have to begin anew when what was given is lost, and go on from there', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 100);
    const options = { chainOptions: { subscriptions: { replay: 20 } } };
    await using pool = await EventPool.start(chain, [start], options);
    const client = await SseClient.open(`${pool.gateway.url}/events?fromBlock=0x5`);
    const events = await client.got(21);
    expect(events[0]?.event).toBe('gap');
    expect(client.data('gap')).toEqual([
      { safeFrom: '0x51', reason: 'cursor_lost', message: expect.stringContaining('more than 20 blocks') },
    ]);
    expect(told(events.slice(1))).toEqual(Array.from({ length: 20 }, (_, index) => `+${81 + index}`));
    client.close();
  });

  it('refuse what cannot be understood with 400, and say 503 while no node can serve the start', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start], { chainOptions: { routing: { timeout: '500ms' } } });
    for (const query of ['fromBlock=latest', 'address=0x12', 'topic0=x', 'heads=2', 'fromBlock=-1']) {
      const refused = await SseClient.open(`${pool.gateway.url}/events?${query}`);
      expect([query, refused.status]).toEqual([query, 400]);
      refused.close();
    }
    expect((await SseClient.open(`${pool.gateway.url}/nowhere/events`)).status).toBe(404);
    expect((await SseClient.open(`${pool.gateway.url}/events`, { host: 'evil.example' })).status).toBe(403);
    await pool.member(0).node.stop();
    const later = await SseClient.open(`${pool.gateway.url}/events?fromBlock=9`);
    expect(later.status).toBe(503);
    expect(Number(later.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('say 503, too, while no node can serve the place where it would be safe to begin', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 300);
    const options = { chainOptions: { routing: { timeout: '500ms' }, subscriptions: { window: 16, replay: 200 } } };
    await using pool = await EventPool.start(chain, [start], options);
    await pool.member(0).node.stop();
    const client = await SseClient.open(`${pool.gateway.url}/events?fromBlock=1`);
    expect(client.status).toBe(503);
    expect(Number(client.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('end with the gateway, and begin with a cursor before any event', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 5);
    await using pool = await EventPool.start(chain, [start]);
    const client = await SseClient.open(`${pool.gateway.url}/events`);
    await eventually(() => client.lastId).toMatch(/^[\w-]{68}$/);
    expect(await pool.gateway.app.finish(60_000)).toBe(true);
    await eventually(() => client.ended).toBe(true);
  });

  it('say that events are missing where a reorganisation took away what no node has any more', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 60);
    const options = { chainOptions: { subscriptions: { window: 16 } } };
    await using pool = await EventPool.start(chain, [start, start], options);
    const client = await SseClient.open(`${pool.gateway.url}/events`);
    pool.follow(chain.extend(start, 40));
    await client.got(40);
    for (const { view } of pool.members) view.keepsOrphans = false;
    const head = chain.extend(start, 45, { salt: 'other' });
    for (const { view } of pool.members) view.setHead(head);
    await eventually(() => client.ended).toBe(true);
    expect(client.events.slice(40).map(({ event }) => event)).toEqual(['gap']);
    expect(client.data('gap')).toMatchObject([
      { reason: 'cursor_lost', message: expect.stringContaining('no node has') },
    ]);
    // It comes back as a browser does, is told again, and has from there on everything.
    const again = await SseClient.open(`${pool.gateway.url}/events`, { 'last-event-id': client.lastId });
    await again.got(1);
    const from = Number(again.data('gap')[0]?.['safeFrom']);
    const expected = chain.branch(head, from).map(({ number }) => `+${number}`);
    expect(told((await again.got(1 + expected.length)).slice(1))).toEqual(expected);
    again.close();
  });

  it('do not announce a block again that was lowered and came back', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 4);
    await using pool = await EventPool.start(chain, [start]);
    const { node, view } = pool.member(0);
    const client = await SseClient.open(`${pool.gateway.url}/events?heads=1`);
    const high = chain.extend(start, 2);
    pool.follow(high);
    await client.got(4);
    view.place(start);
    node.push('newHeads', start.header);
    await client.got(6);
    pool.follow(chain.mine(high));
    const events = ['h5', '+5', 'h6', '+6', '-6', '-5', '+5', '+6', 'h7', '+7'];
    expect(told(await client.got(events.length))).toEqual(events);
    client.close();
  });

  it('do not announce it again to a reader, either, who was cut off while it was lowered', async () => {
    const chain = new ScriptedChain();
    const start = chain.extend(chain.genesis, 4);
    await using pool = await EventPool.start(chain, [start]);
    const { node, view } = pool.member(0);
    const client = await SseClient.open(`${pool.gateway.url}/events?heads=1`);
    const high = chain.extend(start, 4);
    pool.follow(high);
    await client.got(8);
    view.place(start);
    node.push('newHeads', start.header);
    await client.got(12);
    client.close();
    // As high as the block of the last event: before that, nobody could go on from there.
    pool.follow(chain.at(high, 5) ?? high);
    const again = await SseClient.open(`${pool.gateway.url}/events?heads=1`, { 'last-event-id': client.lastId });
    await again.got(1);
    again.close();
    const last = await SseClient.open(`${pool.gateway.url}/events?heads=1`, { 'last-event-id': again.lastId });
    const other = chain.extend(chain.at(high, 7) ?? high, 2, { salt: 'other' });
    pool.follow(other);
    expect(told(await last.got(6))).toEqual(['+6', '+7', 'h8', '+8', 'h9', '+9']);
    pool.follow(chain.extend(high, 2));
    const back = ['-9', '-8', 'h8', '+8', 'h9', '+9', 'h10', '+10'];
    expect(told((await last.got(14)).slice(6))).toEqual(back);
    last.close();
  });
});
