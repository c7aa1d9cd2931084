import type { RawJson } from '../jsonrpc/message.ts';
import {
  ANY_DEPTH,
  CLOSE_OBJECT,
  COMMA,
  OPEN_OBJECT,
  QUOTE,
  skipColon,
  skipSpace,
  skipString,
  skipValue,
} from '../jsonrpc/scan.ts';

/** The `params` of an `eth_subscription` (or `parity_subscription`) notification. */
export interface SubscriptionEvent {
  /** The subscription's id as the node wrote it, quotes included. */
  readonly subscription: string;
  /** Shares memory with the message. */
  readonly result: RawJson;
}

/** Ids are short; a longer one is nobody's. */
export const LONGEST_ID = 128;

/** Reads valid JSON, as decoding leaves it; undefined where it is no such event. */
export const subscriptionEvent = (params: RawJson): SubscriptionEvent | undefined => {
  if (params[0] !== OPEN_OBJECT) return undefined;
  let subscription: string | undefined;
  let result: RawJson | undefined;
  for (let at = skipSpace(params, 1); params[at] === QUOTE; ) {
    const keyEnd = skipString(params, at);
    const start = skipColon(params, keyEnd);
    const end = skipValue(params, start, ANY_DEPTH);
    if (end < 0) return undefined;
    const key = keyEnd - at > 16 ? '' : params.toString('latin1', at + 1, keyEnd - 1);
    if (key === 'subscription' && end - start <= LONGEST_ID) subscription = params.toString('latin1', start, end);
    if (key === 'result') result = params.subarray(start, end);
    at = skipSpace(params, end);
    if (params[at] === COMMA) at = skipSpace(params, at + 1);
    else if (params[at] === CLOSE_OBJECT) break;
  }
  return subscription === undefined || result === undefined ? undefined : { subscription, result };
};
