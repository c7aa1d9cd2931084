import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/core/call.ts';
import type { Handle } from '../../src/core/layer.ts';
import { localReply, type Reply } from '../../src/core/reply.ts';
import { methodSpec } from '../../src/ethereum/methods.ts';
import { concurrency, Inflight } from '../../src/policy/concurrency.ts';
import { costlyCalls } from '../../src/policy/costly.ts';
import { ClientTokens, rateLimit } from '../../src/policy/rate-limit.ts';
import { FakeClock } from '../support/fake-clock.ts';

const callFrom = (address: string, method = 'eth_call'): Call =>
  ({ method, spec: methodSpec(method), client: { name: 'anonymous', address, debug: false } }) as Call;

const serve: Handle = async () => localReply(Buffer.from('true'));
const word = (reply: Reply): string => (reply.ok ? 'served' : String(reply.reason));

describe('rateLimit', () => {
  it('lets a second’s worth through at once, then refuses with the time to wait', async () => {
    const handle = rateLimit(new ClientTokens({ requestsPerSecond: 2 }, new FakeClock()))(serve);
    expect(word(await handle(callFrom('a')))).toBe('served');
    expect(word(await handle(callFrom('a')))).toBe('served');
    expect(await handle(callFrom('a'))).toMatchObject({ ok: false, reason: 'rate_limited', retryAfter: 1 });
  });

  it('gives back tokens as time passes', async () => {
    const clock = new FakeClock();
    const handle = rateLimit(new ClientTokens({ requestsPerSecond: 1 }, clock))(serve);
    await handle(callFrom('a'));
    expect(word(await handle(callFrom('a')))).toBe('rate_limited');
    clock.advance(1000);
    expect(word(await handle(callFrom('a')))).toBe('served');
  });

  it('holds over all chains together', async () => {
    const tokens = new ClientTokens({ requestsPerSecond: 1 }, new FakeClock());
    const [one, other] = [rateLimit(tokens)(serve), rateLimit(tokens)(serve)];
    await one(callFrom('a'));
    expect(word(await other(callFrom('a')))).toBe('rate_limited');
  });

  it('counts each address by itself', async () => {
    const handle = rateLimit(new ClientTokens({ requestsPerSecond: 1 }, new FakeClock()))(serve);
    await handle(callFrom('a'));
    expect(word(await handle(callFrom('b')))).toBe('served');
  });
});

const stuck = (): { handle: Handle; release: () => void } => {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { handle: async () => gate.then(() => localReply(Buffer.from('1'))), release };
};

describe('concurrency', () => {
  it('refuses what is over the limit, and serves again when something has ended', async () => {
    const { handle: next, release } = stuck();
    const handle = concurrency({ inflight: 1 }, new Inflight())(next);
    const first = handle(callFrom('a'));
    expect(await handle(callFrom('b'))).toMatchObject({ reason: 'overloaded', retryAfter: 1 });
    release();
    expect(word(await first)).toBe('served');
    expect(word(await handle(callFrom('b')))).toBe('served');
  });

  it('gives its place back when the call behind it throws', async () => {
    const inflight = new Inflight();
    const handle = concurrency({ inflight: 1 }, inflight)(() => Promise.reject(new Error('a bug')));
    await expect(handle(callFrom('a'))).rejects.toThrow('a bug');
    expect(inflight.calls).toBe(0);
  });
});

describe('costly calls', () => {
  it('are held to a limit of their own, while cheap ones pass', async () => {
    const { handle: next, release } = stuck();
    const handle = costlyCalls({ costly: 1, split: 10 }, new Inflight())(next);
    const first = handle(callFrom('a', 'trace_block'));
    const cheap = handle(callFrom('b'));
    expect(await handle(callFrom('c', 'debug_traceTransaction'))).toMatchObject({
      reason: 'overloaded',
      retryAfter: 1,
    });
    release();
    expect(word(await first)).toBe('served');
    expect(word(await cheap)).toBe('served');
    expect(word(await handle(callFrom('c', 'debug_traceTransaction')))).toBe('served');
  });

  it.each([
    ['more blocks than one part of a split range has', { fromBlock: '0x0', toBlock: '0xa' }, 'overloaded'],
    ['as many as it has', { fromBlock: '0x0', toBlock: '0x9' }, 'served'],
    ['an end that is not known yet', { fromBlock: '0x0', toBlock: 'latest' }, 'served'],
    ['the newest block', {}, 'served'],
    ['one block', { blockHash: `0x${'12'.repeat(32)}` }, 'served'],
    ['a range that is none', { fromBlock: 'first' }, 'served'],
  ])('are logs of many blocks: %s', async (_what, filter, expected) => {
    const handle = costlyCalls({ costly: 0, split: 10 }, new Inflight())(serve);
    for (const method of ['eth_getLogs', 'erigon_getLogs']) {
      const params = Buffer.from(JSON.stringify([filter]));
      expect(word(await handle({ ...callFrom('a', method), params }))).toBe(expected);
    }
  });

  it('give their place back when the call behind them throws', async () => {
    const inflight = new Inflight();
    const handle = costlyCalls({ costly: 1, split: 10 }, inflight)(() => Promise.reject(new Error('a bug')));
    await expect(handle(callFrom('a', 'trace_block'))).rejects.toThrow('a bug');
    expect(inflight.costly).toBe(0);
  });
});
