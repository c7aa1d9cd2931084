import type { Call } from '../core/call.ts';
import type { Origin, SentTransactions, Taken } from '../core/sends.ts';
import { locate } from '../ethereum/block-ref.ts';
import { elementOf } from '../jsonrpc/params.ts';
import type { Clock } from '../lib/clock.ts';

export interface RecentSendsOptions {
  /** Transactions remembered at once; the oldest makes room. */
  readonly capacity: number;
  /** Ms for which one is remembered: long enough to reach every node, too short to believe in one that was dropped. */
  readonly memory: number;
}

interface Sent {
  readonly nonce: number | undefined;
  readonly sender: string | undefined;
  readonly holders: Set<string>;
  readonly until: number;
}

const nobody: ReadonlySet<string> = new Set();

/** Transactions that went through here, until the nodes can be expected to know of them. */
export class RecentSends implements SentTransactions {
  readonly #options: RecentSendsOptions;
  readonly #clock: Clock;
  /** By hash, oldest first. */
  readonly #sent = new Map<string, Sent>();
  /** By sender, then by nonce. */
  readonly #nonces = new Map<string, Map<number, Sent>>();

  constructor(options: RecentSendsOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  taken({ hash, nonce, upstream, sender }: Taken): void {
    this.#forget();
    const known = this.#sent.get(hash);
    if (known !== undefined) {
      known.holders.add(upstream);
      return;
    }
    if (this.#sent.size >= this.#options.capacity) this.#forgetOldest();
    const sent: Sent = {
      nonce,
      sender,
      holders: new Set([upstream]),
      until: this.#clock.now() + this.#options.memory,
    };
    this.#sent.set(hash, sent);
    if (nonce === undefined || sender === undefined) return;
    const nonces = this.#nonces.get(sender) ?? new Map<number, Sent>();
    nonces.set(nonce, sent);
    this.#nonces.set(sender, nonces);
  }

  holders(call: Call): ReadonlySet<string> {
    if (this.#sent.size === 0) return nobody;
    this.#forget();
    if (call.spec.block.kind === 'transaction') return this.#sentOf(call)?.holders ?? nobody;
    const sender = pendingCountOf(call);
    const nonces = sender === undefined ? undefined : this.#nonces.get(sender);
    return nonces?.get(Math.max(...nonces.keys()))?.holders ?? nobody;
  }

  origin(call: Call): Origin | undefined {
    if (this.#sent.size === 0) return undefined;
    this.#forget();
    const { sender, nonce } = this.#sentOf(call) ?? {};
    return sender === undefined || nonce === undefined ? undefined : { sender, nonce };
  }

  /** A sender's next nonce, where `next` is what a node says of it: what was sent from there on without a gap is counted. */
  nonceAfter(sender: string, next: number): number {
    this.#forget();
    const nonces = this.#nonces.get(sender);
    let nonce = next;
    while (nonces?.has(nonce)) nonce += 1;
    return nonce;
  }

  #sentOf(call: Call): Sent | undefined {
    const ref = locate(call.spec, call.params);
    return ref.kind === 'transaction' ? this.#sent.get(ref.hash) : undefined;
  }

  #forget(): void {
    const now = this.#clock.now();
    for (const { until } of this.#sent.values()) {
      if (until > now) break;
      this.#forgetOldest();
    }
  }

  #forgetOldest(): void {
    for (const [hash, sent] of this.#sent) {
      this.#sent.delete(hash);
      this.#forgetNonce(sent);
      break;
    }
  }

  #forgetNonce(sent: Sent): void {
    const { sender, nonce } = sent;
    const nonces = sender === undefined ? undefined : this.#nonces.get(sender);
    if (sender === undefined || nonce === undefined || nonces?.get(nonce) !== sent) return;
    nonces.delete(nonce);
    if (nonces.size === 0) this.#nonces.delete(sender);
  }
}

/** The lower-case address whose `pending` nonce a call asks for. */
export const pendingCountOf = (call: Call): string | undefined => {
  if (call.method !== 'eth_getTransactionCount') return undefined;
  const ref = locate(call.spec, call.params);
  const address = ref.kind === 'tag' && ref.tag === 'pending' ? elementOf(call.params, 0) : undefined;
  return typeof address === 'string' ? address.toLowerCase() : undefined;
};
