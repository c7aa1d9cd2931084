import type { Call } from '../core/call.ts';
import type { Outcome } from '../core/outcome.ts';
import { type Reply, type Source, type Sparing, sparedBy } from '../core/reply.ts';
import { methodSpec } from '../ethereum/methods.ts';
import { CALL_SECONDS, HEAD_DELAY_SECONDS, Histogram, REORG_BLOCKS } from './histogram.ts';
import { Tally } from './tally.ts';

/** Methods outside the table share one series, so that invented names cost no memory. */
const OTHER = 'other';

/** Distinct outcomes of a call or an attempt; the reason words and failure classes are about thirty. */
const OUTCOMES = 64;
/** Types of subscription. */
const STREAM_TYPES = 16;
/** Methods with series of their own; the method table is shorter. */
const METHODS = 400;

/** Clients' calls of one method on one chain. */
export class MethodCounts {
  readonly outcomes: Readonly<Record<Call['transport'], Tally>> = {
    http: new Tally(OUTCOMES),
    ws: new Tally(OUTCOMES),
    internal: new Tally(OUTCOMES),
  };
  readonly sources: Record<Source, number> = { hit: 0, miss: 0, coalesced: 0, local: 0, bypass: 0 };
  /** Answers for which no node had to be asked. */
  saved = 0;
  /** What these would have cost, in units of the method table. */
  readonly unitsSaved: Record<Sparing, number> = { hit: 0, coalesced: 0, local: 0 };
  readonly duration = new Histogram(CALL_SECONDS);

  ended(call: Call, reply: Reply, durationMs: number): void {
    const { source } = reply.info;
    this.outcomes[call.transport].add(reply.ok ? 'ok' : (reply.reason ?? 'error'));
    this.sources[source] += 1;
    const spared = sparedBy(reply);
    if (spared !== undefined) {
      this.saved += 1;
      this.unitsSaved[spared] += call.spec.units;
    }
    this.duration.observe(durationMs / 1000);
  }
}

/** Attempts at one upstream. */
export class UpstreamCounts {
  readonly methods = new Map<string, Tally>();
  readonly duration = new Histogram(CALL_SECONDS);
  /** Answers that others' agreement showed to be false, by method. */
  readonly dissents = new Tally(METHODS);
  /** What it sent and nobody waited for, by kind. */
  readonly strays = new Tally(OUTCOMES);
  probes = 0;
  /** What attempts and probes cost, in units of the method table. */
  units = 0;
  /** Errors in words that the table of wordings does not have. */
  unknownWordings = 0;

  ended(method: string, outcome: Outcome): void {
    const tally = this.methods.get(method) ?? this.#method(method);
    tally.add(outcome.kind === 'failed' ? outcome.failure : outcome.kind);
    if (outcome.kind === 'failed' && outcome.unknownWording) this.unknownWordings += 1;
    if (outcome.kind !== 'cancelled') this.duration.observe(outcome.latencyMs / 1000);
    if (outcome.kind !== 'failed' || !outcome.unsent) this.units += methodSpec(method).units;
  }

  /** Probes are plain reads. */
  probed(items: number): void {
    this.probes += items;
    this.units += items;
  }

  #method(name: string): Tally {
    const key = this.methods.size < METHODS ? name : OTHER;
    const tally = this.methods.get(key) ?? new Tally(OUTCOMES);
    this.methods.set(key, tally);
    return tally;
  }
}

/** Everything counted on one chain. */
export class ChainCounts {
  readonly methods = new Map<string, MethodCounts>();
  readonly upstreams = new Map<string, UpstreamCounts>();
  readonly retries = new Tally(OUTCOMES);
  readonly hedges = new Tally(OUTCOMES);
  /** Events of subscriptions, by type. */
  readonly streamed = {
    event: new Tally(STREAM_TYPES),
    replayed: new Tally(STREAM_TYPES),
    duplicate: new Tally(STREAM_TYPES),
  };
  readonly recoveries = new Tally(OUTCOMES);
  readonly reorgDepth = new Histogram(REORG_BLOCKS);
  readonly headDelay = new Histogram(HEAD_DELAY_SECONDS);
  reorgs = 0;
  rewinds = 0;

  method(call: Call): MethodCounts {
    const name = call.spec.known ? call.method : OTHER;
    let counts = this.methods.get(name);
    if (counts === undefined) {
      counts = new MethodCounts();
      this.methods.set(name, counts);
    }
    return counts;
  }

  headMoved(depth: number, delayMs: number): void {
    this.headDelay.observe(delayMs / 1000);
    if (depth === 0) return;
    this.reorgs += 1;
    this.reorgDepth.observe(depth);
  }
}
