import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Session } from '../core/session.ts';
import type { Cancellation } from '../lib/cancellation.ts';
import type { Context } from './answer.ts';
import { clientAddress, type Trusts } from './client-address.ts';

export interface ContextOptions {
  readonly trusts: Trusts;
  /** Clients may choose the upstream and go past the cache. */
  readonly debug: boolean;
  /** Makes an id for a request that has none. */
  readonly newId: () => string;
}

/** Words about a header that cannot be obeyed; nothing is served that was asked for differently. */
export interface BadHeader {
  readonly problem: string;
}

/** Reads from a request, or from the upgrade to a WebSocket, what holds for all its calls. */
export const contextOf = (
  request: IncomingMessage,
  options: ContextOptions,
  cancellation: Cancellation,
  session?: Session,
): Context | BadHeader => {
  const { debug } = options;
  const minBlock = header(request, 'x-headgate-min-block');
  if (minBlock !== undefined && !/^[0-9]{1,15}$/.test(minBlock)) {
    return { problem: 'x-headgate-min-block has to be a block number in decimal' };
  }
  const address = clientAddress(request.socket.remoteAddress, header(request, 'x-forwarded-for'), options.trusts);
  return {
    client: { name: 'anonymous', address, debug },
    transport: session === undefined ? 'http' : 'ws',
    cancellation,
    minBlock: minBlock === undefined ? undefined : Number(minBlock),
    only: debug ? header(request, 'x-headgate-upstream') : undefined,
    bypassCache: debug && header(request, 'x-headgate-cache') === 'bypass',
    session,
    requestId: requestIdOf(request, options.newId),
    traceparent: header(request, 'traceparent'),
  };
};

/** The request's own id where it has a printable one, else a new one, which the request then carries. */
export const requestIdOf = (request: IncomingMessage, newId: () => string): string => {
  const given = header(request, 'x-request-id');
  if (given !== undefined && /^[\x21-\x7e]{1,128}$/.test(given)) return given;
  const made = newId();
  request.headers['x-request-id'] = made;
  return made;
};

/** Ids that no two requests share, of this process or of another: a random word, and a number. */
export const requestIds = (): (() => string) => {
  const word = randomBytes(12).toString('base64url');
  let count = 0;
  return () => {
    count += 1;
    return `${word}-${count}`;
  };
};

const header = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
};
