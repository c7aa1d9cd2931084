import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEEPEST_ANSWER, decodeReplies, decodeReply, type ReplyEnvelope } from '../../src/jsonrpc/decode-reply.ts';
import { damaged, type MemberText, memberText, objectText, parsed, valueText } from './json-text.ts';

const decode = (text: string): ReplyEnvelope => decodeReply(Buffer.from(text));

/** A reply in plain words, to compare with. */
const told = (reply: ReplyEnvelope): unknown => {
  switch (reply.kind) {
    case 'result':
      return { kind: 'result', id: reply.id.toString(), result: reply.result.toString() };
    case 'error':
      return { kind: 'error', id: reply.id.toString(), error: reply.error, raw: reply.raw.toString() };
    case 'notification':
      return { kind: 'notification', method: reply.method, params: reply.params.toString() };
    default:
      return { kind: 'malformed' };
  }
};

const why = (reply: ReplyEnvelope): string => (reply.kind === 'malformed' ? reply.why : reply.kind);

describe('a result', () => {
  it.each([
    '{"jsonrpc":"2.0","id":1,"result":{"a":[1,2]}}',
    '{"jsonrpc":"2.0","result":{"a":[1,2]},"id":1}',
    '{"id":1,"result":{"a":[1,2]},"jsonrpc":"2.0"}',
    ' {"result" : {"a":[1,2]} , "id" : 1 }\r\n',
    '{"id":1,"result":{"a":[1,2]},"error":null}',
    '{"id":1,"error":null,"result":{"a":[1,2]}}',
    '{"extra":{"result":2},"errors":1,"i":2,"id":1,"\\u0072esult":{"a":[1,2]}}',
  ])('is found in %s', (text) => {
    expect(told(decode(text))).toEqual({ kind: 'result', id: '1', result: '{"a":[1,2]}' });
  });

  it.each(['null', 'true', '0', '""', '"0x"', '[]', '"x\\",\\"id\\":1}"'])('may be %s', (result) => {
    expect(told(decode(`{"jsonrpc":"2.0","id":1,"result":${result}}`))).toEqual({ kind: 'result', id: '1', result });
  });

  it.each(['1', '"a"', 'null', '1.0', '"\\u0041"'])('keeps its id %s byte for byte', (id) => {
    expect(told(decode(`{"result":0,"id":${id}}`))).toMatchObject({ id });
  });

  it('without an id has the id null', () => {
    expect(told(decode('{"result":0}'))).toEqual({ kind: 'result', id: 'null', result: '0' });
  });

  it('of 5 MB is neither parsed nor copied', () => {
    const result = JSON.stringify(Array.from({ length: 50_000 }, (_, index) => ({ data: 'ab'.repeat(40), index })));
    const body = Buffer.from(`{"jsonrpc":"2.0","id":1,"result":${result}}`);
    expect(body.length).toBeGreaterThan(5e6);
    const reply = decodeReply(body);
    if (reply.kind !== 'result') throw new Error(reply.kind);
    expect(reply.result.buffer).toBe(body.buffer);
    expect(reply.result.toString() === result).toBe(true);
  });
});

describe('an error', () => {
  it('is parsed, and keeps its bytes', () => {
    const raw = '{"code": 3, "message":"execution reverted","data":"0x08c379a0","more":1}';
    const error = { code: 3, message: 'execution reverted', data: '0x08c379a0' };
    for (const text of [`{"jsonrpc":"2.0","id":1,"error":${raw}}`, `{"error":${raw},"id":1,"result":null}`]) {
      expect(told(decode(text))).toEqual({ kind: 'error', id: '1', error, raw });
    }
  });

  it('counts where a result stands beside it', () => {
    expect(decode('{"id":1,"result":{"a":1},"error":{"code":1,"message":"m"}}').kind).toBe('error');
  });

  it('needs neither id nor version', () => {
    const raw = '{"code":429,"message":"too many requests"}';
    expect(told(decode(`{"error":${raw}}`))).toEqual({ kind: 'error', id: 'null', error: JSON.parse(raw), raw });
  });

  it.each([
    ['"slow down"', { code: -32603, message: 'slow down' }],
    ['{"message":"m"}', { code: -32603, message: 'm' }],
    ['{"code":-32000}', { code: -32000, message: '' }],
    ['{"code":"-32005","message":"m","data":{"a":1}}', { code: -32005, message: 'm', data: { a: 1 } }],
    ['{"code":1.5,"message":["m"]}', { code: -32603, message: '' }],
    ['{}', { code: -32603, message: '' }],
  ])('that is no JSON-RPC error, %s, is made one', (raw, error) => {
    const reply = decode(`{"id":1,"error":${raw}}`);
    expect(told(reply)).toEqual({ kind: 'error', id: '1', error, raw: JSON.stringify(error) });
  });

  it.each(['[]', 'true', 'false', '1'])('that is %s is malformed', (error) => {
    expect(decode(`{"id":1,"error":${error},"result":1}`).kind).toBe('malformed');
  });

  it('too large or too deep to be handled with care is malformed', () => {
    const error = (data: string): string => `{"id":1,"error":{"code":1,"message":"m","data":${data}}}`;
    expect(decode(error(`"${'x'.repeat(1e6)}"`)).kind).toBe('error');
    expect(why(decode(error(`"${'x'.repeat(5e6)}"`)))).toContain('4 MiB');
    expect(decode(error(`${'['.repeat(127)}${']'.repeat(127)}`)).kind).toBe('error');
    expect(why(decode(error(`${'['.repeat(1e5)}${']'.repeat(1e5)}`)))).toContain('deeper');
  });
});

