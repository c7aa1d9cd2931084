import type { BlockId } from '../core/call.ts';
import type { BackoffOptions } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ask } from './ask.ts';
import { Dispatcher } from './dispatcher.ts';
import { HeadStream } from './head-stream.ts';
import { LogStore } from './log-store.ts';
import { LogStream } from './log-stream.ts';
import { LogSupply } from './log-supply.ts';
import { type LogQuery, Matchers } from './matcher.ts';
import type { Line, Outlet } from './outlet.ts';
import { after, type Position } from './position.ts';
import type { Deliver, Stream } from './stream.ts';
import { type Chain, Walks } from './walks.ts';

/** Times in ms. */
export interface HubOptions {
  /** Bytes of logs that are remembered. */
  readonly logBytes: number;
  /** Blocks whose logs are remembered: the window through which readers are followed. */
  readonly window: number;
}

export interface HubDeps {
  readonly chain: Chain;
  readonly ask: Ask;
  readonly clock: Clock;
  readonly random: () => number;
}

/** A reader's hold on its stream. */
export interface Opened {
  /** Lets the first events go. */
  start(): void;
  close(): void;
}

const retry: BackoffOptions = { initial: 100, max: 1000 };
/** Fetches of logs at once. */
const PARALLEL = 16;
/** Ms for which an answer has to stand that only one source gives. */
const PATIENCE = 2500;
/** Ms for which the logs of an orphaned block are looked for before they are given up. */
const ORPHANS = 30_000;
/** Events written before other work gets its turn. */
const SLICE = 500;
/** WebSocket close codes: both make every library connect again. */
const RESTART = 1012;
const TRY_LATER = 1013;

/** All streams of one chain, fed from its tree. */
export class Hub {
  readonly chain: Chain;
  readonly #walks: Walks;
  readonly #store: LogStore;
  readonly #supply: LogSupply;
  readonly #matchers = new Matchers();
  readonly #dispatcher: Dispatcher;
  readonly #outlets = new Map<object, Outlet>();
  readonly #stopListening: () => void;
  #logStreams = 0;

  constructor({ logBytes, window }: HubOptions, deps: HubDeps) {
    const { chain, clock } = deps;
    this.chain = chain;
    this.#walks = new Walks(chain);
    this.#store = new LogStore(
      { kept: { blocks: window, bytes: logBytes }, retry, parallel: PARALLEL, patienceMs: PATIENCE },
      deps,
    );
    this.#supply = new LogSupply(
      { ahead: PARALLEL, orphanMs: ORPHANS },
      { chain, clock, store: this.#store, listening: () => this.#logStreams > 0, arrived: () => this.#arrived() },
    );
    this.#dispatcher = new Dispatcher({ slice: SLICE }, clock, (outlet, stream, why) =>
      this.#stuck(outlet, stream, why),
    );
    this.#stopListening = chain.onMove(() => this.#moved());
  }

  /** Where a reader stands who begins at this block, or at the head; undefined while there is no head. */
  standing(block: BlockId | undefined): Position | undefined {
    const from = block ?? this.chain.view.head?.latest;
    if (from !== undefined && this.#walks.from(after(from)) !== undefined) return after(from);
    const head = this.chain.view.head?.latest;
    return head && after(head);
  }

  /** Streams every block to a connection, which `key` stands for. */
  heads(key: object, line: Line, start: Position, deliver: Deliver): Opened {
    return this.#open(key, line, new HeadStream(this.#walks, start, deliver), 'heads', () => {});
  }

  /** Streams the logs that a query wants. */
  logs(key: object, line: Line, query: LogQuery, start: Position, deliver: Deliver): Opened {
    const matcher = this.#matchers.take(query);
    const stream = new LogStream({ matcher, start, heads: false }, this.#walks, this.#supply, deliver);
    this.#logStreams += 1;
    return this.#open(key, line, stream, 'logs', () => {
      this.#matchers.release(matcher);
      this.#logStreams -= 1;
    });
  }

  close(): void {
    this.#stopListening();
    this.#dispatcher.stop();
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

  /** A reader may be slow for as long as its place in the chain is known. */
  #judge(outlet: Outlet): void {
    for (const stream of outlet.streams()) {
      if (this.#walks.from(stream.position) !== undefined) continue;
      outlet.line.end(TRY_LATER, `too slow: block ${stream.position.number} is out of the window`);
      return;
    }
  }

  #stuck(outlet: Outlet, stream: Stream, why: 'astray' | 'lost'): void {
    outlet.away(stream);
    const words = why === 'lost' ? 'orphaned logs are gone' : 'reorganisation deeper than the window';
    outlet.line.end(RESTART, `${words}; fetch again from block ${stream.position.number}`);
  }
}
