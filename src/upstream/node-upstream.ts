import { type Attempt, type Failed, failedBecause, type FailureClass, type Outcome } from '../core/outcome.ts';
import { type ClientKind, clientVersion } from '../ethereum/client-kind.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import { shortValue } from '../jsonrpc/short-value.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Ask, HttpTransport } from './http-transport.ts';
import { type NodeTransports, nodeTransports } from './node-transports.ts';
import { cancelled } from './reply-outcome.ts';
import { sameChain } from './same-chain.ts';
import type { SocketSession, Stray } from './socket-session.ts';
import { Statistics } from './statistics.ts';
import { Turns } from './turns.ts';
import type { Feed, Upstream, UpstreamRequest, UpstreamStats } from './upstream.ts';
import type { UpstreamOptions } from './upstream-options.ts';

/** What an upstream tells of itself beside the outcomes: material for logs and counters, without addresses. */
export type UpstreamReport =
  | { readonly kind: 'socket_opened' }
  | { readonly kind: 'socket_lost'; readonly why: string }
  | { readonly kind: 'socket_failed'; readonly why: string; readonly retryMs: number }
  | { readonly kind: 'stray'; readonly what: Stray };

export interface UpstreamDeps {
  readonly clock: Clock;
  /** Gives 0 up to, not including, 1. */
  readonly random: () => number;
  readonly report: (report: UpstreamReport) => void;
  /** Counts the gateway's own questions as they go to the node, by item. */
  readonly asked?: (items: number) => void;
}

/** Connects to one node, and keeps its sockets open until it is closed. */
export const createUpstream = (options: UpstreamOptions, deps: UpstreamDeps): Upstream =>
  new NodeUpstream(options, deps);

/** Share of a call's time that it may wait for its turn. */
const PATIENCE = 0.5;
/** Ms until a socket that could not be compared with HTTP is compared again. */
const RECHECK = 1_000;

class NodeUpstream implements Upstream {
  readonly #options: UpstreamOptions;
  readonly #deps: UpstreamDeps;
  readonly #ways: NodeTransports;
  readonly #stats: Statistics;
  readonly #lostListeners = new Set<(why: string) => void>();
  readonly #openListeners = new Set<() => void>();
  readonly #breakerListeners = new Set<() => void>();
  /** The session that is known to answer for the same chain as HTTP. */
  #trusted: SocketSession | undefined;
  #recheck: Timer | undefined;
  #client: ClientKind = 'other';
  #batches = true;
  readonly #turns: Turns;
  #closed = false;

