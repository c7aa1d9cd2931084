import type { BlockId } from '../core/call.ts';
import type { Header } from '../head/header.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ask } from './ask.ts';
import { Beginnings } from './beginnings.ts';
import type { Chain } from './chain.ts';
import { Dispatcher } from './dispatcher.ts';
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
import { Rescue } from './rescue.ts';
import type { Deliver, Stream } from './stream.ts';
import { Walks } from './walks.ts';

export interface HubDeps {
  readonly chain: Chain;
  readonly chainId: () => bigint | undefined;
  readonly ask: Ask;
  readonly readHeader: (raw: RawJson) => Header | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

/** A reader's hold on its stream. */
export interface Opened {
  /** Lets the first events go. */
  start(): void;
  close(): void;
}

/** What a reader listens to. */
export type Listening =
  | { readonly kind: 'heads' }
  /** `heads`: each block is announced before its logs, too. */
  | { readonly kind: 'logs'; readonly query: LogQuery; readonly heads: boolean };

/** WebSocket close code for a reader who may come back when it can read faster. */
const TRY_LATER = 1013;

/** All streams of one chain, fed from its tree. */
export class Hub {
  readonly chain: Chain;
  readonly #options: HubOptions;
  readonly #walks: Walks;
  readonly #store: LogStore;
  readonly #supply: LogSupply;
  readonly #matchers = new Matchers();
  readonly #beginnings: Beginnings;
  readonly #rescue: Rescue;
  readonly #dispatcher: Dispatcher;
  readonly #outlets = new Map<object, Outlet>();
  readonly #stopListening: () => void;
  #logStreams = 0;

  constructor(options: HubOptions, deps: HubDeps) {
    const { chain, clock } = deps;
    const { fetch, window } = options;
    this.chain = chain;
    this.#options = options;
    const past = new Past({ headers: options.headers, ahead: fetch.parallel }, chain);
    const history = new History({ ...deps, past });
    this.#walks = new Walks(chain, past);
    this.#store = new LogStore(
      { ...fetch, kept: { blocks: 2 * window, bytes: options.logBytes }, passing: options.passing },
      deps,
    );
    this.#supply = new LogSupply(
      { ahead: fetch.parallel, orphanMs: options.orphanMs },
      { chain, clock, store: this.#store, listening: () => this.#logStreams > 0, arrived: () => this.#arrived() },
    );
    this.#beginnings = new Beginnings(options, { ...deps, walks: this.#walks, history, store: this.#store });
    this.#rescue = new Rescue({ ...options, retry: fetch.retry }, { ...deps, history }, (outlet) =>
      this.#dispatcher.wake(outlet),
    );
    this.#dispatcher = new Dispatcher(options, clock, (outlet, stream, why) => this.#rescue.help(outlet, stream, why));
    this.#stopListening = chain.onMove(() => this.#moved());
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
    return this.#walks.within(position) === undefined ? undefined : position;
  }

  /** Streams to a connection, which `key` stands for: all that one connection reads comes in one order. */
  open(key: object, line: Line, listening: Listening, start: Position, deliver: Deliver): Opened {
    if (listening.kind === 'heads') {
      return this.#open(key, line, new HeadStream(this.#walks, start, deliver), 'heads', () => {});
    }
    const matcher = this.#matchers.take(listening.query);
    const options = { matcher, start, heads: listening.heads };
    const stream = new LogStream(options, this.#walks, this.#supply, deliver);
    this.#logStreams += 1;
    return this.#open(key, line, stream, 'logs', () => {
      this.#matchers.release(matcher);
      this.#logStreams -= 1;
    });
  }

  close(): void {
    this.#stopListening();
    this.#dispatcher.stop();
    this.#rescue.close();
    this.#outlets.clear();
    this.#store.close();
  }

  #open(key: object, line: Line, stream: Stream, kind: 'heads' | 'logs', release: () => void): Opened {
    let outlet: Outlet | undefined;
    let closed = false;
    return {
      start: () => {
        if (closed) return;
        outlet = this.#outlets.get(key) ?? this.#dispatcher.open(line);
        this.#outlets.set(key, outlet);
        outlet.add(stream, kind);
        this.#dispatcher.wake(outlet);
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

  #drop(key: object, outlet: Outlet): void {
    this.#dispatcher.close(outlet);
    if (this.#outlets.get(key) === outlet) this.#outlets.delete(key);
  }

  #moved(): void {
    for (const outlet of this.#dispatcher.outlets) if (outlet.blocked) this.#judge(outlet);
    this.#dispatcher.wakeAll();
  }

  #arrived(): void {
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
      outlet.line.end(TRY_LATER, `too slow: block ${number} is out of the window`);
      return;
    }
  }
}
