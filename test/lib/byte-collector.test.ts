import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteCollector } from '../../src/lib/byte-collector.ts';

describe('a byte collector', () => {
  test('gives back what it was given, and is empty again', () => {
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.nat(20_000).map((size) => new Uint8Array(size).fill(size % 251)),
    );
    fc.assert(
      fc.property(fc.array(chunk), fc.array(chunk), (first, second) => {
        const collector = new ByteCollector();
        for (const chunks of [first, second]) {
          const whole = Buffer.concat(chunks);
          for (const bytes of chunks) collector.add(Buffer.from(bytes));
          expect(collector.size).toBe(whole.length);
          expect(collector.take().equals(whole)).toBe(true);
          expect(collector.size).toBe(0);
        }
      }),
    );
  });

  test('does not copy a message that came in one chunk', () => {
    const collector = new ByteCollector();
    const chunk = Buffer.from('{}');
    collector.add(chunk);
    expect(collector.take()).toBe(chunk);
  });

  test('holds a message that is dribbled byte by byte in few pieces', () => {
    const collector = new ByteCollector();
    const slab = Buffer.alloc(1024 * 1024, 'a');
    for (let at = 0; at < slab.length; at += 1) collector.add(slab.subarray(at, at + 1));
    expect(collector.pieces).toBeLessThan(100);
    expect(collector.take().equals(slab)).toBe(true);
  });
});
