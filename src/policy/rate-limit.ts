import type { Layer } from '../core/layer.ts';
import { faultReply } from '../core/reply.ts';
import { gatewayError } from '../jsonrpc/errors.ts';
import type { Clock } from '../lib/clock.ts';
import { TokenBucket } from '../lib/token-bucket.ts';

export interface RateLimitOptions {
  /** Calls per second for each client address; null for no limit. A second's worth may come at once. */
  readonly requestsPerSecond: number | null;
}

/** Addresses remembered at once; the one that was first seen longest ago makes room. */
const ADDRESSES = 50_000;

/** Each item of a batch spends a token of its own, and may be refused alone. */
export const rateLimit = (options: RateLimitOptions, clock: Clock): Layer => {
  const rate = options.requestsPerSecond;
  if (rate === null) return (next) => next;
  const buckets = new Map<string, TokenBucket>();
  const bucketOf = (address: string): TokenBucket => {
    const known = buckets.get(address);
    if (known !== undefined) return known;
    if (buckets.size >= ADDRESSES) {
      for (const oldest of buckets.keys()) {
        buckets.delete(oldest);
        break;
      }
    }
    const bucket = new TokenBucket(rate, Math.max(1, rate), clock.now());
    buckets.set(address, bucket);
    return bucket;
  };
  return (next) => async (call) => {
    const waitMs = bucketOf(call.client.address).take(1, clock.now());
    if (waitMs === 0) return next(call);
    const error = gatewayError('rate_limited', `more than ${rate} calls per second from this address`);
    return faultReply(error, {}, Math.max(1, Math.ceil(waitMs / 1000)));
  };
};
