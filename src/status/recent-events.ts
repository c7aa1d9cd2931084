import type { Call } from '../core/call.ts';
import type { Observer } from '../core/observer.ts';
import type { Outcome } from '../core/outcome.ts';
import { type Reply, type Sparing, sparedBy } from '../core/reply.ts';
import { methodSpec } from '../ethereum/methods.ts';
import { statusOf } from '../jsonrpc/errors.ts';
import { BoundedMap } from '../lib/bounded-map.ts';
import type { Clock } from '../lib/clock.ts';
import { cutText } from '../lib/cut-text.ts';
import { Ring } from './ring.ts';
import { UnknownErrors } from './unknown-errors.ts';

/** Something that an operator wants to have seen: an upstream's new state, or a change of the published branch. */
export interface StatusEvent {
  /** ISO time. */
  readonly at: string;
  readonly kind: 'state' | 'reorg' | 'rewind';
  /** Null where the chain as a whole is meant. */
  readonly upstream: string | null;
  /** States, for `kind: state`. */
  readonly from: string | null;
  readonly to: string | null;
  /** The reason in words. */
  readonly text: string;
}

export interface RecentBlock {
  readonly number: number;
  readonly hash: string;
  /** ISO time of its publication. */
  readonly at: string;
  /** Ms from its first sighting to its publication. */
  readonly delayMs: number;
  /** A reorganisation took it off the chain again. */
  readonly undone: boolean;
}

export interface RemarkableCall {
  /** ISO time. */
  readonly at: string;
  readonly method: string;
  /** `ok`, `error` (the node's own), or the gateway's reason word. */
  readonly outcome: string;
  readonly ms: number;
  readonly attempts: number;
  readonly upstream: string | null;
}

/** Counted since the start of the process. */
export interface Traffic {
  readonly calls: number;
  /** Answered without asking a node. */
  readonly saved: number;
  /** The same by how: kept before, shared with a call under way, or known here. */
  readonly savedBy: Readonly<Record<Sparing, number>>;
  /** What those would have cost, in units of a plain read. */
  readonly unitsSaved: number;
  /** Not answered, for want of a node that could. */
  readonly failed: number;
}

const EVENTS = 50;
const BLOCKS = 60;
const CALLS = 20;
/** Upstreams whose attempts are counted; beyond, the one heard of first is forgotten. */
const UPSTREAMS = 1000;
/** Ms from which a call is remarkable. */
const SLOW = 1000;
/** Characters of somebody else's text. */
const LONGEST = 300;

/** What was asked of one upstream since the start of the process. */
export interface Effort {
  attempts: number;
  /** The gateway's own questions, counted by item. */
  probes: number;
  /** What both have cost, in units of a plain read. */
  units: number;
}

/** What happened of late on one chain. */
export class RecentChain {
  readonly events = new Ring<StatusEvent>(EVENTS);
  readonly blocks = new Ring<RecentBlock>(BLOCKS);
  readonly calls = new Ring<RemarkableCall>(CALLS);
  readonly unknownErrors = new UnknownErrors();
  readonly traffic = { calls: 0, saved: 0, failed: 0, savedBy: { hit: 0, coalesced: 0, local: 0 }, unitsSaved: 0 };
  readonly effort = new BoundedMap<string, Effort>(UPSTREAMS);
}

/** Remembers, within fixed bounds, what the status page shows of the last while. */
export class RecentEvents implements Observer {
  readonly #clock: Clock;
  readonly #chains = new Map<string, RecentChain>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Empty for a chain of which nothing was heard. */
  of(chain: string): RecentChain {
    let recent = this.#chains.get(chain);
    if (recent === undefined) {
      recent = new RecentChain();
      this.#chains.set(chain, recent);
    }
    return recent;
  }

  /** Forgets the chains that are not among these. */
  keep(chains: readonly string[]): void {
    for (const name of this.#chains.keys()) if (!chains.includes(name)) this.#chains.delete(name);
  }

  callEnded(call: Call, reply: Reply, durationMs: number): void {
    const recent = this.of(call.chain);
    const { attempts, upstream = null } = reply.info;
    const failed = !reply.ok && reply.reason !== undefined && statusOf(reply.reason) >= 500;
    recent.traffic.calls += 1;
    if (failed) recent.traffic.failed += 1;
    else spare(recent, call, reply);
    if (!failed && attempts <= 1 && durationMs < SLOW) return;
    const outcome = reply.ok ? 'ok' : (reply.reason ?? 'error');
    recent.calls.push({
      at: this.#now(),
      method: short(call.method),
      outcome,
      ms: Math.round(durationMs),
      attempts,
      upstream,
    });
  }

  attemptEnded(chain: string, upstream: string, method: string, outcome: Outcome): void {
    const { unknownErrors } = this.of(chain);
    if (outcome.kind === 'failed' && outcome.unknownWording) {
      const { code, message } = outcome.error ?? { code: 0, message: outcome.message };
      unknownErrors.add({ at: this.#now(), upstream, method, code, text: short(message) });
    }
    if (outcome.kind === 'failed' && outcome.unsent) return;
    const effort = this.#effort(chain, upstream);
    effort.attempts += 1;
    effort.units += methodSpec(method).units;
  }

  probed(chain: string, upstream: string, items: number): void {
    const effort = this.#effort(chain, upstream);
    effort.probes += items;
    effort.units += items;
  }

  stateChanged(chain: string, upstream: string, from: string, to: string, reason: string): void {
    this.of(chain).events.push({ at: this.#now(), kind: 'state', upstream, from, to, text: short(reason) });
  }

  headMoved(chain: string, number: number, hash: string, depth: number, delayMs: number): void {
    const { blocks, events } = this.of(chain);
    const at = this.#now();
    if (depth > 0) {
      const top = blocks.items.findLast(({ undone }) => !undone)?.number ?? number;
      blocks.map((block) => (block.number > top - depth ? { ...block, undone: true } : block));
      const text = `${blocksIn(depth)} undone; the head is now ${number}`;
      events.push({ at, kind: 'reorg', upstream: null, from: null, to: null, text });
    }
    blocks.push({ number, hash, at, delayMs: Math.round(delayMs), undone: false });
  }

  headRewound(chain: string, from: number, to: number): void {
    const { blocks, events } = this.of(chain);
    blocks.map((block) => (block.number > to ? { ...block, undone: true } : block));
    const text = `the head was lowered from ${from} to ${to}: every node that had more is gone`;
    events.push({ at: this.#now(), kind: 'rewind', upstream: null, from: null, to: null, text });
  }

  rejected(): void {}
  retried(): void {}
  hedged(): void {}
  dissented(): void {}
  strayed(): void {}
  identified(): void {}
  streamed(): void {}
  recovered(): void {}
  noted(): void {}

  #effort(chain: string, upstream: string): Effort {
    const { effort } = this.of(chain);
    const known = effort.get(upstream);
    if (known !== undefined) return known;
    const fresh = { attempts: 0, probes: 0, units: 0 };
    effort.set(upstream, fresh);
    return fresh;
  }

  #now(): string {
    return new Date(this.#clock.wall()).toISOString();
  }
}

const spare = ({ traffic }: RecentChain, call: Call, reply: Reply): void => {
  const way = sparedBy(reply);
  if (way === undefined) return;
  traffic.saved += 1;
  traffic.savedBy[way] += 1;
  traffic.unitsSaved += call.spec.units;
};

const short = (text: string): string => cutText(text, LONGEST);

const blocksIn = (count: number): string => (count === 1 ? '1 block' : `${count} blocks`);
