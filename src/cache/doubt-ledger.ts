import type { Clock } from '../lib/clock.ts';
import type { Doubted, Doubts } from './doubts.ts';
import type { RedisLink } from './redis-link.ts';
import type { RedisReply } from './redis-connection.ts';

export interface DoubtLedgerOptions {
  readonly key: string;
  /** Seconds after which no answer is left that a doubt could be about. */
  readonly ttl: number;
  /** Ms by which the clocks of replicas may differ. */
  readonly skew: number;
}

/** What one reckoning brought about. */
export interface Reckoning {
  /** Doubts of others that were not known here. */
  readonly learned: readonly Doubted[];
  /** Doubts from here that were not in the ledger. */
  readonly written: readonly Doubted[];
}

/** Doubts in the ledger at once; the oldest make room. */
const MOST = 1000;
const NOTHING: Reckoning = { learned: [], written: [] };

/**
 * Doubts written down beside the answers that they are about. Whoever was not there when the others were told, or could not
 * tell them, learns of them and tells his own as soon as the server can be reached.
 */
export class DoubtLedger {
  readonly #options: DoubtLedgerOptions;
  readonly #link: RedisLink;
  readonly #doubts: Doubts;
  readonly #clock: Clock;

  constructor(options: DoubtLedgerOptions, link: RedisLink, doubts: Doubts, clock: Clock) {
    this.#options = options;
    this.#link = link;
    this.#doubts = doubts;
    this.#clock = clock;
  }

  /** Brings the ledger and the doubts that are held here to the same state, as far as the server can be reached. */
  async reckon(): Promise<Reckoning> {
    const { key, ttl, skew } = this.#options;
    const oldest = this.#clock.wall() - ttl * 1000;
    const reply = await this.#link.ask([
      'ZRANGEBYSCORE',
      key,
      String(oldest),
      '+inf',
      'WITHSCORES',
      'LIMIT',
      '0',
      String(MOST),
    ]);
    if (!Array.isArray(reply)) return NOTHING;
    const ledger = read(reply);
    // A little less than what is held here still covers all that was said before.
    const missing = [...this.#doubts].filter(([who, until]) => until > oldest && until > (ledger.get(who) ?? 0) + skew);
    const learned = [...ledger].filter(([who, until]) => this.#doubts.add(who, until)).map(([who]) => who);
    if (missing.length === 0) return { learned, written: [] };
    await this.#link.ask(['ZADD', key, ...missing.flatMap(([who, until]) => [String(until), who])]);
    await this.#link.ask(['ZREMRANGEBYRANK', key, '0', String(-MOST - 1)]);
    await this.#link.ask(['EXPIRE', key, String(ttl + Math.ceil(skew / 1000))]);
    return { learned, written: missing.map(([who]) => who) };
  }
}

const read = (reply: readonly RedisReply[]): ReadonlyMap<Doubted, number> => {
  const found = new Map<Doubted, number>();
  for (const pair of reply) {
    if (!Array.isArray(pair)) continue;
    const [who, until] = pair as readonly RedisReply[];
    if (Buffer.isBuffer(who) && typeof until === 'number') found.set(who.toString(), until);
  }
  return found;
};
