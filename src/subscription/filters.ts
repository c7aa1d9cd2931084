import type { Call } from '../core/call.ts';
import type { Handle } from '../core/layer.ts';
import { localReply, refuse, type Reply } from '../core/reply.ts';
import { methodSpec } from '../ethereum/methods.ts';

import type { Clock, Timer } from '../lib/clock.ts';
import type { Hub, Listening } from './hub.ts';
import type { PendingTransactions } from './pending-transactions.ts';
import type { Position } from './position.ts';
import { noRoom, type Opened, type Registry } from './registry.ts';
import type { ByteBudget } from '../lib/byte-budget.ts';
import type { Report } from './report.ts';
import { servable } from './servable.ts';
import { parseQuery } from './wish.ts';

export interface FiltersOptions {
  /** Ms after which a filter that nobody asks is forgotten. */
  readonly timeoutMs: number;
  readonly most: number;
  /** Events that one answer may hold; the next one goes on. */
  readonly batch: number;
}

export interface FiltersDeps {
  readonly hub: Hub;
  readonly registry: Registry;
  readonly budget: ByteBudget;
  readonly pending: PendingTransactions;
  /** Says whether a client may make a call, without making it. */
  readonly screen: Handle;
  readonly clock: Clock;
  readonly report: Report;
}

interface ChainFilter {
  readonly kind: 'chain';
  readonly listening: Listening;
  /** As the client wrote it; undefined for one of blocks. */
  readonly criteria: unknown;
  position: Position;
}

interface PendingFilter {
  readonly kind: 'pending';
  readonly feed: Opened;
  /** Hashes as JSON. */
  heard: Buffer[];
}

type Filter = (ChainFilter | PendingFilter) & { askedAt: number; turn: Promise<unknown>; readonly leave: () => void };

/** The filters of one chain. They belong to the gateway: any connection may ask one, and no node knows of it. */
export class Filters {
  readonly #options: FiltersOptions;
  readonly #deps: FiltersDeps;
  readonly #filters = new Map<string, Filter>();
  #timer: Timer | undefined;

  constructor(options: FiltersOptions, deps: FiltersDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  get size(): number {
    return this.#filters.size;
  }

  /** `eth_newFilter` and `eth_newBlockFilter`. */
  async create(call: Call): Promise<Reply> {
    const { hub } = this.#deps;
    const [criteria] = listOf(call);
    let listening: Listening = { kind: 'heads' };
    if (call.method === 'eth_newFilter') {
      if (criteria === undefined || criteria === null)
        return refuse('invalid_params', 'missing value for required argument 0');
      const query = parseQuery(criteria);
      if ('invalid' in query) return refuse('invalid_params', query.invalid);
      listening = { kind: 'logs', query, heads: false };
    }
    const known = call.head === undefined ? undefined : hub.behind(call.head.latest);
    const beginning = known === undefined ? await hub.begin({ kind: 'head' }, listening, call) : { position: known };
    if ('refusal' in beginning) return refuse(beginning.refusal.reason, beginning.refusal.message);
    hub.prepare(listening, beginning.position);
    return this.#add(call, { kind: 'chain', listening, criteria, position: beginning.position });
  }

  /** `eth_newPendingTransactionFilter`. */
  createPending(call: Call): Reply {
    const bodies = listOf(call)[0] === true;
    const heard: Buffer[] = [];
    const filter: PendingFilter = {
      kind: 'pending',
      heard,
      feed: this.#deps.pending.open(bodies, { onDrain: () => {} }, (result) => {
        filter.heard.push(result);
        if (filter.heard.length > this.#options.batch) filter.heard.shift();
        return true;
      }),
    };
    const reply = this.#add(call, filter);
    if (reply.ok) filter.feed.start();
    return reply;
  }

