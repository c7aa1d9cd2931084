import { describe, expect, it } from 'vitest';
import { decodeRequests } from '../../src/jsonrpc/decode.ts';
import { decodeReplies } from '../../src/jsonrpc/decode-reply.ts';
import { encodeBatch, encodeError, encodeRequest, encodeRequestBatch, encodeResult } from '../../src/jsonrpc/encode.ts';

const bytes = (text: string): Buffer => Buffer.from(text);
const text = (pieces: readonly Buffer[]): string => Buffer.concat(pieces).toString();
const large = bytes(`"${'x'.repeat(20_000)}"`);

describe('an encoded answer', () => {
  it('has the version, the id byte for byte, then the result', () => {
    expect(text(encodeResult(bytes('1.0'), bytes('{"a":"é"}')))).toBe('{"jsonrpc":"2.0","id":1.0,"result":{"a":"é"}}');
  });

  it('is one piece when small', () => {
    expect(encodeResult(bytes('1'), bytes('true'))).toHaveLength(1);
    expect(encodeResult(bytes('1'), large.subarray(0, 16 * 1024 - 1))).toHaveLength(1);
  });

  it('shares a large result instead of copying it', () => {
    const pieces = encodeResult(bytes('"é"'), large);
    expect(pieces[1]).toBe(large);
    expect(text(pieces)).toBe(`{"jsonrpc":"2.0","id":"é","result":${large.toString()}}`);
  });

  it("of an error is the node's own bytes where they are given", () => {
    const error = { code: 3, message: 'execution reverted', data: '0x' };
    expect(text(encodeError(bytes('null'), error))).toBe(
      '{"jsonrpc":"2.0","id":null,"error":{"code":3,"message":"execution reverted","data":"0x"}}',
    );
    expect(text(encodeError(bytes('7'), error, bytes('{"code":3, "x":1}')))).toBe(
      '{"jsonrpc":"2.0","id":7,"error":{"code":3, "x":1}}',
    );
    expect(text(encodeError(bytes('7'), { code: 1, message: '"\n' }))).toBe(
      '{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"\\"\\n"}}',
    );
  });
});

describe('an encoded batch', () => {
  it('joins its parts, and shares the large ones', () => {
    const small = encodeResult(bytes('1'), bytes('1'));
    const pieces = encodeBatch([small, encodeResult(bytes('2'), large), small, small]);
    expect(pieces.map((piece) => piece === large)).toEqual([false, true, false]);
    expect(decodeReplies(Buffer.concat(pieces)).map((reply) => reply.kind === 'result' && reply.id.toString())).toEqual(
      ['1', '2', '1', '1'],
    );
  });

  it('of one part is a list all the same', () => {
    expect(text(encodeBatch([[bytes('{}')]]))).toBe('[{}]');
  });
});

describe('an encoded request', () => {
  it('is what a node reads', () => {
    expect(encodeRequest(12, 'eth_call', bytes('[1, "é"]')).toString()).toBe(
      '{"jsonrpc":"2.0","id":12,"method":"eth_call","params":[1, "é"]}',
    );
  });

  it('keeps a method with odd characters a string', () => {
    const method = '"é\\\n😀';
    expect(JSON.parse(encodeRequest(1, method, bytes('[]')).toString())).toMatchObject({ method, params: [] });
  });

  it('joins others in a batch', () => {
    const body = encodeRequestBatch([
      { id: 1, method: 'a', params: bytes('[]') },
      { id: 2, method: 'b', params: large },
    ]);
    expect(JSON.parse(body.toString())).toHaveLength(2);
    const one = encodeRequestBatch([{ id: 1, method: 'a', params: bytes('{}') }]);
    expect(decodeRequests(one, { depth: 9, batchItems: 1 }).kind).toBe('batch');
  });
});
