import type { BlockId } from '../core/call.ts';
import type { HeadMove } from '../head/head-move.ts';
import type { Header } from '../head/header.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import { Cancellation } from '../lib/cancellation.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ask } from './ask.ts';
import { Beginnings } from './beginnings.ts';
import type { Chain } from './chain.ts';
import { Dispatcher } from './dispatcher.ts';
import { Footing } from './footing.ts';
import { Foresight } from './foresight.ts';
import { HeadStream } from './head-stream.ts';
import { History } from './history.ts';
import type { HubOptions } from './hub-options.ts';
import { LogStore } from './log-store.ts';
import { LogStream } from './log-stream.ts';
import { LogSupply } from './log-supply.ts';
import { type LogQuery, Matchers } from './matcher.ts';
import type { Beginning, Origin, Patience } from './origin.ts';
import type { Line, Outlet } from './outlet.ts';
import { Past } from './past.ts';
import { after, type Position } from './position.ts';
import type { Opened } from './registry.ts';
import type { Report } from './report.ts';
import { Rescue } from './rescue.ts';
import { servable } from './servable.ts';
import { type Budget, type Deliver, goOn, type Stream, type StreamEvent } from './stream.ts';
import { Ways } from './ways.ts';

export interface HubDeps {
  readonly chain: Chain;
  readonly chainId: () => bigint | undefined;
  readonly ask: Ask;
  readonly readHeader: (raw: RawJson) => Header | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: Report;
}

/** A reader's hold on its stream. */
export interface OpenedStream extends Opened {
  /** Where the reader stands. */
  position(): Position;
}

/** What a reader listens to. */
export type Listening =
  | { readonly kind: 'heads' }
  /** `heads`: each block is announced before its logs, too. */
  | { readonly kind: 'logs'; readonly query: LogQuery; readonly heads: boolean };

/** What came of collecting events at once. */
export type Collected =
  | { readonly kind: 'collected'; readonly events: readonly StreamEvent[]; readonly position: Position }
  /** It could not be told in time, and may be told later. */
  | { readonly kind: 'late' }
  | { readonly kind: 'lost'; readonly safeFrom: number };

/** All streams of one chain, fed from its tree. */
export class Hub {
  readonly chain: Chain;
  readonly #options: HubOptions;
  readonly #past: Past;
  readonly #ways: Ways;
  readonly #store: LogStore;
  readonly #supply: LogSupply;
  readonly #foresight: Foresight;
  readonly #footing: Footing;
  readonly #matchers = new Matchers();
  readonly #beginnings: Beginnings;
  readonly #rescue: Rescue;
  readonly #dispatcher: Dispatcher;
  readonly #outlets = new Map<object, Outlet>();
  readonly #stopListening: () => void;
  /** Those who collect, and wait for logs. */
  readonly #awaiting = new Set<() => void>();
  #logStreams = 0;

