import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/core/call.ts';
import { Denials } from '../../src/router/denials.ts';
import { FakeClock } from '../support/fake-clock.ts';

const asking = (what: string, head = 'h1'): Call =>
  ({
    method: 'eth_getTransactionReceipt',
    params: Buffer.from(JSON.stringify([what])),
    head: { latest: { number: 1, hash: head }, safe: undefined, finalized: undefined },
  }) as unknown as Call;

const start = (): { denials: Denials; clock: FakeClock } => {
  const clock = new FakeClock();
  return { denials: new Denials(clock), clock };
};

describe('a denial', () => {
  it('holds for the node, the question and the head', () => {
    const { denials } = start();
    denials.add(asking('0x1'), 'a');
    expect(denials.has(asking('0x1'), 'a')).toBe(true);
    expect(denials.has(asking('0x1'), 'b')).toBe(false);
    expect(denials.has(asking('0x2'), 'a')).toBe(false);
    expect(denials.has({ ...asking('0x1'), method: 'eth_getTransactionByHash' }, 'a')).toBe(false);
    expect(denials.has(asking('0x1', 'h2'), 'a')).toBe(false);
    denials.add(asking('0x2', 'h2'), 'a');
    expect(denials.has(asking('0x1', 'h1'), 'a')).toBe(false);
  });

  it('holds for some seconds where the head stands still', () => {
    const { denials, clock } = start();
    denials.add(asking('0x1'), 'a');
    clock.advance(14_000);
    denials.add(asking('0x1'), 'b');
    denials.add(asking('0x2'), 'a');
    expect(denials.has(asking('0x1'), 'a')).toBe(true);
    clock.advance(1_000);
    expect(denials.has(asking('0x1'), 'a')).toBe(false);
    expect(denials.has(asking('0x1'), 'b')).toBe(false);
    expect(denials.has(asking('0x2'), 'a')).toBe(true);
  });

  it('holds for a second of a transaction, of which a node may come to know without a block', () => {
    const { denials, clock } = start();
    const pending = { ...asking('0x1'), method: 'eth_getTransactionByHash' };
    denials.add(pending, 'a');
    clock.advance(999);
    expect(denials.has(pending, 'a')).toBe(true);
    clock.advance(1);
    expect(denials.has(pending, 'a')).toBe(false);
  });

  it('makes room for later ones, and is not remembered of a question as long as a book', () => {
    const { denials } = start();
    for (let n = 0; n <= 10_000; n += 1) denials.add(asking(`0x${n}`), 'a');
    expect(denials.has(asking('0x0'), 'a')).toBe(false);
    expect(denials.has(asking('0x1'), 'a')).toBe(true);
    denials.add(asking('0'.repeat(300)), 'a');
    expect(denials.has(asking('0'.repeat(300)), 'a')).toBe(false);
  });
});
