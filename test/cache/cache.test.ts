import { describe, expect, it } from 'vitest';
import { Answers } from '../../src/cache/answers.ts';
import { cached } from '../../src/cache/cache.ts';
import { MemoryStore } from '../../src/cache/memory-store.ts';
import { SingleFlight } from '../../src/cache/single-flight.ts';
import type { Call } from '../../src/core/call.ts';
import { localReply, type Reply } from '../../src/core/reply.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { hashOf, ScriptedBranch } from './chain.ts';

/** The layer before a router that tells how often it was asked. */
const caching = () => {
  const branch = new ScriptedBranch(1000);
  const store = new MemoryStore({ memory: 1024 * 1024 });
  const answers = new Answers('mainnet', branch, store);
  const layer = cached({ branch, answers, flights: new SingleFlight(new FakeClock()) });
  const asked: Call[] = [];
  let tell = (): Promise<Reply> | Reply =>
    localReply(Buffer.from(`"0x${asked.length}"`), { source: 'miss', upstream: 'a', attempts: 1 });
  const handle = layer(async (call) => {
    asked.push(call);
    return tell();
  });
  return {
    branch,
    store,
    asked,
    handle,
    telling: (how: typeof tell) => {
      tell = how;
    },
  };
};

describe('cached', () => {
  it('asks once a block, and says what it did', async () => {
    const { asked, branch, handle } = caching();
    const ask = () => handle(branch.pinned('eth_call', [{}, 'latest']));
    const first = await ask();
    const again = await ask();
    expect(first.info).toMatchObject({ source: 'miss', attempts: 1 });
    expect(again).toMatchObject({
      ok: true,
      result: Buffer.from('"0x1"'),
      info: { source: 'hit', upstream: 'a', attempts: 0, block: 1000 },
    });
    branch.grow();
    expect((await ask()).info.source).toBe('miss');
    expect(asked).toHaveLength(2);
  });

  it('never serves what was read at a block that is orphaned since, also when the answer came late', async () => {
    const { asked, branch, handle, telling } = caching();
    const call = branch.pinned('eth_call', [{}]);
    await handle(call);
    const late = Promise.withResolvers<Reply>();
    telling(() => late.promise);
    const slow = handle(branch.pinned('eth_getBalance', ['0xa']));
    branch.reorganise(990, 'other');
    late.resolve(localReply(Buffer.from('"0xdead"'), { source: 'miss', upstream: 'a' }));
    await slow;
    telling(() => localReply(Buffer.from('"0xbeef"'), { source: 'miss', upstream: 'b' }));
    for (const method of ['eth_call', 'eth_getBalance']) {
      const fresh = await handle(branch.pinned(method, [method === 'eth_call' ? {} : '0xa']));
      expect(fresh).toMatchObject({ result: Buffer.from('"0xbeef"'), info: { source: 'miss' } });
    }
    expect((await handle(call)).info.source).not.toBe('hit');
    expect(asked).toHaveLength(5);
  });

  it('hands out the same bytes, and copies none of a large answer', async () => {
    const { branch, handle, telling } = caching();
    const large = Buffer.allocUnsafeSlow(20_000).fill('"');
    telling(() => localReply(large, { source: 'miss', upstream: 'a' }));
    const ask = () => handle(branch.pinned('eth_getBlockByNumber', ['latest', true]));
    await ask();
    const [one, other] = [await ask(), await ask()];
    expect(one.ok && one.result.buffer).toBe(large.buffer);
    expect(other.ok && other.result.buffer).toBe(large.buffer);
  });

  it.each<[string, Partial<Call>]>([
    ['to go past the cache', { bypassCache: true }],
    ['one node', { only: 'b' }],
  ])('serves nobody who asks %s with what others were told, nor keeps what he is told', async (_what, changes) => {
    const { asked, branch, handle } = caching();
    const ask = (more: Partial<Call> = {}) => handle(branch.pinned('eth_call', [{}], 1000, more));
    const both = await Promise.all([ask(changes), ask(changes)]);
    expect(both.map(({ info }) => info.source)).toEqual(['bypass', 'bypass']);
    expect((await ask()).info.source).toBe('miss');
    expect((await ask(changes)).info.source).toBe('bypass');
    expect(asked).toHaveLength(4);
  });

  it('tells nobody what he can tell to be false, whether it was kept or is shared', async () => {
    const { asked, branch, handle } = caching();
    const ask = (accept?: Call['accept']) => handle(branch.pinned('eth_call', [{}], 1000, { accept }));
    const seen: string[] = [];
    const isNot = (wrong: string) => (result: Buffer, source: string) => {
      seen.push(source);
      return result.toString() !== wrong;
    };
    const [first, second] = await Promise.all([ask(), ask(isNot('"0x1"'))]);
    expect([first.ok && first.result.toString(), second.ok && second.result.toString()]).toEqual(['"0x1"', '"0x2"']);
    const third = await ask(isNot('"0x1"'));
    expect(third).toMatchObject({ result: Buffer.from('"0x2"'), info: { source: 'hit' } });
    const fourth = await ask(isNot('"0x2"'));
    expect(fourth).toMatchObject({ result: Buffer.from('"0x3"'), info: { source: 'miss' } });
    expect(new Set(seen)).toEqual(new Set(['a']));
    expect(asked).toHaveLength(3);
  });

  it('shares what it may not keep only among those who ask at the same time', async () => {
    const { asked, branch, handle } = caching();
    const ask = () => handle(branch.call('eth_gasPrice', []));
    expect((await Promise.all([ask(), ask()])).map(({ info }) => info.source)).toEqual(['bypass', 'coalesced']);
    expect((await ask()).info.source).toBe('bypass');
    expect(asked).toHaveLength(2);
  });

  it('joins no read that began before a write was answered', async () => {
    const { asked, branch, handle, telling } = caching();
    const held = Promise.withResolvers<Reply>();
    telling(() => held.promise);
    const ask = () => handle(branch.call('eth_getTransactionByHash', [hashOf(1)]));
    const before = ask();
    telling(() => localReply(Buffer.from('"0x1"'), { source: 'bypass' }));
    await handle(branch.call('eth_sendRawTransaction', ['0x']));
    telling(() => held.promise);
    const after = ask();
    expect(asked.map(({ method }) => method)).toEqual([
      'eth_getTransactionByHash',
      'eth_sendRawTransaction',
      'eth_getTransactionByHash',
    ]);
    held.resolve(localReply(Buffer.from('null'), { source: 'miss' }));
    await Promise.all([before, after]);
  });

  it('shares no write', async () => {
    const { asked, branch, handle } = caching();
    await Promise.all([1, 2].map(() => handle(branch.call('eth_sendRawTransaction', ['0x']))));
    expect(asked).toHaveLength(2);
  });

  it('keeps an answer though the one who asked first has left', async () => {
    const { asked, branch, handle, telling } = caching();
    const held = Promise.withResolvers<Reply>();
    telling(() => held.promise);
    const first = branch.pinned('eth_call', [{}]);
    const replies = [handle(first), handle(branch.pinned('eth_call', [{}]))];
    first.cancellation.cancel();
    held.resolve(localReply(Buffer.from('"0x1"'), { source: 'miss', upstream: 'a' }));
    await Promise.all(replies);
    expect((await handle(branch.pinned('eth_call', [{}]))).info.source).toBe('hit');
    expect(asked).toHaveLength(1);
  });

  it('drops what was asked of a node before it was found to be wrong', async () => {
    const { branch, handle, store, telling } = caching();
    const held = Promise.withResolvers<Reply>();
    const call = () => branch.pinned('eth_call', [{}]);
    telling(() => held.promise);
    const slow = handle(call());
    store.forget('a');
    held.resolve(localReply(Buffer.from('"0x1"'), { source: 'miss', upstream: 'a' }));
    await slow;
    expect((await handle(call())).info.source).toBe('miss');
    expect((await handle(call())).info.source).toBe('hit');
    store.forget('a');
    expect((await handle(call())).info.source).toBe('miss');
  });
});