  constructor(options: HubOptions, deps: HubDeps) {
    const { chain, clock } = deps;
    const { fetch, window } = options;
    this.chain = chain;
    this.#options = options;
    this.#past = new Past({ headers: options.headers, ahead: fetch.parallel }, chain);
    const history = new History({ ...deps, past: this.#past });
    this.#ways = new Ways(chain, this.#past);
    this.#store = new LogStore(
      { ...fetch, kept: { blocks: 2 * window, bytes: options.logBytes }, passing: options.passing },
      deps,
    );
    this.#supply = new LogSupply(
      { ahead: fetch.parallel, orphanMs: options.orphanMs },
      { chain, clock, store: this.#store, listening: () => this.#logStreams > 0, arrived: () => this.#arrived() },
    );
    this.#foresight = new Foresight(options, { chain, clock, store: this.#store });
    this.#footing = new Footing({ chain, ways: this.#ways, history });
    const found = { ...deps, ways: this.#ways, history, footing: this.#footing };
    this.#beginnings = new Beginnings(options, { ...found, store: this.#store });
    this.#rescue = new Rescue({ ...options, retry: fetch.retry }, found, (outlet) => this.#dispatcher.wake(outlet));
    this.#dispatcher = new Dispatcher(options, clock, (outlet, stream, why) => this.#rescue.help(outlet, stream, why));
    this.#stopListening = chain.onMove((move) => this.#moved(move));
  }

  /** Blocks' logs, for those who ask once. */
  get logs(): Pick<LogStore, 'mayMatch' | 'find'> {
    return this.#store;
  }

  /** Where a reader begins; a refusal where what it asks for could not be complete. */
  async begin(origin: Origin, listening: Listening, patience: Patience): Promise<Beginning> {
    if (listening.kind === 'heads') return this.#beginnings.find(origin, undefined, patience);
    const matcher = this.#matchers.take(listening.query);
    const beginning = await this.#beginnings.find(origin, matcher, patience);
    this.#matchers.release(matcher);
    return beginning;
  }

  /** Behind this block, if there is a way from there. */
  behind(block: BlockId): Position | undefined {
    const position = after(block);
    return this.#ways.within(position) === undefined ? undefined : position;
  }

  /** Sees to it that what a reader who begins here may have got elsewhere can be taken back, too. */
  prepare(listening: Listening, start: Position, wanted: () => boolean = () => true): void {
    if (listening.kind === 'heads') return;
    const matcher = this.#matchers.take(listening.query);
    void this.#foresight.prepare(start, matcher, wanted).then(() => this.#matchers.release(matcher));
  }

  /** Streams to a connection, which `key` stands for: all that one connection reads comes in one order. */
  open(key: object, line: Line, listening: Listening, start: Position, deliver: Deliver): OpenedStream {
    const { stream, release } = this.#stream(listening, start, deliver);
    let outlet: Outlet | undefined;
    let closed = false;
    return {
      position: () => stream.position,
      start: () => {
        if (closed) return;
        const own = this.#outlets.get(key) ?? this.#dispatcher.open(line);
        outlet = own;
        this.#outlets.set(key, own);
        own.add(stream, listening.kind);
        // All that one message subscribes to begins together, so that its order holds from the first event on.
        queueMicrotask(() => this.#dispatcher.wake(own));
        this.prepare(listening, start, () => !closed);
      },
      close: () => {
        if (closed) return;
        closed = true;
        release();
        outlet?.remove(stream);
        if (outlet?.empty) this.#drop(key, outlet);
      },
    };
  }

  /** What lies between a position and the head, as far as it can be told in time and `most` events go. */
  async collect(
    listening: Listening,
    start: Position,
    patience: Patience & { readonly most: number },
  ): Promise<Collected> {
    const events: StreamEvent[] = [];
    const budget = { left: patience.most };
    const { stream, release } = this.#stream(listening, start, (event) => events.push(event) > 0);
    const progress = await this.#pursue(stream, budget, patience);
    release();
    if (progress === 'lost') return { kind: 'lost', safeFrom: await this.#rescue.safeFrom(stream) };
    return progress === 'late' ? { kind: 'late' } : { kind: 'collected', events, position: stream.position };
  }

  close(): void {
    this.#stopListening();
    this.#dispatcher.stop();
    this.#rescue.close();
    this.#outlets.clear();
    this.#store.close();
  }

  #stream(listening: Listening, start: Position, deliver: Deliver): { stream: Stream; release: () => void } {
    if (listening.kind === 'heads') return { stream: new HeadStream(this.#ways, start, deliver), release: () => {} };
    const matcher = this.#matchers.take(listening.query);
    const options = { matcher, start, heads: listening.heads };
    this.#logStreams += 1;
    return {
      stream: new LogStream(options, this.#ways, this.#supply, deliver),
      release: () => {
        this.#matchers.release(matcher);
        this.#logStreams -= 1;
      },
    };
  }

  async #pursue(stream: Stream, budget: Budget, patience: Patience): Promise<'done' | 'lost' | 'late'> {
    const { deadline, cancellation } = patience;
    for (;;) {
      const progress = goOn(stream, budget);
      if (progress === 'arrived' || progress === 'tired') return 'done';
      if (progress === 'lost') return 'lost';
      if (cancellation.cancelled) return 'late';
      if (progress === 'waiting') {
        if (!(await this.#nextLogs(patience))) return 'late';
      } else {
        const reached = await this.#rescue.reach(stream, deadline, () => !cancellation.cancelled);
        if (reached !== 'known') return reached === 'gone' ? 'lost' : 'late';
      }
    }
  }

  /** True once some logs have come; false where there is nobody left to wait for, or no time. */
  #nextLogs({ deadline, cancellation }: Patience): Promise<boolean> {
    const over = new Cancellation();
    return new Promise((resolve) => {
      const settle = (come: boolean): void => {
        this.#awaiting.delete(arrived);
        forget();
        over.cancel();
        resolve(come);
      };
      const arrived = (): void => settle(true);
      const forget = cancellation.onCancel(() => over.cancel());
      this.#awaiting.add(arrived);
      void this.chain.waitFor((view) => !servable(view), deadline, over).then(() => settle(false));
    });
  }

  #drop(key: object, outlet: Outlet): void {
    this.#dispatcher.close(outlet);
    if (this.#outlets.get(key) === outlet) this.#outlets.delete(key);
  }

  #moved(move: HeadMove): void {
    this.#footing.moved(move);
    // Which branch lies below the tree may have changed with it.
    if (move.gap) this.#past.doubt();
    for (const outlet of this.#dispatcher.outlets) if (outlet.blocked) this.#judge(outlet);
    this.#dispatcher.wakeAll();
  }

  #arrived(): void {
    for (const resume of [...this.#awaiting]) resume();
    for (const outlet of this.#dispatcher.outlets) if (outlet.readsLogs) this.#dispatcher.wake(outlet);
  }

  /** A reader may be slow for as long as its place is within the window; one of history, within what may be replayed. */
  #judge(outlet: Outlet): void {
    const { replay, window } = this.#options;
    const head = this.chain.view.head?.latest.number ?? 0;
    for (const stream of outlet.streams()) {
      const { number } = stream.position;
      const bound = outlet.live(stream) ? window : replay + window;
      if (head - number <= bound) continue;
      outlet.line.slow(`too slow: block ${number} is out of the window`);
      return;
    }
  }
}
