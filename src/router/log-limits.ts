import type { Call } from '../core/call.ts';
import type { Outcome } from '../core/outcome.ts';
import { locate } from '../ethereum/block-ref.ts';
import { type LogsLimit, logsLimit } from '../ethereum/log-limits.ts';
import { type BlockRange, type LogFilter, parseLogFilter } from '../ethereum/logs.ts';
import { elementOf } from '../jsonrpc/params.ts';
import type { Clock } from '../lib/clock.ts';

/** How long a refusal is remembered, in ms: a node's owner may allow more, a plan may be paid. */
const MEMORY = 10 * 60_000;

/** What of a log query nodes set limits to. */
export interface LogsSize {
  readonly range: BlockRange;
  readonly filter: LogFilter;
  readonly blocks: number;
  readonly addresses: number;
}

/** Undefined for a call that is no query over a range, or that only a node can make sense of. */
export const sizeOf = ({ method, spec, params }: Call): LogsSize | undefined => {
  if (method !== 'eth_getLogs' || spec.block.kind !== 'logs') return undefined;
  const ref = locate(spec, params);
  if (ref.kind !== 'logs' || ref.from?.kind !== 'number' || ref.to?.kind !== 'number') return undefined;
  const filter = parseLogFilter(elementOf(params, spec.block.index));
  if ('invalid' in filter) return undefined;
  const range = { from: ref.from.number, to: ref.to.number };
  return { range, filter, blocks: range.to - range.from + 1, addresses: filter.addresses?.size ?? 0 };
};

/** What a node said of the size of a log query, if its answer was that, and if there is anything to cut. */
export const sizeRefusal = (call: Call, outcome: Outcome): LogsLimit | undefined => {
  if (call.method !== 'eth_getLogs' || outcome.kind !== 'failed' || outcome.failure !== 'unclassified')
    return undefined;
  const limit = outcome.error && logsLimit(outcome.error);
  // Such words are about topics too, of which nothing can be cut: fewer blocks would not help.
  const aboutTopics = limit?.maxAddresses !== undefined && (sizeOf(call)?.addresses ?? 0) < 2;
  return aboutTopics ? undefined : limit;
};

interface Most {
  readonly count: number;
  readonly until: number;
}

interface Allowance {
  blocks?: Most;
  addresses?: Most;
}

/** What nodes allow at this moment; infinite where nobody ever refused. */
export interface Allowed {
  readonly blocks: number;
  readonly addresses: number;
}

/** What each upstream allows in a log query, as far as its refusals told; forgotten after a while. */
export class LogLimits {
  readonly #clock: Clock;
  readonly #known = new Map<string, Allowance>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** False while nobody has refused anything: then nobody has to find out how large a query is. */
  get any(): boolean {
    return this.#known.size > 0;
  }

  /**
   * The upstream refused a query of this size; where it said no number, half of that is taken for what it allows. That one
   * had too many results says nothing of the next.
   */
  refused(upstream: string, size: LogsSize, { maxRange, maxAddresses, tooMany }: LogsLimit): void {
    const allowance = this.#known.get(upstream) ?? {};
    this.#known.set(upstream, allowance);
    const most = (said: number | undefined, asked: number, known: Most | undefined): Most => ({
      count: Math.min(this.#valid(known), said !== undefined && said < asked ? said : Math.floor(asked / 2)),
      until: this.#clock.now() + MEMORY,
    });
    if (maxAddresses !== undefined) {
      if (size.addresses > 1)
        allowance.addresses = most(maxAddresses || undefined, size.addresses, allowance.addresses);
    } else if (size.blocks > 1 && ((maxRange !== undefined && maxRange < size.blocks) || tooMany !== true)) {
      allowance.blocks = most(maxRange, size.blocks, allowance.blocks);
    }
  }

  /** The widest range that the upstream is known to take; infinite where it never refused one. */
  blocks(upstream: string): number {
    return this.#valid(this.#known.get(upstream)?.blocks);
  }

  /** The most addresses that the upstream is known to take. */
  addresses(upstream: string): number {
    return this.#valid(this.#known.get(upstream)?.addresses);
  }

  /** Words if the upstream is known to refuse a query of this size. */
  refusal(upstream: string, { blocks, addresses }: LogsSize): string | undefined {
    if (blocks > this.blocks(upstream)) return `takes eth_getLogs over ${this.blocks(upstream)} blocks at most`;
    if (addresses > this.addresses(upstream)) {
      return `takes eth_getLogs with ${this.addresses(upstream)} addresses at most`;
    }
    return undefined;
  }

  /** What any of these upstreams takes. Of none, there is no limit to go by: whoever comes back may take anything. */
  most(upstreams: readonly string[]): Allowed {
    const all = upstreams.length === 0 ? [''] : upstreams;
    return {
      blocks: Math.max(...all.map((name) => this.blocks(name))),
      addresses: Math.max(...all.map((name) => this.addresses(name))),
    };
  }

  #valid(most: Most | undefined): number {
    return most !== undefined && most.until > this.#clock.now() ? most.count : Number.POSITIVE_INFINITY;
  }
}
