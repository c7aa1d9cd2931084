import { EventSource, type MessageEvent } from 'undici';
import { expect, it } from 'vitest';
import { LogOracle, noFaults, Truth } from '../support/fold-oracle.ts';
import { ScriptedChain } from '../support/scripted-chain.ts';
import { Relay } from '../support/relay.ts';
import { EventPool, eventually, short } from './pool.ts';

it('an EventSource that is cut off goes on by itself, through a reorganisation', { timeout: 30_000 }, async () => {
  const chain = new ScriptedChain();
  const start = chain.extend(chain.genesis, 5);
  await using pool = await EventPool.start(chain, [start, start]);
  await using relay = await Relay.start(Number(new URL(pool.gateway.url).port));
  const source = new EventSource(`http://127.0.0.1:${relay.port}/events`, { node: { reconnectionTime: 50 } });
  const events: Record<string, unknown>[] = [];
  source.addEventListener('log', (event) => events.push(JSON.parse((event as MessageEvent).data)));
  await eventually(() => source.readyState).toBe(EventSource.OPEN);
  let head = start;
  for (let cut = 0; cut < 3; cut += 1) {
    head = chain.extend(head, 4, { salt: `cut ${cut}`, logs: 2 });
    pool.follow(head);
    await eventually(() => short(events).at(-1)).toBe(`+${head.number}`);
    const taken = relay.taken;
    relay.cut();
    // Meanwhile some of what it got is orphaned.
    head = chain.extend(chain.at(head, head.number - 2) ?? head, 4, { salt: `fork ${cut}` });
    pool.follow(head);
    await eventually(() => relay.taken).toBeGreaterThan(taken);
  }
  await eventually(() => short(events).at(-1)).toBe(`+${head.number}`);
  source.close();
  const oracle = new LogOracle(new Truth(chain), start);
  for (const event of events) oracle.take(event as never);
  oracle.end(head);
  expect(oracle.faults).toEqual(noFaults());
});
