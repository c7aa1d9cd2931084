import type { Clock } from '../lib/clock.ts';
import { pause } from '../lib/pause.ts';
import type { Chain } from './chain.ts';
import type { Footing } from './footing.ts';
import type { History, Reached } from './history.ts';
import type { LogStore } from './log-store.ts';
import type { Matcher } from './matcher.ts';
import type { Beginning, Origin, Patience } from './origin.ts';
import { after, before, type Position } from './position.ts';
import type { Step } from './steps.ts';
import type { Ways } from './ways.ts';

export interface BeginningsOptions {
  /** Blocks of history at most. */
  readonly replay: number;
}

export interface BeginningsDeps {
  readonly chain: Chain;
  readonly chainId: () => bigint | undefined;
  readonly ways: Ways;
  readonly history: History;
  readonly footing: Footing;
  readonly store: LogStore;
  readonly clock: Clock;
}

/** Ms between two tries to reach an old block. */
const PAUSE = 100;
/** Share of the time for which a block is waited for that is ahead of the head. */
const AHEAD = 0.5;

const hex = (value: number): string => `0x${value.toString(16)}`;

const refuse = (
  reason: 'invalid_params' | 'cursor_lost' | 'no_upstream' | 'not_yet',
  message: string,
  details: Readonly<Record<string, unknown>> = {},
): Beginning => ({ refusal: { reason, message, details } });

/**
 * Finds where a reader begins, and makes sure that it can: a stream that could not be complete is refused before its
 * first event, so that whoever gets one need not wonder.
 */
export class Beginnings {
  readonly #options: BeginningsOptions;
  readonly #deps: BeginningsDeps;

  constructor(options: BeginningsOptions, deps: BeginningsDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** `matcher`: the logs that the reader wants; undefined for one of heads alone. */
  async find(origin: Origin, matcher: Matcher | undefined, patience: Patience): Promise<Beginning> {
    const { chain } = this.#deps;
    const known = await chain.waitFor(({ head }) => head !== undefined, patience.deadline, patience.cancellation);
    const head = chain.view.head?.latest;
    if (!known || head === undefined) return refuse('no_upstream', 'no node has been reached');
    switch (origin.kind) {
      case 'head':
        return { position: after(head) };
      case 'block':
        return this.#fromBlock(origin.number, matcher, patience);
      case 'cursor': {
        const { chainId, position } = origin.cursor;
        if (chainId !== this.#deps.chainId()) return refuse('invalid_params', 'the cursor is of another chain');
        return this.#fromPosition(position, matcher, patience);
      }
      default:
        return origin satisfies never;
    }
  }

  async #fromBlock(number: number, matcher: Matcher | undefined, patience: Patience): Promise<Beginning> {
    if (!(await this.#reached(number - 1, patience))) {
      return refuse('not_yet', `block ${number} is ahead of every node`);
    }
    const latest = this.#deps.chain.view.head?.latest;
    if (latest !== undefined && number > latest.number) return { position: after(latest) };
    const far = this.#tooFar(number);
    if (far !== undefined) return far;
    const block = await this.#patiently(() => this.#deps.history.at(number), patience);
    if (block === 'failed') return refuse('no_upstream', `no node can tell block ${number} now`);
    if (typeof block === 'string') return this.#lost(number, `no node has block ${number}`);
    return this.#fromPosition(before(block), matcher, patience);
  }

  async #fromPosition(position: Position, matcher: Matcher | undefined, patience: Patience): Promise<Beginning> {
    const { ways, history, footing } = this.#deps;
    // Where this gateway lags behind the one that gave the cursor, what it holds must not look undone.
    if (!(await this.#reached(position.number, patience))) {
      return refuse('not_yet', `block ${position.number} of the cursor is ahead of every node`);
    }
    const far = this.#tooFar(position.number + 1);
    if (far !== undefined) return far;
    const reach = async (): Promise<Reached> => (ways.from(position) === undefined ? history.reach(position) : 'known');
    const reached = await this.#patiently(reach, patience);
    if (reached === 'failed')
      return refuse('no_upstream', `no node can tell the way from block ${position.number} now`);
    if (reached === 'gone') {
      return this.#lost(await footing.firstDoubtful(position), `no node has block ${position.number} of the cursor`);
    }
    if (matcher === undefined) return { position };
    const steps = ways.from(position) ?? [];
    const unready = await this.#unready(steps, matcher, patience);
    if (unready === undefined) return { position };
    const { number, missing } = unready;
    if (!missing) return refuse('no_upstream', `no node can tell the logs of block ${number} now`);
    const from = steps[0]?.kind === 'undo' ? await footing.firstDoubtful(position) : number;
    return this.#lost(from, `no node has the logs of block ${number}`);
  }

  /**
   * A block whose logs cannot be had, of those to be taken back and the first to be delivered; `missing` if nodes say that
   * they do not have them, and else nobody could be asked in time.
   */
  async #unready(
    steps: readonly Step[],
    matcher: Matcher,
    patience: Patience,
  ): Promise<{ readonly number: number; readonly missing: boolean } | undefined> {
    const { store, clock } = this.#deps;
    let missing = 0;
    const wanted = (ms: number): boolean => {
      missing = ms;
      return clock.now() < patience.deadline && !patience.cancellation.cancelled;
    };
    for (const { kind, header } of steps) {
      if (!store.mayMatch(header, matcher)) continue;
      missing = 0;
      if ((await store.logsOf(header, matcher, wanted)) === undefined)
        return { number: header.number, missing: missing > 0 };
      if (kind === 'apply') break;
    }
    return undefined;
  }

  /** A block may be known to the replica that gave the cursor, and come here in a moment. */
  #reached(number: number, { deadline, cancellation }: Patience): Promise<boolean> {
    const { chain, clock } = this.#deps;
    const until = clock.now() + (deadline - clock.now()) * AHEAD;
    return chain.waitFor(({ head }) => (head?.latest.number ?? -1) >= number, until, cancellation);
  }

  #tooFar(number: number): Beginning | undefined {
    const { replay } = this.#options;
    const first = this.#first();
    if (number >= first) return undefined;
    return refuse('cursor_lost', `more than ${replay} blocks would have to be replayed`, { safeFrom: hex(first) });
  }

  /** The oldest block with which a replay may begin. */
  #first(): number {
    return Math.max(0, (this.#deps.chain.view.head?.latest.number ?? 0) - this.#options.replay + 1);
  }

  /** `from`: where to begin instead; undefined where that cannot be told, so that all that may be replayed has to be. */
  #lost(from: number | undefined, message: string): Beginning {
    return refuse('cursor_lost', message, { safeFrom: hex(Math.max(this.#first(), from ?? 0)) });
  }

  async #patiently<Found>(
    ask: () => Promise<Found | 'failed'>,
    { deadline, cancellation }: Patience,
  ): Promise<Found | 'failed'> {
    const { clock } = this.#deps;
    for (;;) {
      const found = await ask();
      if (found !== 'failed' || clock.now() + PAUSE >= deadline || cancellation.cancelled) return found;
      await pause(clock, PAUSE, cancellation);
    }
  }
}
