import type { Episode } from './fault-lanes.ts';
import type { Finished, Judgement } from './oracle.ts';
import { requestOf } from './questions.ts';

type Bad = Exclude<Judgement, { kind: 'right' }>;

/** A call that should not have ended as it did. */
export interface Offence {
  readonly call: Finished;
  readonly judgement: Bad;
  readonly faults: readonly Episode[];
}

/** Counts of one run. */
export interface Figures {
  readonly calls: number;
  readonly failed: number;
  readonly wrong: number;
  readonly backwards: number;
  /** Transfers that were accepted and never mined. */
  readonly lost: number;
  /** Ms. */
  readonly p50: number;
  readonly p99: number;
  /** Of the block that an answer was true at: ms since it was the newest one, when the call began. */
  readonly staleP99: number;
  readonly stalest: number;
}

const OFFENCES = 50;
const SLOWEST = 50;

/** Counts judgements, and keeps the first offences in full. */
export class Tally {
  readonly offences: Offence[] = [];
  /** The calls that took longest, the longest first. */
  readonly slowest: Finished[] = [];
  readonly #latencies: number[] = [];
  readonly #staleness: number[] = [];
  readonly #counts = { right: 0, failed: 0, wrong: 0, backwards: 0 };
  #lost = 0;

  add(call: Finished, judgement: Judgement, faults: () => readonly Episode[]): void {
    this.#latencies.push(tookMs(call));
    if (this.slowest.length < SLOWEST || tookMs(call) > tookMs(this.slowest.at(-1) ?? call)) {
      this.slowest.push(call);
      this.slowest.sort((a, b) => tookMs(b) - tookMs(a)).splice(SLOWEST);
    }
    this.#counts[judgement.kind] += 1;
    if (judgement.kind === 'right') this.#staleness.push(judgement.staleMs);
    else if (this.offences.length < OFFENCES) this.offences.push({ call, judgement, faults: faults() });
  }

  addLost(): void {
    this.#lost += 1;
  }

  get figures(): Figures {
    const { right, failed, wrong, backwards } = this.#counts;
    const latencies = this.#latencies.toSorted((a, b) => a - b);
    const staleness = this.#staleness.toSorted((a, b) => a - b);
    return {
      calls: right + failed + wrong + backwards,
      failed,
      wrong,
      backwards,
      lost: this.#lost,
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
      staleP99: quantile(staleness, 0.99),
      stalest: staleness.at(-1) ?? 0,
    };
  }
}

const tookMs = ({ startedAt, endedAt }: Finished): number => endedAt - startedAt;

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

/** An offence in words, with everything that is known of it. Times are ms since the run began. */
export const describe = ({ call, judgement, faults }: Offence): string => {
  const { block, seen } = call;
  return [
    `${judgement.kind}: ${describeCall(call)}`,
    `    block ${block ?? 'not told'}, seen ${seen.height} at ${seen.at.toFixed(0)}`,
    `    ${judgement.why}`,
    ...faults.map(describeFault),
  ].join('\n');
};

/** What befell which node, and when. */
export const describeFault = ({ fault, from, until }: Episode): string => {
  const end = Number.isFinite(until) ? until.toFixed(0) : 'now';
  return `    fault ${fault.kind} (${fault.amount}) at node-${fault.node + 1}, ${from.toFixed(0)} to ${end}`;
};

/** When it was asked, and what. */
export const describeCall = ({ questions, startedAt, endedAt }: Finished): string => {
  const asked = questions.map((question) => {
    const { method, params } = requestOf(question);
    return `\n    ${method} ${JSON.stringify(params)}`;
  });
  return `from ${startedAt.toFixed(0)} to ${endedAt.toFixed(0)}${asked.join('')}`;
};
