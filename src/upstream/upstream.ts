import type { Attempt, Outcome } from '../core/outcome.ts';
import type { RawJson } from '../jsonrpc/message.ts';

/** What an upstream is asked: the bytes that go into the node's request. */
export interface UpstreamRequest {
  readonly method: string;
  /** An array or object, as bytes. */
  readonly params: RawJson;
  /** A large answer is to be expected: by HTTP where the node has it. */
  readonly heavy: boolean;
}

/** How an upstream has been doing, read synchronously by whoever chooses. */
export interface UpstreamStats {
  /** Attempts under way, probes not counted. */
  readonly inflight: number;
  /** Peak-sensitive moving average: jumps up with a slow answer, decays slowly. Undefined before the first answer. */
  readonly latencyMs: number | undefined;
  /**
   * Share of recent attempts that failed for the node's own fault, 0 to 1, decaying with time; ½ at least after an answer
   * that was found to be false.
   */
  readonly errorRate: number;
  readonly breaker: 'closed' | 'open' | 'half-open';
  /** The breaker lets no call in at this moment: it is open, or one call tries whether the node is well again. */
  readonly turnsAway: boolean;
  /** Monotonic ms until which the node asked not to be called (429, `Retry-After`, spent budget); 0 when free. */
  readonly limitedUntil: number;
  /** What it is asked at most, configured or learned from its refusals; infinite where nothing is known. */
  readonly callsPerSecond: number;
}

/** A node's word on what it is; asked anew after every lost connection. */
export interface Identity {
  readonly chainId: bigint;
  /** Hash of block 0; undefined where the node cannot tell (a provider without history). */
  readonly genesis: string | undefined;
  /** `web3_clientVersion` as the node words it; empty where it is not told. */
  readonly client: string;
}

/** A notification stream at one node; only a hint, since any node may drop, double or reorder it. */
export interface Feed {
  close(): void;
}

/** One node or provider endpoint. Knows nothing of heads, of other upstreams, or of why it was chosen. */
export interface Upstream {
  readonly name: string;
  readonly tier: number;
  readonly weight: number;
  readonly send: boolean | 'only';
  readonly stats: UpstreamStats;
  /** One attempt at a client's call, counted in `stats`. */
  call(request: UpstreamRequest, timeoutMs: number): Attempt;
  /**
   * Several questions of the gateway's own in one combined request (a JSON-RPC batch; one by one where the node refuses
   * batches). One outcome per request, in order. Never counted as a client's call, and passes an open breaker.
   */
  probe(requests: readonly UpstreamRequest[], timeoutMs: number): Promise<readonly Outcome[]>;
  /** It was so slow with a call that another was asked, too, and answered before it. */
  overtaken(): void;
  /** An answer of it was found to be false after it had been given. */
  disproved(): void;
  /** True while calls and feeds can ride a socket (WebSocket or IPC) that is open. */
  readonly pushes: boolean;
  /**
   * Subscribes at the node (`eth_subscribe`) over its socket. `onEvent` gets the bytes of `params.result`; `onEnd` runs
   * once when the feed is over because its socket was lost. Undefined where the node has no open socket or refused.
   */
  subscribe(params: RawJson, onEvent: (result: RawJson) => void, onEnd: () => void): Promise<Feed | undefined>;
  /** Runs `listener` each time a connection was refused, reset within a call, or a socket closed: what the node was known for may be gone. */
  onLost(listener: (why: string) => void): () => void;
  /** Runs `listener` each time a socket (WebSocket or IPC) is open and ready for feeds. */
  onOpen(listener: () => void): () => void;
  /** Runs `listener` each time the breaker has opened, half opened or closed, or has room for a trial again. */
  onBreaker(listener: () => void): () => void;
  /** Ends all attempts, sockets and timers. */
  close(): Promise<void>;
}
