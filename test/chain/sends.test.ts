import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countSends } from '../../src/chain/pending-nonce.ts';
import { RecentSends } from '../../src/chain/sends.ts';
import type { Call } from '../../src/core/call.ts';
import type { Handle } from '../../src/core/layer.ts';
import { localReply } from '../../src/core/reply.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { aCall } from '../telemetry/events.ts';

const alice = `0x${'a1'.repeat(20)}`;
const bob = `0x${'b0'.repeat(20)}`;
const hashOf = (n: number): string => `0x${n.toString(16).padStart(64, '0')}`;

const remembering = (capacity = 100, memory = 1000) => {
  const clock = new FakeClock();
  const sends = new RecentSends({ capacity, memory }, clock);
  const send = (nonce: number, sender = alice, upstream = 'a', hash = hashOf(nonce)): void =>
    sends.taken({ hash, nonce, upstream, sender });
  return { clock, sends, send };
};

const asking = (method: string, ...params: unknown[]): Call =>
  aCall(method, { params: Buffer.from(JSON.stringify(params)) });
const pendingOf = (address: string): Call => asking('eth_getTransactionCount', address, 'pending');

describe('RecentSends', () => {
  it('counts what was sent from the node’s count on, up to a gap', () => {
    const { sends, send } = remembering();
    for (const nonce of [5, 6, 8]) send(nonce);
    expect([4, 5, 6, 7, 8, 9].map((next) => sends.nonceAfter(alice, next))).toEqual([4, 7, 7, 7, 9, 9]);
    expect(sends.nonceAfter(bob, 5)).toBe(5);
  });

  it('never counts down, and counts exactly the run of nonces that begins at the node’s count', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(30)), fc.nat(30), (nonces, next) => {
        const { sends, send } = remembering();
        for (const nonce of nonces) send(nonce);
        const counted = sends.nonceAfter(alice, next);
        for (let nonce = next; nonce < counted; nonce += 1) expect(nonces).toContain(nonce);
        expect(counted).toBeGreaterThanOrEqual(next);
        expect(nonces).not.toContain(counted);
      }),
    );
  });

  it('counts nothing whose sender is not known', () => {
    const { sends } = remembering();
    sends.taken({ hash: hashOf(6), nonce: 6, upstream: 'a', sender: undefined });
    expect(sends.nonceAfter(alice, 6)).toBe(6);
  });

  it('names all who took a transaction, by its hash in any case', () => {
    const { sends, send } = remembering();
    const hash = `0x${'ab'.repeat(32)}`;
    send(5, alice, 'a', hash);
    send(5, alice, 'b', hash);
    for (const method of ['eth_getTransactionByHash', 'eth_getTransactionReceipt']) {
      expect([...sends.holders(asking(method, hash.toUpperCase().replace('X', 'x')))]).toEqual(['a', 'b']);
    }
    expect([...sends.holders(asking('eth_getTransactionByHash', hashOf(9)))]).toEqual([]);
    expect([...sends.holders(asking('eth_getBlockByHash', hash))]).toEqual([]);
  });

  it('tells whose a transaction is, where it went through here and the bytes told', () => {
    const { sends, send } = remembering();
    const receiptOf = (hash: string) => sends.origin(asking('eth_getTransactionReceipt', hash));
    expect(receiptOf(hashOf(5))).toBeUndefined();
    send(5, alice, 'a', hashOf(5));
    sends.taken({ hash: hashOf(6), nonce: 6, upstream: 'a', sender: undefined });
    expect(receiptOf(hashOf(5))).toEqual({ sender: alice, nonce: 5 });
    expect(receiptOf(hashOf(6))).toBeUndefined();
    expect(receiptOf(hashOf(7))).toBeUndefined();
    expect(sends.origin(pendingOf(alice))).toBeUndefined();
  });

  it('names who took the newest transaction of a sender, for its pending nonce alone', () => {
    const { sends, send } = remembering();
    send(6, alice, 'new');
    send(5, alice, 'old');
    expect([...sends.holders(pendingOf(alice.toUpperCase().replace('X', 'x')))]).toEqual(['new']);
    expect([...sends.holders(pendingOf(bob))]).toEqual([]);
    expect([...sends.holders(asking('eth_getTransactionCount', alice, 'latest'))]).toEqual([]);
    expect([...sends.holders(asking('eth_getTransactionCount', alice))]).toEqual([]);
  });

  it('forgets after a while', () => {
    const { clock, sends, send } = remembering();
    send(5);
    clock.advance(999);
    send(6);
    expect(sends.nonceAfter(alice, 5)).toBe(7);
    clock.advance(1);
    expect(sends.nonceAfter(alice, 5)).toBe(5);
    expect(sends.nonceAfter(alice, 6)).toBe(7);
    expect([...sends.holders(asking('eth_getTransactionByHash', hashOf(5)))]).toEqual([]);
  });

  it('forgets the oldest where there is no room', () => {
    const { sends, send } = remembering(2);
    for (const nonce of [5, 6, 7]) send(nonce);
    expect(sends.nonceAfter(alice, 5)).toBe(5);
    expect(sends.nonceAfter(alice, 6)).toBe(8);
  });

  it('keeps the count when a transaction is replaced by another one of its nonce, and the older is forgotten', () => {
    const { clock, sends, send } = remembering();
    send(5, alice, 'a', hashOf(1));
    clock.advance(500);
    send(5, alice, 'a', hashOf(2));
    clock.advance(500);
    expect(sends.nonceAfter(alice, 5)).toBe(6);
  });
});

describe('countSends', () => {
  const telling =
    (result: string): Handle =>
    async () =>
      localReply(Buffer.from(result));

  it('has the pending nonce count what went through here, also while a node was being asked', async () => {
    const { send, sends } = remembering();
    const slow: Handle = async () => {
      send(5);
      return localReply(Buffer.from('"0x5"'));
    };
    expect(await countSends(sends)(slow)(pendingOf(alice))).toMatchObject({ ok: true, result: Buffer.from('"0x6"') });
  });

  it.each([
    ['a count at another block', asking('eth_getTransactionCount', alice, 'latest'), '"0x5"'],
    ['another method', asking('eth_getBalance', alice, 'pending'), '"0x5"'],
    ['an answer that is no count', pendingOf(alice), '"zero"'],
    ['a higher count', pendingOf(alice), '"0x9"'],
    ['one node’s own word', { ...pendingOf(alice), only: 'a' }, '"0x5"'],
  ])('leaves %s as it is', async (_what, call, told) => {
    const { sends, send } = remembering();
    send(5);
    expect(await countSends(sends)(telling(told))(call)).toMatchObject({ result: Buffer.from(told) });
  });
});
