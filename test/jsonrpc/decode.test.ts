import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Decoded, type Item, decodeRequests } from '../../src/jsonrpc/decode.ts';
import { damaged, type MemberText, memberText, objectText, parsed, valueText } from './json-text.ts';

const limits = { depth: 64, batchItems: 100 };
const decode = (text: string | Buffer): Decoded => decodeRequests(Buffer.from(text as string), limits);

const itemOf = (text: string): Item => {
  const decoded = decode(text);
  if (decoded.kind !== 'single') throw new Error(`${text} is ${decoded.kind}`);
  return decoded.item;
};

/** An item in plain words, to compare with. */
const told = (item: Item): unknown =>
  item.ok
    ? { id: item.request.id?.toString(), method: item.request.method, params: item.request.params.toString() }
    : { id: item.id.toString(), reason: item.error.data.reason };

const wholeReason = (decoded: Decoded): string =>
  decoded.kind === 'invalid' ? decoded.error.data.reason : decoded.kind;

describe('a request', () => {
  it('keeps the bytes of its id and its params', () => {
    expect(told(itemOf(' {"params": [ 1.0,"\\u0041" ] , "id":\t1.0 ,"method":"eth_call","jsonrpc":"2.0"} '))).toEqual({
      id: '1.0',
      method: 'eth_call',
      params: '[ 1.0,"\\u0041" ]',
    });
  });

  it.each([
    '1',
    '-0',
    '1.0',
    '1e3',
    '9007199254740993',
    '"a"',
    '""',
    '"\\u0041"',
    '"é"',
    'null',
    `"${'x'.repeat(500)}"`,
  ])('with the id %s keeps it byte for byte', (id) => {
    expect(told(itemOf(`{"jsonrpc":"2.0","id":${id},"method":"m"}`))).toEqual({ id, method: 'm', params: '[]' });
  });

  it('shares memory with the body', () => {
    const body = Buffer.from('{"jsonrpc":"2.0","id":"abc","method":"m","params":[1]}');
    const decoded = decodeRequests(body, limits);
    if (decoded.kind !== 'single' || !decoded.item.ok) throw new Error('not decoded');
    expect(decoded.item.request.params.buffer).toBe(body.buffer);
    expect(decoded.item.request.id?.buffer).toBe(body.buffer);
  });

  it('without an id is a notification, which an id of null is not', () => {
    expect(told(itemOf('{"jsonrpc":"2.0","method":"m"}'))).toEqual({ id: undefined, method: 'm', params: '[]' });
    expect(told(itemOf('{"jsonrpc":"2.0","method":"m","id":null}'))).toMatchObject({ id: 'null' });
  });

  it('has its method with escapes resolved', () => {
    expect(told(itemOf('{"jsonrpc":"2.0","id":1,"method":"admin\\u005fpeers"}'))).toMatchObject({
      method: 'admin_peers',
    });
    expect(told(itemOf('{"jsonrpc":"2.0","id":1,"method":"méthode"}'))).toMatchObject({ method: 'méthode' });
    expect(told(itemOf('{"jsonrpc":"2.0","id":1,"m\\u0065thod":"m"}'))).toMatchObject({ method: 'm' });
  });

  it('has no params where they are left out, null or empty', () => {
    for (const params of ['', ',"params":null', ',"params":[]']) {
      expect(told(itemOf(`{"jsonrpc":"2.0","id":1,"method":"m"${params}}`))).toMatchObject({ params: '[]' });
    }
    expect(told(itemOf('{"jsonrpc":"2.0","id":1,"method":"m","params":{}}'))).toMatchObject({ params: '{}' });
  });

  it('may carry keys that JSON-RPC does not know', () => {
    expect(told(itemOf('{"jsonrpc":"2.0","id":1,"method":"m","result":1,"meta":{"id":2,"method":"n"}}'))).toEqual({
      id: '1',
      method: 'm',
      params: '[]',
    });
  });

  it.each([
    ['{"id":1,"method":"m"}', '1'],
    ['{"jsonrpc":"1.0","id":1,"method":"m"}', '1'],
    ['{"jsonrpc":2.0,"id":1,"method":"m"}', '1'],
    ['{"jsonrpc":[2.0],"id":1,"method":"m"}', '1'],
    ['{"jsonrpc":12.05,"id":1,"method":"m"}', '1'],
    ['{"jsonrpc":"2.0","id":1.0}', '1.0'],
    ['{"jsonrpc":"2.0","id":"\\u0041","method":""}', '"\\u0041"'],
    ['{"jsonrpc":"2.0","method":1,"id":1}', '1'],
    ['{"jsonrpc":"2.0","method":null}', 'null'],
    ['{"jsonrpc":"2.0","id":1,"method":"m","params":"bar"}', '1'],
    ['{"jsonrpc":"2.0","id":1,"method":"m","params":0}', '1'],
    ['{"jsonrpc":"2.0","id":1,"method":"m","params":true}', '1'],
    ['{"jsonrpc":"2.0","id":{"a":1},"method":"m"}', 'null'],
    ['{"jsonrpc":"2.0","id":[1],"method":"m"}', 'null'],
    ['{"jsonrpc":"2.0","id":true,"method":"m"}', 'null'],
    ['{"jsonrpc":"2.0","id":false,"method":"m"}', 'null'],
    ['{}', 'null'],
    ['1', 'null'],
    ['"x"', 'null'],
    ['null', 'null'],
  ])('%s is invalid, and its id is %s', (text, id) => {
    expect(told(itemOf(text))).toEqual({ id, reason: 'invalid_request' });
  });

  it('says what to send where the version is missing', () => {
    const item = itemOf('{"id":1,"method":"m"}');
    expect(item.ok ? '' : item.error.message).toContain('"jsonrpc": "2.0"');
  });

  it.each([
    ['{"jsonrpc":"2.0","id":1,"method":"m","method":"m"}', '1'],
    ['{"jsonrpc":"2.0","id":1,"method":"eth_call","\\u006dethod":"admin_peers"}', '1'],
    ['{"jsonrpc":"2.0","id":1,"params":[],"method":"m","params":[]}', '1'],
    ['{"jsonrpc":"2.0","id":1,"id":1,"method":"m"}', 'null'],
    ['{"jsonrpc":"2.0","id":1,"\\u0069d":2,"method":"m"}', 'null'],
    ['{"jsonrpc":"2.0","jsonrpc":"2.0","method":"m"}', 'null'],
    ['{"jsonrpc":"2.0","id":7,"method":"m","x":1,"\\u0078":2}', '7'],
    ['{"jsonrpc":"2.0","id":7,"method":"m","error":1,"error":2}', '7'],
  ])('%s has a doubled key, and its id is %s', (text, id) => {
    expect(told(itemOf(text))).toEqual({ id, reason: 'duplicate_key' });
  });

  it('may have doubled keys within its params', () => {
    expect(itemOf('{"jsonrpc":"2.0","id":1,"method":"m","params":[{"a":1,"a":2}]}').ok).toBe(true);
  });

  it('has at most 64 keys that JSON-RPC does not know', () => {
    const keys = (count: number): string => Array.from({ length: count }, (_, index) => `"k${index}":0,`).join('');
    expect(itemOf(`{${keys(64)}"jsonrpc":"2.0","id":1,"method":"m"}`).ok).toBe(true);
    expect(told(itemOf(`{${keys(65)}"jsonrpc":"2.0","id":1,"method":"m"}`))).toEqual({
      id: '1',
      reason: 'invalid_request',
    });
  });

  it('may be nested as deep as the limit says, itself included, and no deeper', () => {
    const nested = (levels: number): string =>
      `{"jsonrpc":"2.0","method":"m","params":${'['.repeat(levels)}${']'.repeat(levels)},"id":"x"}`;
    expect(itemOf(nested(63)).ok).toBe(true);
    expect(told(itemOf(nested(64)))).toEqual({ id: '"x"', reason: 'too_deep' });
    expect(told(itemOf(nested(100_000)))).toEqual({ id: '"x"', reason: 'too_deep' });
    expect(wholeReason(decode(nested(64).slice(0, -1)))).toBe('parse_error');
  });
});

