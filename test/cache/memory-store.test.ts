import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KeptAnswer, MemoryStore } from '../../src/cache/memory-store.ts';

const MIB = 1024 * 1024;

const answer = (result: Buffer | string, changes: Partial<KeptAnswer> = {}): KeptAnswer => ({
  result: Buffer.from(result),
  upstream: 'a',
  askedAt: 0,
  block: undefined,
  settled: false,
  ...changes,
});

describe('MemoryStore', () => {
  it('never takes more than its memory, keys and overhead included, and lets the least used go', () => {
    const entries = fc.array(fc.record({ key: fc.string({ maxLength: 300 }), size: fc.nat(40_000) }), {
      minLength: 200,
    });
    fc.assert(
      fc.property(entries, (all) => {
        const store = new MemoryStore({ memory: MIB });
        let bytes = 0;
        for (const { key, size } of all) {
          store.set(key, answer(Buffer.allocUnsafeSlow(size)));
          if (size <= MIB / 32) bytes += size + key.length;
          expect(store.bytes).toBeLessThanOrEqual(MIB);
        }
        expect(store.bytes).toBeLessThanOrEqual(bytes + 1000 * all.length);
      }),
      { numRuns: 20 },
    );
    const store = new MemoryStore({ memory: MIB });
    store.set('used', answer('1'));
    for (let n = 0; n < 5000; n += 1) {
      store.set(`other ${n}`, answer('1'));
      store.get('used');
    }
    expect(store.get('used')).toBeDefined();
    expect(store.get('other 0')).toBeUndefined();
    expect(store.size * 641).toBeLessThanOrEqual(MIB);
  });

  it('refuses an answer that would drive out too many others', () => {
    const store = new MemoryStore({ memory: MIB });
    store.set('large', answer(Buffer.alloc(MIB / 32 + 1)));
    expect(store.get('large')).toBeUndefined();
    store.set('fits', answer(Buffer.alloc(MIB / 32)));
    expect(store.get('fits')).toBeDefined();
  });

  it('keeps nothing of the chunk that a small answer came in, and copies no large one', () => {
    const store = new MemoryStore({ memory: MIB });
    const chunk = Buffer.allocUnsafeSlow(64 * 1024).fill('x');
    store.set('small', { ...answer(''), result: chunk.subarray(100, 140) });
    expect(store.get('small')?.result.toString()).toBe('x'.repeat(40));
    expect(store.get('small')?.result.buffer.byteLength).toBe(40);
    const own = Buffer.allocUnsafeSlow(20_000);
    store.set('large', { ...answer(''), result: own.subarray(30, 19_990) });
    expect(store.get('large')?.result.buffer).toBe(own.buffer);
    expect(store.bytes).toBeGreaterThan(20_000);
  });

  it('gives up all that one upstream said, also what it says in answer to an earlier question', () => {
    const store = new MemoryStore({ memory: MIB });
    const askedAt = store.age;
    store.set('a1', answer('1', { askedAt }));
    store.set('b1', answer('1', { askedAt, upstream: 'b' }));
    store.forget('a');
    expect(store.get('a1')).toBeUndefined();
    expect(store.get('b1')).toBeDefined();
    store.set('a2', answer('1', { askedAt }));
    expect(store.get('a2')).toBeUndefined();
    store.set('a3', answer('1', { askedAt: store.age }));
    expect(store.get('a3')).toBeDefined();
  });

  it('gives up everything and says how much that was, also answers to earlier questions', () => {
    const store = new MemoryStore({ memory: MIB });
    const askedAt = store.age;
    for (const key of ['1', '2', '3']) store.set(key, answer('1', { askedAt }));
    expect(store.clear()).toBe(3);
    expect([store.get('1'), store.size, store.bytes]).toEqual([undefined, 0, 0]);
    store.set('late', answer('1', { askedAt }));
    expect(store.get('late')).toBeUndefined();
    expect([store.size, store.bytes]).toEqual([0, 0]);
  });

  it('remembers a bounded number of forgotten upstreams, and trusts none of them for that', () => {
    const store = new MemoryStore({ memory: MIB });
    store.set('first', answer('1', { upstream: 'node 0' }));
    for (let n = 0; n < 2500; n += 1) store.forget(`node ${n}`);
    expect(store.get('first')).toBeUndefined();
    store.set('late', answer('1', { upstream: 'node 0', askedAt: 0 }));
    expect(store.get('late')).toBeUndefined();
  });
});
