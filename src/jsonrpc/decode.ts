import { isUtf8 } from 'node:buffer';
import { Envelope, ID, isIdAt, JSONRPC, METHOD, MOST_OTHERS, PARAMS, scanEnvelope } from './envelope.ts';
import { type GatewayError, gatewayError } from './errors.ts';
import type { RawJson, Request } from './message.ts';
import { ANY_DEPTH, BACKSLASH, OPEN_ARRAY, OPEN_OBJECT, QUOTE, skipSpace, skipValue, walkArray } from './scan.ts';
import { valuesWithin } from './value-count.ts';

/** What a body may hold. */
export interface DecodeLimits {
  /** Arrays and objects that may be open at once in a request, the request itself being the first. A batch's array does not count. */
  readonly depth: number;
  /** Requests in a batch. */
  readonly batchItems: number;
}

/** One request of a body, or why it is none. */
export type Item =
  | { readonly ok: true; readonly request: Request }
  /** `id` is the request's own where it can be read unambiguously, else `null`. */
  | { readonly ok: false; readonly id: RawJson; readonly error: GatewayError };

/** A client's body. `invalid` is the whole of it: one error, with id null, whatever it held. */
export type Decoded =
  | { readonly kind: 'single'; readonly item: Item }
  | { readonly kind: 'batch'; readonly items: readonly Item[] }
  | { readonly kind: 'invalid'; readonly error: GatewayError };

/** Values in a body. Layers read the params of a call one after the other, and a few MiB of `{}` would take them seconds. */
const MOST_VALUES = 100_000;

const nullId: RawJson = Buffer.from('null');
const noParams: RawJson = Buffer.from('[]');
const example = '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}';

/**
 * Reads a client's body. Strict, since a gateway that reads a body otherwise than the node behind it can be talked past
 * its own rules: the whole body has to be JSON, the same that `JSON.parse` takes. Ids and params are slices of the body.
 */
export const decodeRequests = (body: Buffer, limits: DecodeLimits): Decoded => {
  if (!isUtf8(body)) return parseError('The body is not UTF-8');
  const start = skipSpace(body, 0);
  if (start === body.length) return parseError(`The body is empty: send a request such as ${example}`);
  const decoded = body[start] === OPEN_ARRAY ? decodeBatch(body, start, limits) : decodeSingle(body, start, limits);
  // A value takes a byte at least, so that most bodies need not be counted.
  return body.length <= MOST_VALUES || valuesWithin(body, MOST_VALUES) ? decoded : crowded(decoded);
};

/** What is wrong otherwise is told first. */
const crowded = (decoded: Decoded): Decoded => {
  const error = invalid(`The body holds more than ${MOST_VALUES} values`);
  if (decoded.kind === 'batch') return { kind: 'invalid', error };
  if (decoded.kind === 'invalid' || !decoded.item.ok) return decoded;
  return { kind: 'single', item: { ok: false, id: decoded.item.request.id ?? nullId, error } };
};

const decodeSingle = (body: Buffer, start: number, limits: DecodeLimits): Decoded => {
  const envelope = new Envelope();
  const end = scanEnvelope(body, start, limits.depth, envelope);
  return finish(body, end) ?? { kind: 'single', item: toItem(body, envelope, limits) };
};

const decodeBatch = (body: Buffer, start: number, limits: DecodeLimits): Decoded => {
  const items: Item[] = [];
  let count = 0;
  const end = walkArray(body, start, (at) => {
    count++;
    // Still walked beyond the limit, since a body that is no JSON says so, but nothing more is kept of it.
    if (count > limits.batchItems) return skipValue(body, at, ANY_DEPTH);
    const envelope = new Envelope();
    const next = scanEnvelope(body, at, limits.depth, envelope);
    if (next >= 0) items.push(toItem(body, envelope, limits));
    return next;
  });
  const broken = finish(body, end);
  if (broken !== undefined) return broken;
  if (count === 0) return { kind: 'invalid', error: gatewayError('empty_batch', 'The batch is empty') };
  if (count > limits.batchItems) {
    const message = `The batch has ${count} requests; send at most ${limits.batchItems} at once`;
    return { kind: 'invalid', error: gatewayError('batch_too_large', message) };
  }
  return { kind: 'batch', items };
};

const parseError = (message: string): Decoded => ({ kind: 'invalid', error: gatewayError('parse_error', message) });

