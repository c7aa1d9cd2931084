import type { BlockId } from '../core/call.ts';
import { type Cost, costOf, free, type Reply } from '../core/reply.ts';
import { readLogs, readLogsOfReceipts } from '../ethereum/answered-logs.ts';
import type { Header } from '../head/header.ts';
import { Backoff, type BackoffOptions } from '../lib/backoff.ts';
import { Cancellation } from '../lib/cancellation.ts';
import type { Clock } from '../lib/clock.ts';
import { pause } from '../lib/pause.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import type { Ask } from './ask.ts';
import { Askers, type Wanted } from './askers.ts';
import { BlockFacts } from './block-facts.ts';
import { BlockLogs } from './block-logs.ts';
import { judgeLogs } from './log-answer.ts';
import type { Matcher } from './matcher.ts';
import { RecentLogs, type RecentLogsOptions } from './recent-logs.ts';
import type { Chain } from './chain.ts';
import type { Report } from './report.ts';
import { Witnesses } from './witnesses.ts';

/** How blocks' logs are fetched and kept; times in ms. */
export interface LogStoreOptions {
  /** For blocks within the window, which a reorganisation may take back. */
  readonly kept: RecentLogsOptions;
  /** For older ones, which pass by those who read history. */
  readonly passing: RecentLogsOptions;
  readonly retry: BackoffOptions;
  /** Blocks fetched at once. */
  readonly parallel: number;
  /** How long logs have to stand which the bloom cannot prove and only one source tells. */
  readonly patienceMs: number;
  /** How long a block that one node has told of waits for another to tell it alike, which spares asking for its logs. */
  readonly tellersMs: number;
}

export interface LogStoreDeps {
  readonly chain: Chain;
  readonly ask: Ask;
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: Report;
}

/** Logs of a block, and what it took to have them. */
export interface FoundBlockLogs {
  readonly logs: BlockLogs;
  readonly cost: Cost;
}

interface Fetch {
  readonly found: Promise<FoundBlockLogs | undefined>;
  readonly askers: Askers;
}

/**
 * How a block's logs are asked for, in turn: where logs are capped or not indexed yet, the receipts may be had; and old
 * nodes know neither logs by hash nor receipts of a block.
 */
const WAYS = ['hash', 'receipts', 'height'] as const;
type Way = (typeof WAYS)[number];

/** Ms between two looks whether a header is believed. */
const LOOK = 10;

/** Roughly what a log takes in memory beyond its text as it came. */
const MEMORY_FACTOR = 3;

/**
 * The logs of blocks: complete and verified, or not at all. Each block is fetched once for everybody, by its hash, and
 * again until a true answer comes, for as long as somebody wants it: that a node says `[]` for a moment is normal.
 */
export class LogStore {
  readonly #options: LogStoreOptions;
  readonly #deps: LogStoreDeps;
  readonly #facts: BlockFacts;
  readonly #recent: RecentLogs;
  readonly #passing: RecentLogs;
  readonly #fetches = new Map<string, Fetch>();
  readonly #queue: (() => void)[] = [];
  readonly #closed = new Cancellation();
  #running = 0;

