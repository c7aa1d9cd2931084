import type { Chronicle } from '../soak/chronicle.ts';
import type { Line } from '../soak/line.ts';
import { type Finished, judge } from '../soak/oracle.ts';
import { heightToldBy, transactionsToldBy } from '../soak/questions.ts';
import { seeded } from '../soak/random.ts';
import type { Inquiry, Mix } from './mixes.ts';

/** What came of a crowd's calls. */
export interface Outcome {
  readonly calls: number;
  /** Calls by what `x-headgate-cache` said. */
  readonly sources: ReadonlyMap<string, number>;
  readonly failed: number;
  readonly wrong: number;
  /** The first few of both, in words. */
  readonly faults: readonly string[];
}

export interface CrowdDeps {
  readonly chronicle: Chronicle;
  /** Notes what the truth is at this moment, and tells the moment in ms. */
  readonly now: () => number;
}

export interface CrowdOptions {
  readonly clients: number;
  /** Ms between two calls of a client, on average. */
  readonly pause: number;
  readonly mix: Mix;
  readonly seed: number;
}

/** For so long, in ms, after a block the pool may still tell of the one before. */
const GRACE = 3000;
const FAULTS = 5;
const TICKS = 40;

/** Has clients ask until `over`, each on the next of the lines, and compares every answer with the truth. */
export const crowd = async (
  { clients, pause, mix, seed }: CrowdOptions,
  lines: readonly Line[],
  over: Promise<unknown>,
  deps: CrowdDeps,
): Promise<Outcome> => {
  const sources = new Map<string, number>();
  const outcome = { calls: 0, sources, failed: 0, wrong: 0, faults: [] as string[] };
  let ended = false;
  const ending = over.then(() => {
    ended = true;
  });
  const client = async (index: number): Promise<void> => {
    const random = seeded(seed * 1000 + index);
    const line = lines[index % lines.length];
    const wallet = new Wallet(random, mix);
    await new Promise((resolve) => setTimeout(resolve, random() * pause));
    while (!ended && line !== undefined) {
      const { verdict, source } = await wallet.ask(line, deps);
      outcome.calls += 1;
      sources.set(source, (sources.get(source) ?? 0) + 1);
      if (verdict !== undefined) {
        outcome[verdict.kind] += 1;
        if (outcome.faults.length < FAULTS) outcome.faults.push(`${verdict.kind}: ${verdict.why}`);
      }
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + random())));
    }
  };
  await Promise.all([ending, ...Array.from({ length: clients }, (_, index) => client(index))]);
  return outcome;
};

interface Verdict {
  readonly kind: 'failed' | 'wrong';
  readonly why: string;
}

/** One client, with what it was told so far. */
class Wallet {
  readonly #random: () => number;
  readonly #mix: Mix;
  #seen = { height: 0, at: 0 };
  #ticks: readonly string[] = [];

  constructor(random: () => number, mix: Mix) {
    this.#random = random;
    this.#mix = mix;
  }

  async ask(
    line: Line,
    { chronicle, now }: CrowdDeps,
  ): Promise<{ readonly verdict: Verdict | undefined; readonly source: string }> {
    const seen = this.#seen;
    const inquiry = this.#mix(this.#random, { height: seen.height, ticks: this.#ticks });
    const { method, params, question } = inquiry;
    const startedAt = now();
    const told = await line.ask({ jsonrpc: '2.0', id: 1, method, params }).then(read, (error: unknown) => ({
      result: undefined,
      failure: String(error),
      source: undefined,
      block: undefined,
    }));
    const endedAt = now();
    const source = typeof told.source === 'string' ? told.source : 'none';
    if (question === undefined || told.failure !== undefined) return { verdict: failed(inquiry, told.failure), source };
    const call: Finished = {
      questions: [question],
      results: [told.result],
      failure: undefined,
      startedAt,
      endedAt,
      block: told.block,
      seen,
    };
    const judgement = judge(call, chronicle, { grace: GRACE });
    if (judgement.kind !== 'right') {
      return { verdict: { kind: 'wrong', why: `${JSON.stringify(params)}: ${judgement.why}` }, source };
    }
    const height = heightToldBy(question, told.result);
    if (height !== undefined && height > seen.height) this.#seen = { height, at: endedAt };
    this.#ticks = [...this.#ticks, ...transactionsToldBy(question, told.result)].slice(-TICKS);
    return { verdict: undefined, source };
  }
}

const failed = ({ method }: Inquiry, failure: string | undefined): Verdict | undefined =>
  failure === undefined ? undefined : { kind: 'failed', why: `${method}: ${failure}` };

const read = ({ json, headers }: Awaited<ReturnType<Line['ask']>>) => {
  const { result, error } = json as { readonly result?: unknown; readonly error?: unknown };
  const block = headers['x-headgate-block'];
  return {
    result,
    failure: error === undefined ? undefined : JSON.stringify(error),
    source: headers['x-headgate-cache'],
    block: block === undefined ? undefined : Number(block),
  };
};
