import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

/** Where an answer goes: an HTTP response, or one message stream (WebSocket and IPC alike). */
export type Wire =
  | { readonly kind: 'http'; readonly response: ServerResponse }
  | {
      readonly kind: 'socket';
      readonly send: (text: string) => void;
      /** Sends a piece of a message that has no end yet; `written` runs when the peer may have more. */
      readonly part: (text: string, written: (error?: Error | null) => void) => void;
      readonly destroy: () => void;
    };

/** A way to answer, or to fail at it. Made by the functions of this file; a handler returns one instead of a result. */
export class Behaviour {
  readonly perform: (wire: Wire, id: unknown) => void | Promise<void>;

  constructor(perform: (wire: Wire, id: unknown) => void | Promise<void>) {
    this.perform = perform;
  }
}

/** A JSON-RPC error that the node says, with HTTP status 200. Unlike the other behaviours it may stand inside a batch. */
export class RpcFailure {
  readonly error: { code: number; message: string; data?: unknown };

  constructor(code: number, message: string, data?: unknown) {
    this.error = data === undefined ? { code, message } : { code, message, data };
  }
}

export const resultText = (id: unknown, result: unknown): string => JSON.stringify({ jsonrpc: '2.0', id, result });
export const errorText = (id: unknown, failure: RpcFailure): string =>
  JSON.stringify({ jsonrpc: '2.0', id, error: failure.error });
export const replyText = (id: unknown, answer: unknown): string =>
  answer instanceof RpcFailure ? errorText(id, answer) : resultText(id, answer ?? null);

/** Sends a text as it is: HTTP 200 with a JSON content type, or one message. */
export const sendText = (wire: Wire, text: string, status = 200, headers: Record<string, string> = {}): void => {
  if (wire.kind === 'socket') wire.send(text);
  else wire.response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
};

const httpOnly = (perform: (response: ServerResponse, id: unknown) => void): Behaviour =>
  new Behaviour((wire, id) => {
    if (wire.kind === 'http') perform(wire.response, id);
    else wire.send('this behaviour exists over HTTP only');
  });

/** The node's own error, e.g. `rpcError(3, 'execution reverted', '0x08c379a0…')`. */
export const rpcError = (code: number, message: string, data?: unknown): RpcFailure =>
  new RpcFailure(code, message, data);

/** Answers after `ms` of real time. `answer` is a result or an `rpcError`. */
export const delay = (ms: number, answer: unknown): Behaviour =>
  new Behaviour(async (wire, id) => {
    await sleep(ms, undefined, { ref: false });
    sendText(wire, replyText(id, answer));
  });

/** Never answers; the connection stays open. */
export const hang = (): Behaviour => new Behaviour(() => {});

/** Destroys the connection instead of answering. */
export const reset = (): Behaviour =>
  new Behaviour((wire) => {
    if (wire.kind === 'http') wire.response.destroy();
    else wire.destroy();
  });

/** Sends the first half of a right answer, then ends the connection. */
export const closeMidBody = (result: unknown = '0x1'): Behaviour =>
  new Behaviour((wire, id) => {
    const text = resultText(id, result);
    const half = text.slice(0, text.length >> 1);
    if (wire.kind === 'socket') {
      wire.send(half);
      wire.destroy();
      return;
    }
    wire.response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
    wire.response.write(half, () => wire.response.destroy());
  });

/** Half a JSON text as a complete, well-framed body or message. */
export const truncated = (result: unknown = '0x1'): Behaviour =>
  new Behaviour((wire, id) => {
    const text = resultText(id, result);
    sendText(wire, text.slice(0, text.length - 4));
  });

/** A right-looking answer to a question that nobody asked. */
export const wrongId = (result: unknown = '0x1', id: unknown = 987654321): Behaviour =>
  new Behaviour((wire) => sendText(wire, resultText(id, result)));

export const missingId = (result: unknown = '0x1'): Behaviour =>
  new Behaviour((wire) => sendText(wire, JSON.stringify({ jsonrpc: '2.0', result })));

/** The answer twice: two messages on a socket, two JSON texts in one body over HTTP. */
export const twice = (result: unknown = '0x1'): Behaviour =>
  new Behaviour((wire, id) => {
    const text = resultText(id, result);
    if (wire.kind === 'http') return sendText(wire, text + text);
    wire.send(text);
    wire.send(text);
  });

/** Any body with any status; a string is sent as it is, everything else as JSON. Over a socket: one message. */
export const status = (code: number, body: unknown = '', headers: Record<string, string> = {}): Behaviour =>
  new Behaviour((wire) => sendText(wire, typeof body === 'string' ? body : JSON.stringify(body), code, headers));

/** The JSON-RPC answer (a result or an `rpcError`) under an HTTP status other than 200. */
export const answerWithStatus = (code: number, answer: unknown, headers: Record<string, string> = {}): Behaviour =>
  new Behaviour((wire, id) => sendText(wire, replyText(id, answer), code, headers));

/** HTTP 429; `retryAfter` in seconds or as an HTTP date. */
export const rateLimited = (retryAfter?: string): Behaviour =>
  status(429, 'Too Many Requests', retryAfter === undefined ? {} : { 'retry-after': retryAfter });

export const redirect = (location: string, code = 302): Behaviour => status(code, '', { location });

/** A web page where JSON should be, as a misconfigured proxy sends it. */
export const html200 = (): Behaviour =>
  status(200, '<!doctype html><title>Welcome</title><p>It works!', { 'content-type': 'text/html' });

/** Text that is no JSON at all. */
export const notJson = (text = 'Bad Gateway'): Behaviour => new Behaviour((wire) => sendText(wire, text));

/** Exactly this text as body or message; `$id` in it becomes the request's id. */
export const raw = (text: string): Behaviour =>
  new Behaviour((wire, id) => sendText(wire, text.replaceAll('$id', JSON.stringify(id))));

/** Promises more bytes than come, and leaves the connection open. Over HTTP only. */
export const contentLengthTooLong = (result: unknown = '0x1'): Behaviour =>
  httpOnly((response, id) => {
    const text = resultText(id, result);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length + 100 });
    response.write(text);
  });

/** A body or message that begins well and never ends, as fast as the reader takes it. */
export const endless = (): Behaviour =>
  new Behaviour((wire, id) => {
    const write = (text: string, written: (error?: Error | null) => void): void => {
      if (wire.kind === 'http') wire.response.write(text, written);
      else wire.part(text, written);
    };
    const chunk = 'ab'.repeat(32 * 1024);
    const pump = (error?: Error | null): void => {
      if (!error) setImmediate(write, chunk, pump);
    };
    if (wire.kind === 'http') wire.response.writeHead(200, { 'content-type': 'application/json' });
    write(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":"0x`, pump);
  });

/** A right answer whose result is `bytes` long. */
export const huge = (bytes: number): Behaviour =>
  new Behaviour((wire, id) => sendText(wire, resultText(id, 'a'.repeat(bytes))));

/** Exactly these bytes as the body. Over HTTP only. */
export const bytes = (body: Buffer, headers: Record<string, string> = {}): Behaviour =>
  httpOnly((response) => response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body));

/** The answer compressed although nobody asked for it. Over HTTP only. */
export const gzipped = (result: unknown): Behaviour =>
  httpOnly((response, id) => {
    const body = gzipSync(resultText(id, result));
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(body);
  });

/** A small compressed body that unpacks to `bytes`. Over HTTP only. */
export const gzipBomb = (bytes: number): Behaviour => gzipped('a'.repeat(bytes));