  constructor(options: LogStoreOptions, deps: LogStoreDeps) {
    this.#options = options;
    this.#deps = deps;
    const { chain } = deps;
    this.#facts = new BlockFacts((header) =>
      chain.believes(header.hash) === false ? undefined : (chain.tree.get(header.hash) ?? header),
    );
    this.#recent = new RecentLogs(options.kept);
    this.#passing = new RecentLogs(options.passing);
  }

  /** False if the header shows that the block has nothing for this query, so that nothing need be fetched. */
  mayMatch(header: Header, matcher: Matcher): boolean {
    return this.#facts.mayMatch(header, matcher);
  }

  /** The logs, where they were fetched. */
  fetched({ hash }: Header): BlockLogs | undefined {
    return this.#recent.get(hash) ?? this.#passing.get(hash);
  }

  /** The logs, where they are at hand. */
  get(header: Header): BlockLogs | undefined {
    const known = this.fetched(header);
    return known ?? (this.#facts.mayHaveLogs(header) ? undefined : new BlockLogs(header, [], 0));
  }

  /**
   * The logs as soon as they are known, or none as soon as the header shows that the matcher has none there. Undefined once
   * nobody wants them any more, as each asker's `wanted` says.
   */
  async logsOf(header: Header, matcher: Matcher, wanted: Wanted): Promise<BlockLogs | undefined> {
    return (await this.find(header, matcher, wanted))?.logs;
  }

  /** The same, with what it took: whoever joins a fetch is told that he shares it. */
  async find(header: Header, matcher: Matcher, wanted: Wanted): Promise<FoundBlockLogs | undefined> {
    const known = this.get(header);
    if (known !== undefined) return { logs: known, cost: free };
    const found = await this.#join(header, (missing) => this.mayMatch(header, matcher) && wanted(missing));
    if (found !== undefined || this.mayMatch(header, matcher)) return found;
    return { logs: new BlockLogs(header, [], 0), cost: free };
  }

  close(): void {
    this.#closed.cancel();
    for (const start of this.#queue.splice(0)) start();
  }

  async #join(header: Header, wanted: Wanted): Promise<FoundBlockLogs | undefined> {
    const fetch = this.#fetches.get(header.hash);
    if (fetch !== undefined) {
      fetch.askers.add(wanted);
      const shared = await fetch.found;
      return shared && { ...shared, cost: { ...shared.cost, source: 'coalesced' } };
    }
    const askers = new Askers(wanted);
    const found = this.#fetch(header, askers);
    this.#fetches.set(header.hash, { found, askers });
    void found.then(() => this.#fetches.delete(header.hash));
    return found;
  }

  async #fetch(header: Header, askers: Askers): Promise<FoundBlockLogs | undefined> {
    const { clock, random } = this.#deps;
    await this.#turn(header);
    await this.#hearOthers(header);
    const backoff = new Backoff(this.#options.retry, random);
    const witnesses = new Witnesses(this.#options.patienceMs);
    const costs: Cost[] = [];
    let found: BlockLogs | undefined;
    let told: 'missing' | 'failed' = 'failed';
    let round = 0;
    let since = clock.now();
    for (; found === undefined && !this.#closed.cancelled && askers.any; round += 1) {
      if (round > 0) await pause(clock, backoff.next(), this.#closed);
      const answer = await this.#ask(header, WAYS[round % WAYS.length] ?? 'hash', witnesses, costs);
      if (answer instanceof BlockLogs) found = answer;
      else told = answer ?? told;
      // Time in which nobody could be asked, as in the queue, says nothing about who has them.
      if (told === 'missing') askers.missing += clock.now() - since;
      since = clock.now();
    }
    if (found !== undefined && round > 1) this.#deps.report.recovered('logs_retried');
    this.#running -= 1;
    this.#queue.shift()?.();
    const within = this.#deps.chain.tree.get(header.hash) !== undefined;
    if (found === undefined) return undefined;
    (within ? this.#recent : this.#passing).add(found);
    return { logs: found, cost: { ...costOf(costs), source: 'miss' } };
  }

  /** `missing`: somebody was heard, who does not have them (yet). Undefined where there is nothing to ask. */
  async #ask(
    header: Header,
    way: Way,
    witnesses: Witnesses,
    costs: Cost[],
  ): Promise<BlockLogs | 'missing' | 'failed' | undefined> {
    const { ask, chain } = this.#deps;
    const pin = onBranch(chain, header);
    // At its height there is another block now.
    if (way === 'height' && pin === undefined) return undefined;
    const receipts = way === 'receipts';
    const found: { logs: BlockLogs | undefined; heard: boolean } = { logs: undefined, heard: false };
    const accept = (result: RawJson, source: string): boolean => {
      const block = { hash: header.hash, bloom: this.#facts.bloom(header) };
      found.heard = true;
      const judged = judgeLogs(receipts ? readLogsOfReceipts(result) : readLogs(result), block, this.#facts.trusted);
      if (judged.kind === 'false') return false;
      // Nothing in it says which block it is of.
      if (way === 'height' && judged.logs.length === 0) return false;
      const proven = judged.kind === 'proven';
      if (!proven && !witnesses.hear(judged.logs, source, receipts, this.#deps.clock.now())) return false;
      if (!proven && judged.exceeds) this.#facts.distrust();
      found.logs = new BlockLogs(header, judged.logs, MEMORY_FACTOR * result.length);
      return true;
    };
    const reply: Reply = await ask({
      method: receipts ? 'eth_getBlockReceipts' : 'eth_getLogs',
      params: paramsOf(way, header),
      // A pin would be written into the call, as a hash.
      ...(way === 'height' ? { minBlock: header.number } : { pin }),
      accept,
    });
    costs.push(reply.info);
    if (reply.ok) return found.logs ?? 'missing';
    return found.heard || reply.raw !== undefined || reply.reason === 'not_yet' ? 'missing' : 'failed';
  }

  /** Nodes tell of a block at nearly the same time; until two have, its header shows nothing. */
  async #hearOthers({ hash }: Header): Promise<void> {
    const { chain, clock } = this.#deps;
    const until = (chain.tree.sightedAt(hash) ?? Number.NEGATIVE_INFINITY) + this.#options.tellersMs;
    while (!this.#closed.cancelled && clock.now() < until && chain.believes(hash) === false) {
      await pause(clock, LOOK, this.#closed);
    }
  }

  /** What happens now never waits for those who read history. */
  async #turn({ hash }: Header): Promise<void> {
    this.#running += 1;
    if (this.#running <= this.#options.parallel || this.#deps.chain.tree.get(hash) !== undefined) return;
    await new Promise<void>((resolve) => this.#queue.push(resolve));
  }
}

const paramsOf = (way: Way, { number, hash }: Header): readonly unknown[] => {
  if (way === 'receipts') return [hash];
  if (way === 'hash') return [{ blockHash: hash }];
  const height = `0x${number.toString(16)}`;
  return [{ fromBlock: height, toBlock: height }];
};

/** Nodes on the published branch are asked for its blocks; for others, whoever has them. */
const onBranch = ({ view }: Chain, { number, hash }: Header): BlockId | undefined =>
  view.numberOf(hash) === undefined ? undefined : { number, hash };
