import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable, Transform } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import type { Reason } from '../jsonrpc/errors.ts';
import type { Holding } from './holding.ts';

/** A body that will not be read; `reason` is what its sender is told. */
export class BodyRefused extends Error {
  readonly reason: Reason;

  constructor(reason: Reason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** What Fastify wants to know of a stream that was unpacked: it compares this length with `content-length`. */
type Encoded = { receivedEncodedLength?: number };

/**
 * The request's body as it is to be parsed: unpacked if it was sent by gzip or deflate, and counted against the budget
 * where its length was not announced. `limit` is its largest size in bytes; Fastify, too, keeps to it, by counting what
 * comes out of here.
 *
 * @throws BodyRefused if the encoding is another one, or the announced length is over the limit or does not fit the budget.
 */
export const readable = (request: IncomingMessage, payload: Readable, holding: Holding, limit: number): Readable => {
  const announced = request.headers['content-length'];
  if (Number(announced) > limit) throw tooLarge();
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' && announced !== undefined) {
    if (!holding.take(Number(announced))) throw full();
    return payload;
  }
  const body = meter(holding);
  body.receivedEncodedLength = 0;
  payload.on('data', (chunk: Buffer) => {
    body.receivedEncodedLength = (body.receivedEncodedLength ?? 0) + chunk.length;
  });
  // What goes wrong on the way destroys `body`, and reaches Fastify as its error.
  const ended = (): void => {};
  if (encoding === 'identity') pipeline(payload, body, ended);
  else pipeline(payload, unpacker(encoding), body, ended);
  return body;
};

const unpacker = (encoding: string): Transform => {
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip();
  if (encoding === 'deflate') return createInflate();
  throw new BodyRefused('invalid_request', 'send the body plain, or packed by gzip or deflate');
};

const meter = (holding: Holding): Transform & Encoded =>
  new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (holding.take(chunk.length)) done(null, chunk);
      else done(full());
    },
  });

export const tooLarge = (): BodyRefused =>
  new BodyRefused('body_too_large', 'the request is larger than this gateway takes (server.limits.bodySize)');

const full = (): BodyRefused => new BodyRefused('overloaded', 'too busy: too many bytes are under way');
