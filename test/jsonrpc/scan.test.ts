import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANY_DEPTH, skipSpace, skipValue, TOO_DEEP, walkArray, walkObject } from '../../src/jsonrpc/scan.ts';
import { damaged, parsed, space, valueText } from './json-text.ts';

const accepts = (bytes: Buffer): boolean => {
  if (!isUtf8(bytes)) return false;
  const end = skipValue(bytes, skipSpace(bytes, 0), ANY_DEPTH);
  return end >= 0 && skipSpace(bytes, end) === bytes.length;
};

const agrees = (bytes: Buffer): void => {
  expect(accepts(bytes)).toBe(parsed(bytes) !== undefined);
};

describe('the scanner', () => {
  it('walks any valid text to its end', () => {
    const padded = fc.tuple(space, valueText, space).map((parts) => parts.join(''));
    fc.assert(
      fc.property(padded, (text) => {
        JSON.parse(text);
        expect(accepts(Buffer.from(text))).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('takes a damaged text exactly when JSON.parse takes it', () => {
    fc.assert(fc.property(damaged(valueText), agrees), { numRuns: 10_000 });
  });

  it('takes any bytes exactly when JSON.parse takes them', () => {
    const alphabet = Array.from('"\\{}[],:0123.eE+-truefalsn \n\u0001\u007fé', (letter) => Buffer.from(letter));
    const soup = fc.array(fc.constantFrom(...alphabet), { maxLength: 8 }).map((pieces) => Buffer.concat(pieces));
    fc.assert(fc.property(soup, agrees), { numRuns: 10_000 });
  });

  it('sees a quote, a backslash or a control character at every offset of a string of any length', () => {
    for (let length = 0; length < 230; length++) {
      for (const special of [
        '"',
        '\\',
        '\\"',
        '\\u00e9',
        '\\u00g9',
        '\u0000',
        '\u001f',
        ' ',
        '!',
        '#',
        '[',
        ']',
        '\u007f',
        'é',
      ]) {
        agrees(Buffer.from(`"${'a'.repeat(length)}${special}${'b'.repeat(230 - length)}"`));
        agrees(Buffer.from(`["${'a'.repeat(length)}${special}"]`));
      }
    }
  });

  it('refuses each byte value in a long string exactly when JSON.parse does', () => {
    for (let byte = 0; byte < 256; byte++) {
      const bytes = Buffer.from(`"${'a'.repeat(301)}"`);
      for (const at of [200, 201, 202, 203, 204, 205, 206, 207]) {
        bytes[at] = byte;
        agrees(bytes);
        bytes[at] = 0x61;
      }
    }
  });

  it('does not look beyond the bytes it was given, whatever follows them in memory', () => {
    const memory = Buffer.from(`["${'a'.repeat(200)}"]`);
    for (let end = 0; end < memory.length; end++) expect(accepts(memory.subarray(0, end))).toBe(false);
    expect(accepts(Buffer.concat([Buffer.from('x'), memory]).subarray(1))).toBe(true);
  });

  it.each([
    '01',
    '-',
    '+1',
    '1.',
    '.5',
    '1e',
    '1e+',
    '-01',
    '0x1',
    'NaN',
    'Infinity',
    'tru',
    'nulll',
    '\u00a01',
    '\ufeff1',
    '1 2',
    '[1,]',
    '{"a":1,}',
    "{'a':1}",
    '{a:1}',
    '[1 2]',
    '[1x2]',
    '[[1x2]]',
    '{"a" 1}',
    '[}',
    '{]',
  ])('refuses %s', (text) => {
    expect(accepts(Buffer.from(text))).toBe(false);
  });

  it('says where the text stops being JSON', () => {
    expect(skipValue(Buffer.from('[1,x]'), 0, 9)).toBe(~3);
    expect(skipValue(Buffer.from('{"a":tru}'), 0, 9)).toBe(~8);
    expect(skipValue(Buffer.from('["ab'), 0, 9)).toBe(~4);
  });

  it('allows as many open arrays and objects as it has room for, and not one more', () => {
    for (const depth of [1, 2, 29, 30, 31, 60, 61, 64, 200]) {
      const text = Buffer.from(
        `${'[{"a":'.repeat(depth / 2)}${'['.repeat(depth % 2)}${']'.repeat(depth % 2)}${depth % 2 ? '' : '1'}${'}]'.repeat(depth / 2)}`,
      );
      expect(skipValue(text, 0, depth)).toBe(text.length);
      expect(skipValue(text, 0, depth - 1)).toBe(TOO_DEEP);
    }
    expect(skipValue(Buffer.from('1'), 0, 0)).toBe(1);
  });

  it('remembers which kind every level is of, however many there are', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 200 }), fc.nat(), (objects, where) => {
        const open = objects.map((isObject) => (isObject ? '{"a":' : '[')).join('');
        const closers = objects.map((isObject) => (isObject ? '}' : ']')).reverse();
        expect(accepts(Buffer.from(`${open}0${closers.join('')}`))).toBe(true);
        const wrong = where % closers.length;
        closers[wrong] = closers[wrong] === '}' ? ']' : '}';
        expect(accepts(Buffer.from(`${open}0${closers.join('')}`))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('walks a million levels without a stack', () => {
    const deep = Buffer.from(`${'['.repeat(1e6)}${']'.repeat(1e6)}`);
    expect(skipValue(deep, 0, ANY_DEPTH)).toBe(deep.length);
    expect(skipValue(deep, 0, 64)).toBe(TOO_DEEP);
    expect(skipValue(Buffer.from('['.repeat(1e6)), 0, ANY_DEPTH)).toBe(~1e6);
  });

  it('walks the members of an object exactly when JSON.parse takes it', () => {
    const object = fc.array(fc.tuple(space, fc.json({ depthSize: 'small' }), space)).map((members) => {
      const texts = members.map(
        ([before, value, after], index) => `${before}"${index}"${after}:${before}${value}${after}`,
      );
      return `{${texts.join(',')}}`;
    });
    const walk = (bytes: Buffer) => {
      const members: string[] = [];
      const end = walkObject(bytes, 0, (key, value) => {
        const after = skipValue(bytes, value, ANY_DEPTH);
        members.push(bytes.toString('utf8', key, after));
        return after;
      });
      return end === bytes.length ? `{${members.join(',')}}` : undefined;
    };
    fc.assert(
      fc.property(object, (text) => {
        expect(JSON.parse(walk(Buffer.from(text)) ?? '')).toEqual(JSON.parse(text));
      }),
    );
    fc.assert(
      fc.property(damaged(object), (bytes) => {
        fc.pre(bytes[0] === 0x7b && isUtf8(bytes) && bytes.at(-1) === 0x7d);
        expect(walk(bytes) !== undefined).toBe(parsed(bytes) !== undefined);
      }),
    );
  });

  it('stops walking an array when the visitor does', () => {
    const seen: number[] = [];
    const end = walkArray(Buffer.from('[ 1 , 2,3]'), 0, (at) => {
      seen.push(at);
      return seen.length === 2 ? ~at : at + 1;
    });
    expect(seen).toEqual([2, 6]);
    expect(end).toBe(~6);
  });
});