/** Refuses a body whose value broke off, or that goes on after its value; `end` is what the scan said. */
const finish = (body: Buffer, end: number): Decoded | undefined => {
  const stop = end < 0 ? ~end : skipSpace(body, end);
  if (end >= 0 && stop === body.length) return undefined;
  if (stop === body.length) return parseError('The body is not valid JSON: it ends too soon');
  return parseError(`The body is not valid JSON from byte ${stop} on`);
};

const toItem = (body: Buffer, envelope: Envelope, limits: DecodeLimits): Item => {
  const method = methodOf(body, envelope);
  const error = faultOf(body, envelope, limits, method);
  if (error !== undefined) return { ok: false, id: readableId(body, envelope) ?? nullId, error };
  return {
    ok: true,
    request: {
      id: envelope.slice(body, ID),
      method: method!,
      params: paramsOf(body, envelope),
    },
  };
};

const faultOf = (
  body: Buffer,
  envelope: Envelope,
  limits: DecodeLimits,
  method: string | undefined,
): GatewayError | undefined => {
  if (envelope.tooDeep) {
    return gatewayError('too_deep', `The request is nested deeper than ${limits.depth} levels`);
  }
  if (!envelope.isObject) return invalid(`A request is an object, such as ${example}`);
  const doubled = envelope.firstDoubled();
  if (doubled !== undefined) return gatewayError('duplicate_key', `The request has "${doubled}" more than once`);
  if (envelope.otherDoubled) return gatewayError('duplicate_key', 'The request has a key more than once');
  if (envelope.crowded) return invalid(`The request has more than ${MOST_OTHERS} keys that JSON-RPC does not know`);
  const id = envelope.start(ID);
  if (id !== 0 && !isIdAt(body, id)) return invalid('"id" must be a string, a number or null');
  if (!isVersion2(body, envelope)) return invalid('Send "jsonrpc": "2.0"');
  if (method === undefined || method === '') return invalid('Send "method", a string with the name of the method');
  return paramsFit(body, envelope) ? undefined : invalid('"params" must be an array or an object');
};

const invalid = (message: string): GatewayError => gatewayError('invalid_request', message);

/** The id where it is there once and is one. */
const readableId = (body: Buffer, envelope: Envelope): RawJson | undefined => {
  const start = envelope.start(ID);
  if (start === 0 || envelope.doubled(ID) || !isIdAt(body, start)) return undefined;
  return envelope.slice(body, ID);
};

const paramsOf = (body: Buffer, envelope: Envelope): RawJson => {
  const start = envelope.start(PARAMS);
  // Absent, null or, the only value of two bytes that fits and is common, `[]`.
  const empty =
    start === 0 || body[start] === 0x6e || (envelope.end(PARAMS) - start === 2 && body[start] === OPEN_ARRAY);
  return empty ? noParams : body.subarray(start, envelope.end(PARAMS));
};

const paramsFit = (body: Buffer, envelope: Envelope): boolean => {
  const start = envelope.start(PARAMS);
  if (start === 0) return true;
  const byte = body[start];
  return byte === OPEN_ARRAY || byte === OPEN_OBJECT || byte === 0x6e;
};

const methodOf = (body: Buffer, envelope: Envelope): string | undefined => stringOf(body, envelope, METHOD);

const isVersion2 = (body: Buffer, envelope: Envelope): boolean => {
  const start = envelope.start(JSONRPC);
  const plain = envelope.end(JSONRPC) - start === 5 && body[start] === QUOTE;
  // The usual spelling, without making a string of it.
  if (plain && body[start + 1] === 0x32 && body[start + 2] === 0x2e && body[start + 3] === 0x30) return true;
  return stringOf(body, envelope, JSONRPC) === '2.0';
};

/** A member's string with escapes resolved; undefined where it is missing or something else. */
const stringOf = (body: Buffer, envelope: Envelope, member: number): string | undefined => {
  const start = envelope.start(member);
  if (start === 0 || body[start] !== QUOTE) return undefined;
  const end = envelope.end(member);
  for (let at = start; at < end; at++) {
    const byte = body[at]!;
    if (byte === BACKSLASH || byte >= 0x80) return JSON.parse(body.toString('utf8', start, end));
  }
  return body.toString('latin1', start + 1, end - 1);
};
