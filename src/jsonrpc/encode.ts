import type { RawJson, RpcError } from './message.ts';

/** From this size on, in bytes, a result is written as it is, between a head and a tail: copying it costs more than two more pieces. */
const LARGE = 16 * 1024;

const HEAD = '{"jsonrpc":"2.0","id":';
const RESULT = ',"result":';
const ERROR = ',"error":';

const comma = Buffer.from(',');
const closeArray = Buffer.from(']');
const closeObject = Buffer.from('}');

/** A successful answer, in pieces to be written one after the other. A large result is shared, not copied. */
export const encodeResult = (id: RawJson, result: RawJson): Buffer[] => member(id, RESULT, result);

/** An answer that is an error: `raw`, the error object as its node worded it, where it is given, else `error`. */
export const encodeError = (id: RawJson, error: RpcError, raw?: RawJson): Buffer[] =>
  member(id, ERROR, raw ?? errorBytes(error));

const errorBytes = ({ code, message, data }: RpcError): RawJson => Buffer.from(JSON.stringify({ code, message, data }));

/** The answer to a batch, in pieces: what lies between large results is joined into one. */
export const encodeBatch = (parts: readonly (readonly Buffer[])[]): Buffer[] => {
  const pieces: Buffer[] = [];
  let small: Buffer[] = [Buffer.from('[')];
  const flush = (): void => {
    pieces.push(Buffer.concat(small));
    small = [];
  };
  parts.forEach((part, index) => {
    if (index > 0) small.push(comma);
    for (const piece of part) {
      if (piece.length < LARGE) small.push(piece);
      else {
        flush();
        pieces.push(piece);
      }
    }
  });
  small.push(closeArray);
  flush();
  return pieces;
};

/** One request to a node. `id` is the gateway's own, an integer. */
export const encodeRequest = (id: number, method: string, params: RawJson): Buffer => {
  const head = `${HEAD}${id},"method":${JSON.stringify(method)},"params":`;
  const size = Buffer.byteLength(head);
  const bytes = Buffer.allocUnsafe(size + params.length + 1);
  bytes.write(head);
  params.copy(bytes, size);
  bytes[bytes.length - 1] = 0x7d;
  return bytes;
};

/** Several requests to a node as one batch, in order. */
export const encodeRequestBatch = (
  requests: readonly { readonly id: number; readonly method: string; readonly params: RawJson }[],
): Buffer => Buffer.concat(encodeBatch(requests.map(({ id, method, params }) => [encodeRequest(id, method, params)])));

const member = (id: RawJson, key: string, value: RawJson): Buffer[] => {
  const large = value.length >= LARGE;
  const size = HEAD.length + id.length + key.length;
  const head = Buffer.allocUnsafe(large ? size : size + value.length + 1);
  head.write(HEAD, 0, 'latin1');
  id.copy(head, HEAD.length);
  head.write(key, HEAD.length + id.length, 'latin1');
  if (large) return [head, value, closeObject];
  value.copy(head, size);
  head[head.length - 1] = 0x7d;
  return [head];
};