describe('a body', () => {
  it.each([
    '',
    '  \n',
    '{',
    '[',
    '{"jsonrpc":"2.0","method":"m","params":"bar","baz]',
    '[{"jsonrpc":"2.0","method":"m"},{"jsonrpc":"2.0","method"]',
    '[1,]',
    '[1 2]',
    '[1x2]',
    '{"a":1x"b":2}',
    '{} {}',
    '[1],',
    'nul',
    "{'jsonrpc':'2.0'}",
    '\ufeff{}',
  ])('that is no JSON is refused as a whole: %j', (text) => {
    expect(wholeReason(decode(text))).toBe('parse_error');
  });

  it('that is empty is told what to send', () => {
    const decoded = decode('');
    expect(decoded.kind === 'invalid' && decoded.error.message).toContain('eth_blockNumber');
  });

  it('that is not UTF-8 is refused, wherever the bad byte stands', () => {
    const body = Buffer.from('{"jsonrpc":"2.0","id":1,"method":"m","params":["aaaa"]}');
    body[body.length - 6] = 0xff;
    expect(wholeReason(decodeRequests(body, limits))).toBe('parse_error');
  });
});

describe('values in a body', () => {
  const call = (values: number): string =>
    `{"jsonrpc":"2.0","id":"mine","method":"eth_getLogs","params":[{"topics":[${'{},'.repeat(values)}{}]}]}`;

  it('may be many, but not so many that reading them again and again takes seconds', () => {
    expect(decode(call(40_000))).toMatchObject({ kind: 'single', item: { ok: true } });
    expect(decode(call(100_000))).toMatchObject({
      kind: 'single',
      item: { ok: false, id: Buffer.from('"mine"'), error: { data: { reason: 'invalid_request' } } },
    });
  });

  it('count for a batch as a whole', () => {
    const batch = (items: number): Decoded => decode(`[${Array.from({ length: items }, () => call(5000)).join(',')}]`);
    expect(batch(5).kind).toBe('batch');
    expect(batch(20)).toMatchObject({ kind: 'invalid', error: { data: { reason: 'invalid_request' } } });
  });
});

