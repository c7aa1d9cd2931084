import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/core/call.ts';
import { inParts, type Part } from '../../src/core/parts.ts';
import { localReply, refuse, type Reply } from '../../src/core/reply.ts';
import { methodSpec } from '../../src/ethereum/methods.ts';
import { Cancellation } from '../../src/lib/cancellation.ts';

const call = (): Call => ({
  chain: 'main',
  method: 'eth_getLogs',
  spec: methodSpec('eth_getLogs'),
  params: Buffer.from('[]'),
  client: { name: 'anonymous', address: '', debug: false },
  transport: 'http',
  deadline: 1000,
  cancellation: new Cancellation(),
  head: undefined,
  minBlock: undefined,
  only: undefined,
  bypassCache: false,
  session: undefined,
  memory: undefined,
  requestId: '1',
  traceparent: undefined,
  pin: undefined,
  accept: undefined,
});

const list = (...values: unknown[]): Reply =>
  localReply(Buffer.from(JSON.stringify(values)), { source: 'miss', upstream: `u${String(values[0])}`, attempts: 1 });

const options = { parallel: 2, mostBytes: 1000 };

/** A part that waits until a test lets it go. */
const held = () => {
  const { promise, resolve } = Promise.withResolvers<Reply>();
  const seen: { cancellation?: Cancellation } = {};
  const part: Part = (cancellation) => {
    seen.cancellation = cancellation;
    return promise;
  };
  return { part, seen, answer: resolve };
};

const ticks = async (): Promise<void> => {
  for (let n = 0; n < 10; n++) await Promise.resolve();
};

describe('a call answered in parts', () => {
  it('gets all parts in their order, whichever came first', async () => {
    const [a, b, c] = [held(), held(), held()];
    const reply = inParts(call(), [a.part, b.part, c.part], options);
    b.answer(list(2));
    await ticks();
    c.answer(list(3, 4));
    await ticks();
    a.answer(list(1));
    const answered = await reply;
    expect(answered.ok && answered.result.toString()).toBe('[1,2,3,4]');
    expect(answered.info).toMatchObject({ source: 'miss', upstream: 'u3', attempts: 3 });
  });

  it('has no more parts under way at once than allowed', async () => {
    let running = 0;
    let most = 0;
    const part: Part = async () => {
      running += 1;
      most = Math.max(most, running);
      await ticks();
      running -= 1;
      return list(0);
    };
    await inParts(
      call(),
      Array.from({ length: 20 }, () => part),
      options,
    );
    expect(most).toBe(2);
  });

  it('ends with the first error: what is under way is cancelled, and nothing more begins', async () => {
    const [a, b, c] = [held(), held(), held()];
    const reply = inParts(call(), [a.part, b.part, c.part], options);
    b.answer(refuse('upstreams_failed', 'no'));
    await ticks();
    expect(a.seen.cancellation?.cancelled).toBe(true);
    a.answer(list(1));
    expect(await reply).toMatchObject({ ok: false, reason: 'upstreams_failed' });
    expect(c.seen.cancellation).toBeUndefined();
  });

  it('is cancelled in all parts when the client has gone', async () => {
    const client = call();
    const [a, b] = [held(), held()];
    const reply = inParts(client, [a.part, b.part], options);
    client.cancellation.cancel();
    expect([a.seen.cancellation?.cancelled, b.seen.cancellation?.cancelled]).toEqual([true, true]);
    a.answer(list(1));
    b.answer(list(2));
    await reply;
  });

  it('is refused where the whole would be too large, or a part is no list', async () => {
    const whole = await inParts(
      call(),
      [async () => list('x'.repeat(600)), async () => list('y'.repeat(600))],
      options,
    );
    expect(whole).toMatchObject({ ok: false, reason: 'range_too_large', error: { data: { mostBytes: 1000 } } });
    const odd = await inParts(call(), [async () => localReply(Buffer.from('null')), async () => list(1)], options);
    expect(odd).toMatchObject({ ok: false, reason: 'upstreams_failed' });
  });

  it('asks for room for all of them together before they are joined, and joins nothing without it', async () => {
    const asked: number[] = [];
    const client = (room: boolean): Call => ({
      ...call(),
      memory: {
        take: async (bytes) => {
          asked.push(bytes);
          return room;
        },
        settle: () => true,
      },
    });
    const parts = [async () => list(1), async () => list(22)];
    expect(await inParts(client(true), parts, options)).toMatchObject({ ok: true, result: Buffer.from('[1,22]') });
    expect(await inParts(client(false), parts, options)).toMatchObject({ reason: 'overloaded', retryAfter: 1 });
    expect(asked).toEqual([7, 7]);
  });
});
