import { isUtf8 } from 'node:buffer';
import { ERROR, Envelope, ID, isIdAt, METHOD, PARAMS, RESULT, scanEnvelope } from './envelope.ts';
import type { RawJson, RpcError } from './message.ts';
import { OPEN_ARRAY, OPEN_OBJECT, QUOTE, skipSpace, skipValue, walkArray } from './scan.ts';

/**
 * One message from a node. All bytes are slices of the body, `raw` excepted where it had to be made anew. `id` is a valid
 * JSON string, number or null, and `null` where the node sent none, as some do with an error of the HTTP kind.
 */
export type ReplyEnvelope =
  | { readonly kind: 'result'; readonly id: RawJson; readonly result: RawJson }
  /** `raw` is a JSON-RPC error object: the node's own bytes, or made from `error` where the node's was none. */
  | { readonly kind: 'error'; readonly id: RawJson; readonly error: RpcError; readonly raw: RawJson }
  /** `params` is `[]` where the node sent none. */
  | { readonly kind: 'notification'; readonly method: string; readonly params: RawJson }
  /** `why` is in words for logs and holds nothing of what the node sent. */
  | { readonly kind: 'malformed'; readonly why: string };

const nullId: RawJson = Buffer.from('null');
const noParams: RawJson = Buffer.from('[]');

/** An error larger than this, in bytes, is nobody's: parsing it could cost many times its size in memory. */
const LARGEST_ERROR = 4 * 1024 * 1024;

/**
 * Levels of nesting in a result or in the params of a notification: many parsers recurse, and would die of a deeper one
 * (Go's gives up at 10,000). The deepest honest answer is the trace of a call: the EVM lets calls nest 1,024 deep (yellow
 * paper, section 8), and `callTracer` takes an object and an array for each.
 */
export const DEEPEST_ANSWER = 4096;

/** What an answer may need: the envelope is a level too. */
const ROOM = DEEPEST_ANSWER + 1;

/** Levels of nesting in an error: whoever writes it out again does so recursively. */
const DEEPEST_ERROR = 128;

/** Given to errors whose own code is no integer: "internal error" of JSON-RPC 2.0. */
const UNKNOWN_CODE = -32603;

/**
 * Reads a node's answer to one request, or a notification. Never throws.
 *
 * The whole body is walked by the strict scanner, and nothing but an error object is parsed: a result of any size is a
 * slice of the body, known to be one complete JSON value. Reading only both ends of a large body would be faster, and
 * unsound: cut off after the last byte of an inner object, a body can look whole from its ends, and a result such as
 * `{}},{"id":2,"result":{}` would, set into a batch, answer for a call that this node was never asked.
 *
 * Lenient where nodes are: `jsonrpc` is not looked at, unknown members do not matter, of doubled ones the last counts (all
 * as `JSON.parse` has it), and an `error` of null is no error. With an error, a result beside it does not count.
 */
export const decodeReply = (body: Buffer): ReplyEnvelope => {
  const start = skipSpace(body, 0);
  const envelope = new Envelope();
  const end = isUtf8(body) ? scanEnvelope(body, start, ROOM, envelope) : -1;
  return brokenAt(body, end) ?? toReply(body, envelope);
};

/**
 * Reads a node's answer to a batch, in the node's order; a single object is a list of one. A body that is not JSON as a
 * whole, or has more than `atMost` answers, is one `malformed`.
 */
export const decodeReplies = (body: Buffer, atMost = 100_000): readonly ReplyEnvelope[] => {
  const start = skipSpace(body, 0);
  if (body[start] !== OPEN_ARRAY) return [decodeReply(body)];
  const replies: ReplyEnvelope[] = [];
  let tooMany = false;
  const walk = (at: number): number => {
    tooMany = replies.length === atMost;
    if (tooMany) return ~at;
    const envelope = new Envelope();
    const next = scanEnvelope(body, at, ROOM, envelope);
    if (next >= 0) replies.push(toReply(body, envelope));
    return next;
  };
  const end = isUtf8(body) ? walkArray(body, start, walk) : -1;
  if (tooMany) return [malformed(`more than ${atMost} answers`)];
  const broken = brokenAt(body, end);
  return broken === undefined ? replies : [broken];
};

const malformed = (why: string): ReplyEnvelope => ({ kind: 'malformed', why });

/** Says what is wrong with a body whose value broke off, or that goes on after its value; `end` is what the scan said. */
const brokenAt = (body: Buffer, end: number): ReplyEnvelope | undefined => {
  if (end >= 0 && (end === body.length || skipSpace(body, end) === body.length)) return undefined;
  const start = skipSpace(body, 0);
  if (start === body.length) return malformed('an empty body');
  if (body[start] === 0x3c) return malformed('markup, not JSON');
  if (!isUtf8(body)) return malformed('not UTF-8');
  const stop = end < 0 ? ~end : skipSpace(body, end);
  return malformed(stop >= body.length ? 'JSON that is cut off' : `not JSON from byte ${stop} on`);
};

const toReply = (body: Buffer, envelope: Envelope): ReplyEnvelope => {
  if (!envelope.isObject) return malformed('not a JSON-RPC object');
  if (envelope.tooDeep) return malformed(`an answer nested deeper than ${DEEPEST_ANSWER} levels`);
  const idStart = envelope.start(ID);
  if (idStart !== 0 && !isIdAt(body, idStart)) return malformed('an id that is neither string, number nor null');
  const id = envelope.slice(body, ID) ?? nullId;
  const error = envelope.slice(body, ERROR);
  if (error !== undefined && !isNull(error)) return toError(id, error);
  const result = envelope.slice(body, RESULT);
  if (result !== undefined) return { kind: 'result', id, result };
  return toNotification(body, envelope, id);
};

const toNotification = (body: Buffer, envelope: Envelope, id: RawJson): ReplyEnvelope => {
  const start = envelope.start(METHOD);
  if (start === 0 || body[start] !== QUOTE || !isNull(id)) return malformed('neither result nor error');
  const method: string = JSON.parse(body.toString('utf8', start, envelope.end(METHOD)));
  return { kind: 'notification', method, params: envelope.slice(body, PARAMS) ?? noParams };
};

const isNull = (value: RawJson): boolean => value[0] === 0x6e;

/** Some providers send a bare string: it is the message. Any other error that is no object says nothing to anybody. */
const toError = (id: RawJson, raw: RawJson): ReplyEnvelope => {
  if (raw.length > LARGEST_ERROR) return malformed('an error of more than 4 MiB');
  if (raw[0] !== OPEN_OBJECT && raw[0] !== QUOTE) return malformed('an error that is no object');
  if (skipValue(raw, 0, DEEPEST_ERROR) < 0) return malformed(`an error nested deeper than ${DEEPEST_ERROR} levels`);
  const said: unknown = JSON.parse(raw.toString());
  if (typeof said === 'string') return rebuilt(id, { code: UNKNOWN_CODE, message: said });
  const { code, message, data } = said as Readonly<Record<string, unknown>>;
  const error = { code: integer(code), message: typeof message === 'string' ? message : '' };
  const full: RpcError = data === undefined ? error : { ...error, data };
  return error.code === code && error.message === message ? { kind: 'error', id, error: full, raw } : rebuilt(id, full);
};

const rebuilt = (id: RawJson, error: RpcError): ReplyEnvelope => ({
  kind: 'error',
  id,
  error,
  raw: Buffer.from(JSON.stringify(error)),
});

/** Some proxies send the code as a string of digits. */
const integer = (code: unknown): number => {
  const number = typeof code === 'string' && code.trim() !== '' ? Number(code) : code;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : UNKNOWN_CODE;
};