describe('nesting', () => {
  const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  const asResult = (value: string): string => `{"id":1,"result":${value}}`;
  const asParams = (value: string): string => `{"method":"eth_subscription","params":${value}}`;

  it('is allowed as deep as the trace of the deepest call that the EVM can make', () => {
    const trace = `${'{"calls":['.repeat(1024)}{}${']}'.repeat(1024)}`;
    expect(decode(asResult(trace))).toMatchObject({ kind: 'result' });
  });

  it.each([asResult, asParams])('is malformed beyond its bound, which a client may not survive', (wrap) => {
    expect(decode(wrap(nested(DEEPEST_ANSWER))).kind).not.toBe('malformed');
    expect(why(decode(wrap(nested(DEEPEST_ANSWER + 1))))).toContain('deeper');
    expect(why(decode(wrap(nested(200_000))))).toContain('deeper');
  });

  it('beyond its bound spoils only its own answer in a batch', () => {
    const batch = `[${asResult(nested(200_000))},${asResult('"fine"')}]`;
    expect(decodeReplies(Buffer.from(batch)).map(({ kind }) => kind)).toEqual(['malformed', 'result']);
  });
});

describe('a notification', () => {
  it('has a method and no id', () => {
    const params = '{"subscription":"0x1","result":{"number":"0x1"}}';
    expect(told(decode(`{"jsonrpc":"2.0","method":"eth_subscription","params":${params}}`))).toEqual({
      kind: 'notification',
      method: 'eth_subscription',
      params,
    });
    expect(told(decode('{"method":"a\\u005fb"}'))).toEqual({ kind: 'notification', method: 'a_b', params: '[]' });
  });

  it('with an id is a request, which no node has to make', () => {
    expect(decode('{"id":1,"method":"m","params":[]}').kind).toBe('malformed');
  });
});

describe('what is no reply', () => {
  it.each([
    ['', 'empty'],
    [' \n', 'empty'],
    ['<html><body>502 Bad Gateway</body></html>', 'markup'],
    ['upstream connect error', 'byte 0'],
    ['{"id":1,"result":1}garbage', 'byte 19'],
    ['{"id":1,"result":1}{"id":1,"result":1}', 'byte 19'],
    ['{"id":1,"result":[1 2 3]}', 'byte 20'],
    ['{"id":1,"result":{]}', 'byte 18'],
    ['{"id":1,"result":{"a":"}', 'cut off'],
    ['{"id":1,"result":{"a":{}}', 'cut off'],
    ['{"id":1,"result":[{"result":{"calls":[{}]}', 'cut off'],
    ['{"id":1x,"result":1}', 'byte 7'],
    ['{"id":1x"result":1}', 'byte 7'],
    ['{"id":{"a":1},"result":1}', 'an id'],
    ['{"id":[],"result":1}', 'an id'],
    ['{"id":true,"result":1}', 'an id'],
    ['{"id":1}', 'neither'],
    ['{"id":1,"error":null}', 'neither'],
    ['{"id":1,"results":1}', 'neither'],
    ['{"method":1}', 'neither'],
    ['{}', 'neither'],
    ['1', 'not a JSON-RPC object'],
    ['[]', 'not a JSON-RPC object'],
  ])('%j is malformed, and says so', (text, words) => {
    expect(why(decode(text))).toContain(words);
  });

  it('cannot end its envelope early and speak for another call of a batch', () => {
    expect(decode('{"id":1,"result":{}},{"id":2,"result":{}}').kind).toBe('malformed');
    expect(decode('{"id":1,"result":{},"id":9,"x":{"b":{}}').kind).toBe('malformed');
  });

  it('that is not UTF-8 is malformed', () => {
    const body = Buffer.from('{"id":1,"result":"aaa"}');
    body[19] = 0xc3;
    expect(why(decodeReply(body))).toBe('not UTF-8');
    expect(decodeReplies(Buffer.concat([Buffer.from('['), body, Buffer.from(']')])).map(why)).toEqual(['not UTF-8']);
  });
});