describe('a batch', () => {
  const items = (text: string): unknown => {
    const decoded = decode(text);
    return decoded.kind === 'batch' ? decoded.items.map(told) : wholeReason(decoded);
  };

  it('is decoded item by item, in order', () => {
    expect(
      items('[ {"jsonrpc":"2.0","id":1,"method":"a"} , 1, {"jsonrpc":"2.0","method":"b"},{"foo":"boo"},[],{"id":"x"}]'),
    ).toEqual([
      { id: '1', method: 'a', params: '[]' },
      { id: 'null', reason: 'invalid_request' },
      { id: undefined, method: 'b', params: '[]' },
      { id: 'null', reason: 'invalid_request' },
      { id: 'null', reason: 'invalid_request' },
      { id: '"x"', reason: 'invalid_request' },
    ]);
  });

  it('that is empty is refused as a whole', () => {
    expect(items('[]')).toBe('empty_batch');
    expect(items(' [ ] ')).toBe('empty_batch');
  });

  it('has as many items as the limit says, and no more', () => {
    const batch = (count: number): string =>
      `[${Array(count).fill('{"jsonrpc":"2.0","id":1,"method":"m"}').join(', ')}]`;
    expect(items(batch(100))).toHaveLength(100);
    expect(items(batch(101))).toBe('batch_too_large');
    expect(items(batch(101).slice(0, -1))).toBe('parse_error');
  });

  it('of millions of items is refused without keeping them', () => {
    const body = Buffer.from(`[${'1,'.repeat(2_000_000)}1]`);
    const before = process.memoryUsage().heapUsed;
    const decoded = decodeRequests(body, limits);
    const kept = process.memoryUsage().heapUsed - before;
    expect(decoded.kind === 'invalid' && decoded.error.message).toContain('2000001');
    expect(kept).toBeLessThan(8e6);
  });

  it('has each item measured by itself for depth', () => {
    const item = (levels: number): string =>
      `{"jsonrpc":"2.0","id":1,"method":"m","params":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    expect(items(`[${item(63)},${item(64)}]`)).toMatchObject([{ method: 'm' }, { id: '1', reason: 'too_deep' }]);
  });
});

describe('whatever a client sends', () => {
  const idText = fc.constantFrom('1', '1.0', '"a"', 'null', '[1]', '{}', 'true', '-7');
  const members = fc
    .tuple(
      memberText(
        ['jsonrpc'],
        fc.oneof({ weight: 9, arbitrary: fc.constant('"2.0"') }, fc.constantFrom('2', '[2.0]', '"2\\u002e0"')),
      ),
      memberText(['id'], idText),
      memberText(
        ['method'],
        fc.oneof({ weight: 9, arbitrary: fc.constantFrom('"eth_call"', '"a\\u005fb"') }, valueText),
      ),
      memberText(['params'], fc.oneof(fc.constantFrom('[1,{"id":2}]', 'null', '{}'), valueText)),
      fc.array(memberText(['id', 'method', 'x', 'error'], idText), { maxLength: 1 }),
    )
    .chain(([version, id, method, params, more]) =>
      fc.shuffledSubarray([version, id, method, params, ...more], { minLength: 3 }),
    );

  const expected = (list: readonly MemberText[]): unknown => {
    const texts = (name: string): string[] => list.filter((member) => member.name === name).map(({ value }) => value);
    const value = (name: string): unknown => (texts(name)[0] === undefined ? undefined : JSON.parse(texts(name)[0]!));
    const isId = ['string', 'number', 'undefined'].includes(typeof value('id')) || value('id') === null;
    const id = texts('id').length === 1 && isId ? texts('id')[0] : 'null';
    if (new Set(list.map(({ name }) => name)).size < list.length) return { id, reason: 'duplicate_key' };
    const method = value('method');
    const fits = value('jsonrpc') === '2.0' && isId && typeof method === 'string' && method !== '';
    if (!fits || !['object', 'undefined'].includes(typeof value('params'))) return { id, reason: 'invalid_request' };
    const params = (value('params') ?? null) === null ? '[]' : texts('params')[0];
    return { id: texts('id')[0], method, params };
  };

  it('an object is read as JSON.parse would read it, doubled keys apart', () => {
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(objectText(members), ({ members: list, text }) => {
        const item = itemOf(text);
        outcomes.add(item.ok ? 'ok' : item.error.data.reason);
        expect(told(item)).toEqual(expected(list));
      }),
      { numRuns: 5000 },
    );
    expect([...outcomes].sort()).toEqual(['duplicate_key', 'invalid_request', 'ok']);
  });

  it('a damaged body is a parse error exactly when JSON.parse refuses it', () => {
    const text = objectText(members).map((object) => object.text);
    const body = fc.oneof(
      text,
      fc.array(text, { maxLength: 3 }).map((list) => `[${list.join(',')}]`),
    );
    fc.assert(
      fc.property(damaged(body), (bytes) => {
        const refused = wholeReason(decodeRequests(bytes, limits)) === 'parse_error';
        expect(refused).toBe(parsed(bytes) === undefined);
      }),
      { numRuns: 5000 },
    );
  });
});
