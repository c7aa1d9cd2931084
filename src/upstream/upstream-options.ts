import type { BackoffOptions } from '../lib/backoff.ts';
import { breakerDefaults } from './circuit-breaker.ts';
import type { StatisticsOptions } from './statistics.ts';

/** One upstream, with ms and bytes. */
export interface UpstreamOptions extends StatisticsOptions {
  readonly name: string;
  /** `http(s)://`, `ws(s)://` or `ipc:///path`; userinfo becomes basic auth. */
  readonly url: string;
  /** The WebSocket of a node whose `url` is HTTP; undefined: tried at the same host and port, nowhere else. */
  readonly ws: string | undefined;
  /** Which way small calls go; `auto` rides the socket where the address is a private one. */
  readonly calls: 'auto' | 'http' | 'ws';
  /** Sent with every HTTP request and WebSocket upgrade. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tier: number;
  readonly weight: number;
  readonly send: boolean | 'only';
  /** HTTP connections at most. */
  readonly connections: number;
  /** HTTP requests that may wait for a connection. */
  readonly queue: number;
  /** Calls in flight on the socket at most. */
  readonly pending: number;
  /** Feeds on the socket at most. */
  readonly feeds: number;
  /** Ms until a connection of any kind must be made. */
  readonly connectTimeout: number;
  /** Ms until `eth_subscribe` must be answered. */
  readonly subscribeTimeout: number;
  /** Bytes of one answer. */
  readonly responseSize: number;
  /** Bytes waiting to be written to the socket from which on calls do not ride it. */
  readonly sendBuffer: number;
  /** Ms between WebSocket pings; a peer silent from one to the next is gone. */
  readonly pingInterval: number;
  /** Waits between tries to open the socket. */
  readonly backoff: BackoffOptions;
  /** Ms until the next try where the guessed WebSocket is turned away: most such nodes have none at that port. */
  readonly guessPause: number;
  /** Ms that are believed of a `Retry-After`. */
  readonly maxRetryAfter: number;
}

/** Everything but who the node is. */
export const upstreamDefaults: Omit<UpstreamOptions, 'name' | 'url'> = {
  ws: undefined,
  calls: 'auto',
  headers: {},
  tier: 0,
  weight: 1,
  send: true,
  connections: 128,
  queue: 2_000,
  pending: 2_000,
  feeds: 64,
  connectTimeout: 3_000,
  subscribeTimeout: 5_000,
  responseSize: 150 * 1024 * 1024,
  sendBuffer: 16 * 1024 * 1024,
  pingInterval: 5_000,
  backoff: { initial: 100, max: 10_000 },
  guessPause: 300_000,
  maxRetryAfter: 600_000,
  breaker: breakerDefaults,
  latencyMemory: 10_000,
  errorMemory: 30_000,
  lieMemory: 300_000,
  limitedPause: 1_000,
  requestsPerSecond: undefined,
};
