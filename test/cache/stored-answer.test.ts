import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAnswer, encodeAnswer, type StoredAnswer } from '../../src/cache/stored-answer.ts';
import { blockOf } from './chain.ts';

const options = { compressAbove: 1000, largest: 100_000 };

const stored = fc.record({
  result: fc.oneof(
    fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
    fc.nat(90_000).map((length) => Buffer.from(`"0x${'ab'.repeat(length >> 1)}"`)),
  ),
  upstream: fc.option(fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }), { nil: undefined }),
  askedAt: fc.nat(2 ** 45),
  block: fc.option(
    fc.nat(2 ** 40).map((number) => blockOf(number)),
    { nil: undefined },
  ),
  settled: fc.boolean(),
});

const answer: StoredAnswer = {
  result: Buffer.from('{"a":[1,2,3]}'),
  upstream: 'geth-1',
  askedAt: 1_700_000_000_000,
  block: blockOf(7),
  settled: true,
};

const encoded = async (changes: Partial<StoredAnswer> = {}): Promise<Buffer> => {
  const bytes = await encodeAnswer({ ...answer, ...changes }, options);
  if (bytes === undefined) throw new Error('refused');
  return bytes;
};

describe('an answer in Redis', () => {
  it('comes back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(stored, async (one) => {
        expect(await decodeAnswer(await encoded(one), options)).toEqual(one);
      }),
    );
  });

  it('is compressed above a size', async () => {
    const text = (length: number) => Buffer.from(`"${'x'.repeat(length)}"`);
    expect((await encoded({ result: text(900) })).length).toBeGreaterThan(900);
    expect((await encoded({ result: text(50_000) })).length).toBeLessThan(1000);
  });

  it('is not stored where it is too large', async () => {
    expect(await encodeAnswer({ ...answer, result: Buffer.alloc(100_001, '1') }, options)).toBeUndefined();
    expect(await encodeAnswer({ ...answer, upstream: 'x'.repeat(256) }, options)).toBeUndefined();
  });

  it('is nothing where anything of it is missing', async () => {
    for (const result of [answer.result, Buffer.from(`"${'x'.repeat(5000)}"`)]) {
      const bytes = await encoded({ result });
      for (let length = 0; length < bytes.length; length += 1) {
        expect(await decodeAnswer(bytes.subarray(0, length), options)).toBeUndefined();
      }
    }
  });

  it('is nothing that anybody else might have written, and never a fault', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const read = await decodeAnswer(Buffer.from(bytes), options);
        if (read !== undefined) expect(() => JSON.parse(read.result.toString())).not.toThrow();
      }),
      { numRuns: 2000 },
    );
    const bytes = await encoded();
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (at, byte) => {
        const changed = Buffer.from(bytes);
        changed[at] = byte;
        const read = await decodeAnswer(changed, options);
        if (read !== undefined) expect(() => JSON.parse(read.result.toString())).not.toThrow();
      }),
    );
  });

  it.each([
    ['a form of another version', (bytes: Buffer) => bytes.fill((bytes[0] ?? 0) | 0x80, 0, 1)],
    ['more than one value', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from(' 1')])],
    [
      'bytes that are no text',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -13), Buffer.from('"\xff"', 'latin1')]),
    ],
  ])('is nothing where it is %s', async (_what, spoil) => {
    expect(await decodeAnswer(spoil(await encoded()), options)).toBeUndefined();
  });

  it('unpacks to no more than is allowed', async () => {
    const head = (await encoded({ result: Buffer.from('1') })).subarray(0, -1);
    head[0] = (head[0] ?? 0) | 1;
    const bomb = deflateRawSync(Buffer.alloc(50 * 1024 * 1024, '1'));
    expect(await decodeAnswer(Buffer.concat([head, bomb]), options)).toBeUndefined();
    const plain = await encodeAnswer({ ...answer, result: Buffer.alloc(900, '1') }, options);
    expect(plain && (await decodeAnswer(plain, { ...options, largest: 900 }))).toBeDefined();
    expect(plain && (await decodeAnswer(plain, { ...options, largest: 899 }))).toBeUndefined();
    const fits = deflateRawSync(Buffer.alloc(50_000, '1'));
    expect((await decodeAnswer(Buffer.concat([head, fits]), options))?.result).toHaveLength(50_000);
  });
});
