import type { Layer } from '../core/layer.ts';
import { faultReply } from '../core/reply.ts';
import { gatewayError } from '../jsonrpc/errors.ts';
import type { Clock } from '../lib/clock.ts';
import { BoundedMap } from '../lib/bounded-map.ts';
import { TokenBucket } from '../lib/token-bucket.ts';

export interface RateLimitOptions {
  /** Calls per second for each client address; null for no limit. A second's worth may come at once. */
  readonly requestsPerSecond: number | null;
}

/** Addresses remembered at once; the one that was first seen longest ago makes room. */
const ADDRESSES = 50_000;

/** What each client address has left; one for all chains, so that the limit holds for the whole gateway. */
export class ClientTokens {
  readonly rate: number | null;
  readonly #clock: Clock;
  readonly #buckets = new BoundedMap<string, TokenBucket>(ADDRESSES);

  constructor({ requestsPerSecond }: RateLimitOptions, clock: Clock) {
    this.rate = requestsPerSecond;
    this.#clock = clock;
  }

  /** Takes a token: 0, or the ms after which there is one. */
  take(address: string): number {
    return this.rate === null ? 0 : this.#bucket(address, this.rate).take(1, this.#clock.now());
  }

  #bucket(address: string, rate: number): TokenBucket {
    const known = this.#buckets.get(address);
    if (known !== undefined) return known;
    const bucket = new TokenBucket(rate, Math.max(1, rate), this.#clock.now());
    this.#buckets.set(address, bucket);
    return bucket;
  }
}

/** Each item of a batch spends a token of its own, and may be refused alone. */
export const rateLimit =
  (tokens: ClientTokens): Layer =>
  (next) =>
    tokens.rate === null
      ? next
      : (call) => {
          const waitMs = tokens.take(call.client.address);
          if (waitMs === 0) return next(call);
          const error = gatewayError('rate_limited', `more than ${tokens.rate} calls per second from this address`);
          return Promise.resolve(faultReply(error, {}, Math.max(1, Math.ceil(waitMs / 1000))));
        };
