import { hash } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import type { Lasting } from './answers.ts';
import { type Doubts, EVERYBODY } from './doubts.ts';
import type { RedisLink } from './redis-link.ts';
import type { RedisReply } from './redis-connection.ts';
import { decodeAnswer, encodeAnswer, type StoredAnswer, type StoredAnswerOptions } from './stored-answer.ts';

export interface RedisStoreOptions extends StoredAnswerOptions {
  /** Every key begins with it: it tells the form of what is stored, so that versions of other forms never meet. */
  readonly prefix: string;
  /** Seconds for which an answer is kept that hangs on a block near the head. */
  readonly recentTtl: number;
  /** Seconds for which an answer is kept that no reorganisation can change. */
  readonly finalTtl: number;
  /** Ms by which the clocks of replicas may differ. */
  readonly skew: number;
}

/** Keys looked at in one step of emptying; a server does nothing else meanwhile. */
const STEP = '1000';
/** Steps after which emptying ends, so that a server that others fill is not walked for ever. */
const STEPS = 100_000;

/** Answers that replicas share: what one has asked for, the others need not ask. */
export class RedisStore {
  readonly #options: RedisStoreOptions;
  readonly #link: RedisLink;
  readonly #clock: Clock;
  readonly #doubts: Doubts;

  constructor(options: RedisStoreOptions, link: RedisLink, clock: Clock, doubts: Doubts) {
    this.#options = options;
    this.#link = link;
    this.#clock = clock;
    this.#doubts = doubts;
  }

  /** `chain` names the chain the same way in every replica. Undefined where it is not there, or not in time. */
  async get(chain: string, identity: Lasting): Promise<StoredAnswer | undefined> {
    if (!this.#link.up) return undefined;
    const reply = await this.#link.ask(['GET', this.#keyOf(chain, identity)]);
    if (!Buffer.isBuffer(reply)) return undefined;
    const answer = await decodeAnswer(reply, this.#options);
    return answer === undefined || this.#doubts.cover(answer.upstream, answer.askedAt) ? undefined : answer;
  }

  /** Stores an answer for all, some time soon, if the server can be reached. */
  put(chain: string, identity: Lasting, answer: StoredAnswer): void {
    if (this.#link.up) void this.#store(this.#keyOf(chain, identity), identity, answer);
  }

  /** Believes nothing any more that an upstream has said up to now. */
  forget(upstream: string): void {
    this.#doubts.add(upstream, this.#clock.wall() + this.#options.skew);
  }

  /** Believes nothing any more that was said up to now. */
  mistrust(): void {
    this.#doubts.add(EVERYBODY, this.#clock.wall() + this.#options.skew);
  }

  /**
   * Empties the server of what any chain stored there; resolves with how many answers that were. What it cannot reach is
   * not believed.
   */
  async clear(): Promise<number> {
    this.mistrust();
    let cursor = '0';
    let count = 0;
    for (let step = 0; step < STEPS; step += 1) {
      const reply = await this.#link.ask(['SCAN', cursor, 'MATCH', `${this.#options.prefix}*`, 'COUNT', STEP]);
      const page = pageOf(reply);
      if (page === undefined) return count;
      const removed = page.keys.length === 0 ? 0 : await this.#link.ask(['UNLINK', ...page.keys]);
      count += typeof removed === 'number' ? removed : 0;
      if (page.cursor === '0') return count;
      cursor = page.cursor;
    }
    return count;
  }

  async #store(key: string, identity: Lasting, answer: StoredAnswer): Promise<void> {
    const value = await encodeAnswer(answer, this.#options);
    if (value === undefined) return;
    const final = identity.kind === 'lasting' ? identity.final : answer.settled;
    const ttl = final ? this.#options.finalTtl : this.#options.recentTtl;
    await this.#link.ask(['SET', key, value, 'EX', String(ttl)]);
  }

  #keyOf(chain: string, { key }: Lasting): string {
    return `${this.#options.prefix}${chain}:${hash('sha256', key, 'base64url')}`;
  }
}

const pageOf = (reply: RedisReply | undefined): { cursor: string; keys: readonly Buffer[] } | undefined => {
  if (!Array.isArray(reply)) return undefined;
  const [cursor, keys] = reply as readonly RedisReply[];
  if (!Array.isArray(keys)) return undefined;
  return { cursor: String(cursor), keys: keys.filter((key) => Buffer.isBuffer(key)) };
};
