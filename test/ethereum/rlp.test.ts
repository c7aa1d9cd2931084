import fc from 'fast-check';
import { bytesToHex, toRlp } from 'viem';
import { describe, expect, test } from 'vitest';
import { integer, members, type RlpItem, readItem } from '../../src/ethereum/rlp.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const whole = (bytes: Uint8Array) => readItem(bytes, 0, bytes.length);

type Tree = Uint8Array | Tree[];
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof({ maxDepth: 4 }, fc.uint8Array({ maxLength: 70 }), fc.array(tie('tree'), { maxLength: 6 })),
}));

/** The value of an item, all members read. */
const decode = (bytes: Uint8Array, item: RlpItem): Tree => {
  if (item.kind === 'string') return Uint8Array.from(bytes.subarray(item.start, item.end));
  const inner = members(bytes, item, 1000);
  if (inner === undefined) throw new Error('not canonical');
  return inner.map((one) => decode(bytes, one));
};

const encode = (value: Tree): Uint8Array => toRlp(value as never, 'bytes');

describe('an RLP item', () => {
  test('is read back as it was written', () => {
    fc.assert(
      fc.property(tree, (value) => {
        const bytes = encode(value);
        const item = whole(bytes);
        expect(item?.end).toBe(bytes.length);
        expect(decode(bytes, item as RlpItem)).toEqual(value);
      }),
    );
  });

  test('has one encoding: whatever is read, written again, is the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), (bytes) => {
        const item = whole(bytes);
        if (item === undefined) return;
        let value: Tree;
        try {
          value = decode(bytes, item);
        } catch {
          return;
        }
        expect(bytesToHex(encode(value))).toBe(bytesToHex(bytes.subarray(0, item.end)));
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    ['a wrapped single byte', '8100'],
    ['a long form for a short string', 'b80280ff'],
    ['a length with a leading zero', `b90038${'00'.repeat(56)}`],
    ['more announced than there is', '83aabb'],
    ['a list longer than its bytes', 'c3aabb'],
    ['a length of eight bytes', 'bfffffffffffffffff'],
    ['a length that is cut off', 'b9'],
    ['a length that is half there', 'b901'],
    ['nothing', ''],
  ])('is refused: %s', (_what, text) => {
    expect(whole(hex(text))).toBeUndefined();
  });

  test('ends where its list ends, not where the bytes end', () => {
    const bytes = hex('c282aabb');
    expect(members(bytes, whole(bytes) as RlpItem, 5)).toBeUndefined();
  });

  test('is not looked for beyond the limit', () => {
    expect(readItem(hex('0102'), 1, 1)).toBeUndefined();
    expect(readItem(hex('0102'), 1, 2)).toMatchObject({ start: 1, end: 2 });
  });

  test('looks at no more members than wanted', () => {
    const bytes = hex('c3010281');
    expect(members(bytes, whole(bytes) as RlpItem, 2)).toHaveLength(2);
    expect(members(bytes, whole(bytes) as RlpItem, 3)).toBeUndefined();
  });
});

describe('an RLP integer', () => {
  test.each([
    ['80', 0],
    ['01', 1],
    ['8180', 128],
    ['820100', 256],
    [`87${'1fffffffffffff'}`, Number.MAX_SAFE_INTEGER],
    [`87${'20000000000000'}`, undefined],
    [`88${'ff'.repeat(8)}`, undefined],
    ['00', undefined],
    ['820001', undefined],
    ['c0', undefined],
  ])('%s is %s', (text, value) => {
    const bytes = hex(text);
    expect(integer(bytes, whole(bytes) as RlpItem)).toBe(value);
  });
});