  /** `eth_getFilterChanges`: what is new since the last time. While it cannot be told, nothing is lost. */
  async changes(call: Call): Promise<Reply> {
    if (idIn(call) === undefined) return unnamed;
    const filter = this.#find(call);
    if (filter === undefined) return notFound;
    if (!servable(this.#deps.hub.chain.view)) return unserved;
    if (filter.kind === 'pending') {
      const { heard } = filter;
      filter.heard = [];
      return localReply(listed(heard));
    }
    const before = filter.turn;
    const answer = before.then(() => this.#collect(filter, call));
    filter.turn = answer;
    return answer;
  }

  /** `eth_getFilterLogs`: all that the filter matches, read like any other logs by way of `next`, by who may read those. */
  async logs(call: Call, next: Handle): Promise<Reply> {
    if (idIn(call) === undefined) return unnamed;
    const filter = this.#find(call);
    if (filter === undefined || filter.kind !== 'chain' || filter.listening.kind !== 'logs') return notFound;
    const params = Buffer.from(JSON.stringify([filter.criteria]));
    const read: Call = { ...call, method: 'eth_getLogs', spec: methodSpec('eth_getLogs'), params };
    const allowed = await this.#deps.screen(read);
    return allowed.ok ? next(read) : allowed;
  }

  /** `eth_uninstallFilter`. */
  uninstall(call: Call): Reply {
    const id = idIn(call);
    return id === undefined ? unnamed : localReply(Buffer.from(String(this.#remove(id))));
  }

  close(): void {
    this.#timer?.cancel();
    for (const id of this.#filters.keys()) this.#remove(id);
  }

  async #collect(filter: ChainFilter, call: Call): Promise<Reply> {
    const { hub } = this.#deps;
    const { listening, position } = filter;
    const collected = await hub.collect(listening, position, { ...call, most: this.#options.batch });
    if (collected.kind === 'lost') {
      for (const [id, one] of this.#filters) if (one === filter) this.#remove(id);
      return refuse('cursor_lost', 'a reorganisation took blocks away that no node has any more', {
        safeFrom: `0x${collected.safeFrom.toString(16)}`,
      });
    }
    if (collected.kind === 'late') {
      if (!servable(hub.chain.view)) return unserved;
      return refuse('upstreams_failed', 'no node has told what is new in time; the filter keeps its place');
    }
    filter.position = collected.position;
    for (const _ of collected.events) this.#deps.report.streamed('filter', 'event');
    const results =
      listening.kind === 'heads'
        ? collected.events.map((event) => Buffer.from(JSON.stringify(event.position.hash)))
        : collected.events.map(({ text }) => text);
    return localReply(listed(results), { block: collected.position.number });
  }

  #add(call: Call, filter: ChainFilter | PendingFilter): Reply {
    const { most } = this.#options;
    const { registry, budget, clock } = this.#deps;
    if (this.#filters.size >= most) return refuse('too_many_subscriptions', `there are ${most} filters already`);
    const leave = budget.keep(call.params.length);
    if (leave === undefined) return noRoom;
    const id = registry.newId();
    const kept = Object.assign(filter, { askedAt: clock.now(), turn: Promise.resolve(), leave });
    this.#filters.set(id, kept);
    this.#plan();
    return localReply(Buffer.from(JSON.stringify(id)));
  }

  #find(call: Call): Filter | undefined {
    const filter = this.#filters.get(idIn(call) ?? '');
    if (filter !== undefined) filter.askedAt = this.#deps.clock.now();
    return filter;
  }

  #remove(id: string): boolean {
    const filter = this.#filters.get(id);
    if (filter?.kind === 'pending') filter.feed.close();
    filter?.leave();
    return this.#filters.delete(id);
  }

  #plan(): void {
    const { clock } = this.#deps;
    const { timeoutMs } = this.#options;
    this.#timer ??= clock.after(timeoutMs / 4, () => {
      this.#timer = undefined;
      const now = clock.now();
      for (const [id, { askedAt }] of this.#filters) if (now - askedAt >= timeoutMs) this.#remove(id);
      if (this.#filters.size > 0) this.#plan();
    });
  }
}

const listOf = ({ params }: Call): readonly unknown[] => {
  const list: unknown = JSON.parse(params.toString());
  return Array.isArray(list) ? list : [];
};

const OPEN = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']');

const listed = (results: readonly Buffer[]): Buffer =>
  Buffer.concat([OPEN, ...results.flatMap((result, index) => (index === 0 ? [result] : [COMMA, result])), CLOSE]);

const idIn = (call: Call): string | undefined => {
  const [id] = listOf(call);
  return typeof id === 'string' ? id : undefined;
};

const unnamed: Reply = refuse('invalid_params', "want a filter's id");

const unserved: Reply = refuse('no_upstream', 'no node can serve this filter now; it keeps its place');

/** In Geth's words and with its code, by which libraries know that they have to make a new one. */
const notFound: Reply = {
  ok: false,
  error: { code: -32000, message: 'filter not found' },
  raw: undefined,
  reason: undefined,
  retryAfter: undefined,
  info: { source: 'local', upstream: undefined, attempts: 0, block: undefined, orphaned: false },
};