  constructor(options: UpstreamOptions, deps: UpstreamDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#stats = new Statistics(options, deps.clock, () => {
      if (this.#stats.breaker === 'open') this.#turnAway('its circuit breaker opened before its turn');
      for (const listener of this.#breakerListeners) listener();
    });
    this.#turns = new Turns(deps.clock, (turn) => this.#stats.giveBack(turn));
    this.#ways = nodeTransports(options, {
      ...deps,
      stray: (what) => deps.report({ kind: 'stray', what }),
      opened: () => this.#socketOpened(),
      lost: (why) => this.#socketLost(why),
      failed: (why, retryMs) => deps.report({ kind: 'socket_failed', why, retryMs }),
      httpLost: (why) => this.#lost(why),
    });
    this.#ways.socket?.start();
  }

  get name(): string {
    return this.#options.name;
  }

  get tier(): number {
    return this.#options.tier;
  }

  get weight(): number {
    return this.#options.weight;
  }

  get send(): boolean | 'only' {
    return this.#options.send;
  }

  get stats(): UpstreamStats {
    return this.#stats;
  }

  get pushes(): boolean {
    return this.#trusted !== undefined;
  }

  call(request: UpstreamRequest, timeoutMs: number): Attempt {
    if (this.#closed) return settled(cancelled);
    const wait = this.#stats.turn(timeoutMs * PATIENCE);
    if (wait === undefined) return settled(unsent('rate_limited', 'its budget of calls is spent'));
    if (wait === 0) return this.#call(request, timeoutMs);
    const { clock } = this.#deps;
    const cameAt = clock.now();
    return this.#turns.wait(cameAt + wait, () => {
      // Where this process stood still meanwhile, the node must not be blamed for an answer that it has no time for.
      const left = timeoutMs - (clock.now() - cameAt);
      return left > 0 ? this.#call(request, left) : settled(unsent('overloaded', 'its turn came too late'));
    });
  }

  #call(request: UpstreamRequest, timeoutMs: number): Attempt {
    const way = this.#way(request.heavy);
    if (way === undefined) return settled(this.#noWay());
    // Not `transport`, which would leave open whether the request was carried out.
    const leave = this.#stats.admit();
    if (leave === undefined) return settled(unsent('overloaded', 'the circuit breaker is open'));
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const cancel = way.call(this.#ask(request), timeoutMs, (outcome) => {
      this.#stats.ended(leave, outcome);
      resolve(outcome);
    });
    return { outcome: promise, cancel };
  }

  async probe(requests: readonly UpstreamRequest[], timeoutMs: number): Promise<readonly Outcome[]> {
    const outcomes = await this.#askAll(
      requests.map((request) => ({ ...this.#ask(request), own: true })),
      timeoutMs,
    );
    this.#stats.probed(outcomes);
    outcomes.forEach((outcome, index) => {
      if (requests[index]?.method === 'web3_clientVersion') this.#learnClient(outcome);
    });
    return outcomes;
  }

  overtaken(): void {
    this.#stats.overtaken();
  }

  disproved(): void {
    this.#stats.disproved();
  }

  async subscribe(params: RawJson, onEvent: (result: RawJson) => void, onEnd: () => void): Promise<Feed | undefined> {
    const session = this.#trusted;
    if (session === undefined) return undefined;
    this.#asking(1);
    const ask = this.#ask({ method: 'eth_subscribe', params, heavy: false });
    const feed = await session.subscribe(ask, this.#options.subscribeTimeout, onEvent, onEnd);
    return (
      feed && {
        close: () => {
          if (session === this.#trusted) this.#asking(1);
          feed.close();
        },
      }
    );
  }

  onLost(listener: (why: string) => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  onOpen(listener: () => void): () => void {
    this.#openListeners.add(listener);
    return () => this.#openListeners.delete(listener);
  }

  onBreaker(listener: () => void): () => void {
    this.#breakerListeners.add(listener);
    return () => this.#breakerListeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#turns.giveUp(cancelled);
    this.#trusted = undefined;
    this.#recheck?.cancel();
    this.#ways.socket?.close();
    await this.#ways.http?.close();
  }

  #ask(request: UpstreamRequest): Ask {
    return { ...request, client: this.#client };
  }

  /** Undefined where there is no connection, or no room in it. */
  #way(heavy: boolean): HttpTransport | SocketSession | undefined {
    const { http, socket, rides } = this.#ways;
    const session = socket?.ready ? this.#trusted : undefined;
    if (http === undefined) return session;
    if (session !== undefined && rides && !heavy) return session;
    return http.full ? undefined : http;
  }

  #noWay(): Failed {
    return this.#ways.http === undefined && this.#trusted === undefined
      ? unsent('transport', this.#ways.socket?.trouble ?? 'there is no connection to the node')
      : unsent('overloaded', 'too many calls wait for this node');
  }

  async #askAll(asks: readonly Ask[], timeoutMs: number): Promise<readonly Outcome[]> {
    const { clock } = this.#deps;
    const deadline = clock.now() + timeoutMs;
    if (this.#ways.http === undefined) await this.#ways.socket?.whenOpen(timeoutMs);
    if (this.#closed) return asks.map(() => cancelled);
    const way = this.#way(asks.some((ask) => ask.heavy));
    if (way === undefined) return asks.map(() => this.#noWay());
    const left = (): number => Math.max(1, deadline - clock.now());
    this.#asking(asks.length);
    // On a socket the messages of one turn leave together anyway.
    if (!('batch' in way) || asks.length === 1 || !this.#batches) return askEach(way, asks, left());
    const outcomes = await way.batch(asks, left());
    // One that was refused as a whole has cost nothing.
    if (outcomes !== 'refused') return outcomes;
    const single = await askEach(way, asks, left());
    if (single.some((outcome) => outcome.kind === 'answered')) this.#batches = false;
    return single;
  }

  #asking(items: number): void {
    this.#stats.probing(items);
    this.#deps.asked?.(items);
  }

  #learnClient(outcome: Outcome): void {
    if (outcome.kind !== 'answered') return;
    const version = shortValue(outcome.result);
    if (typeof version === 'string') this.#client = clientVersion(version).kind;
  }

  #socketOpened(): void {
    const { http, socket } = this.#ways;
    if (http === undefined) this.#trust(socket?.session);
    else if (socket?.session !== undefined) void this.#verify(http, socket.session);
  }

  async #verify(http: HttpTransport, session: SocketSession): Promise<void> {
    const { socket } = this.#ways;
    this.#asking(2);
    const same = await sameChain(http, session, this.#options.subscribeTimeout);
    if (socket === undefined || socket.session !== session) return;
    if (same === true) this.#trust(session);
    else if (same === false) socket.dismiss('the WebSocket answers for another chain than HTTP does');
    else this.#recheck = this.#deps.clock.after(RECHECK, () => void this.#verify(http, session));
  }

  #trust(session: SocketSession | undefined): void {
    this.#trusted = session;
    this.#deps.report({ kind: 'socket_opened' });
    for (const listener of this.#openListeners) listener();
  }

  #socketLost(why: string): void {
    this.#recheck?.cancel();
    this.#deps.report({ kind: 'socket_lost', why });
    if (this.#trusted === undefined) return;
    this.#trusted = undefined;
    this.#lost(why);
  }

  /** Calls that wait for their turn are better asked elsewhere. */
  #turnAway(why: string): void {
    this.#turns.giveUp(unsent('overloaded', why));
  }

  #lost(why: string): void {
    if (this.#closed) return;
    // Whoever listens at this address from now on may be another kind of node, of another chain even.
    this.#batches = true;
    this.#turnAway('its connection was lost before its turn');
    for (const listener of this.#lostListeners) listener(why);
  }
}

const unsent = (failure: FailureClass, message: string): Failed => ({
  ...failedBecause(failure, message),
  unsent: true,
});

const settled = (outcome: Outcome): Attempt => ({ outcome: Promise.resolve(outcome), cancel: () => {} });

const askEach = (
  way: HttpTransport | SocketSession,
  asks: readonly Ask[],
  timeoutMs: number,
): Promise<readonly Outcome[]> =>
  Promise.all(
    asks.map(
      (ask) =>
        new Promise<Outcome>((resolve) => {
          way.call(ask, timeoutMs, resolve);
        }),
    ),
  );