describe('the answer to a batch', () => {
  const list = (text: string, atMost?: number): unknown => decodeReplies(Buffer.from(text), atMost).map(told);

  it('is a list in the order of the node', () => {
    expect(list(' [{"id":2,"result":1}, {"error":{"code":1,"message":"m"},"id":1},3 ] ')).toMatchObject([
      { kind: 'result', id: '2', result: '1' },
      { kind: 'error', id: '1' },
      { kind: 'malformed' },
    ]);
    expect(list('[]')).toEqual([]);
  });

  it('may be a single object', () => {
    expect(list('{"id":null,"error":{"code":-32600,"message":"no batches"}}')).toMatchObject([{ kind: 'error' }]);
  });

  it.each(['[{"id":1,"result":1}', '[{"id":1,"result":1},]', '[{"id":1,"result":1}]]', '[1x2]', '[', '<html>'])(
    '%s is malformed as a whole',
    (text) => {
      expect(list(text)).toEqual([{ kind: 'malformed' }]);
    },
  );

  it('with more answers than were asked for is malformed as a whole', () => {
    expect(list('[{"id":1,"result":1},{"id":2,"result":1}]', 2)).toHaveLength(2);
    for (const count of [3, 4, 1000]) {
      const body = Buffer.from(`[${Array(count).fill('{"id":1,"result":1}').join(',')}]`);
      expect(decodeReplies(body, 2).map(why)).toEqual(['more than 2 answers']);
    }
  });
});

describe('whatever a node sends', () => {
  const idText = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom('1', '"a"', 'null', '1.0') },
    fc.constantFrom('[]', 'true'),
  );
  const errorText = fc.constantFrom('null', '{"code":1,"message":"m"}', '{"code":1,"message":"m","data":[{"id":1}]}');
  const members = fc
    .tuple(
      memberText(['jsonrpc'], fc.constantFrom('"2.0"', '"1.0"', '2')),
      memberText(['id'], idText),
      memberText(['result'], valueText),
      fc.array(memberText(['error'], errorText), { maxLength: 1 }),
      fc.array(memberText(['id', 'result', 'x', 'method', 'params'], valueText), { maxLength: 1 }),
    )
    .chain(([version, id, result, error, more]) =>
      fc.shuffledSubarray([version, id, result, ...error, ...more], { minLength: 2 }),
    );

  const expected = (list: readonly MemberText[]): unknown => {
    const text = (name: string): string | undefined => list.findLast((member) => member.name === name)?.value;
    const id = text('id') ?? 'null';
    if (typeof JSON.parse(id) === 'boolean' || /^[[{]/.test(id)) return { kind: 'malformed' };
    const raw = text('error');
    if (raw !== undefined && raw !== 'null') return { kind: 'error', id, error: JSON.parse(raw), raw };
    const result = text('result');
    if (result !== undefined) return { kind: 'result', id, result };
    const method: unknown = text('method') === undefined ? undefined : JSON.parse(text('method')!);
    if (typeof method !== 'string' || id !== 'null') return { kind: 'malformed' };
    return { kind: 'notification', method, params: text('params') ?? '[]' };
  };

  it('an object is read as JSON.parse reads it', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(objectText(members), ({ members: list, text }) => {
        const reply = decode(text);
        kinds.add(reply.kind);
        expect(told(reply)).toEqual(expected(list));
      }),
      { numRuns: 5000 },
    );
    expect([...kinds].sort()).toEqual(['error', 'malformed', 'notification', 'result']);
  });

  it('any part of a reply from its start, but not the whole of it, is malformed', () => {
    const whole = objectText(members).map(({ text }) => text.trim());
    fc.assert(
      fc.property(whole, (text) => {
        const body = Buffer.from(text);
        for (let end = 0; end < body.length; end++) {
          expect(decodeReply(body.subarray(0, end)).kind).toBe('malformed');
        }
      }),
      { numRuns: 300 },
    );
  });

  it('damaged bytes are malformed wherever JSON.parse refuses them, and never an exception', () => {
    fc.assert(
      fc.property(damaged(objectText(members).map(({ text }) => text)), (bytes) => {
        const reply = decodeReply(bytes);
        if (parsed(bytes) === undefined) expect(reply.kind).toBe('malformed');
        expect(decodeReplies(bytes).length).toBeLessThanOrEqual(3);
      }),
      { numRuns: 5000 },
    );
  });

  it('bytes that are no JSON at all are malformed, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const body = Buffer.from(bytes);
        if (parsed(body) === undefined) expect(decodeReply(body).kind).toBe('malformed');
      }),
      { numRuns: 2000 },
    );
  });
});
