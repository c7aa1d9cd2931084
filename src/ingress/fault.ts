import type { Observer } from '../core/observer.ts';
import { type DecodeLimits, decodeRequests } from '../jsonrpc/decode.ts';
import { gatewayError } from '../jsonrpc/errors.ts';
import type { RawJson } from '../jsonrpc/message.ts';

/** What a client is told of a fault of ours: where to look for it, and nothing of what it is. */
export const internalError = gatewayError('internal_error', 'a fault in headgate; its log says more');

/** Tells an operator of a fault of ours, with its stack. */
export const tellFault = (
  observer: Pick<Observer, 'noted'>,
  error: unknown,
  where: Readonly<Record<string, unknown>>,
): void => {
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  observer.noted('error', 'a fault in headgate, met by a request', { ...where, error: told });
};

const NULL_ID: RawJson = Buffer.from('null');

/** The id of a single call whose bytes are all that is known of it. `null` where there is none, or it cannot be read. */
export const idIn = (body: Buffer, limits: DecodeLimits): RawJson => {
  try {
    const decoded = decodeRequests(body, limits);
    if (decoded.kind !== 'single') return NULL_ID;
    return (decoded.item.ok ? decoded.item.request.id : decoded.item.id) ?? NULL_ID;
  } catch {
    return NULL_ID;
  }
};
