import type { Call, Client } from '../core/call.ts';
import type { Handle } from '../core/layer.ts';
import { refuse, type Reply } from '../core/reply.ts';
import { type MethodSpec, methodSpec } from '../ethereum/methods.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import type { BackoffOptions } from '../lib/backoff.ts';
import type { Cancellation } from '../lib/cancellation.ts';
import type { Chain } from './chain.ts';
import { notifications } from './notification.ts';
import { needsConnection, type Opened, type Registry } from './registry.ts';
import { RepeatedCall, type RepeatedCallDeps } from './repeated-call.ts';
import type { Report } from './report.ts';

export interface ParitySubscriptionsOptions {
  /** Different calls that are repeated at each head. */
  readonly topics: number;
  /** Ms that one repetition may take. */
  readonly timeoutMs: number;
  /** When one that failed is tried again, besides at the next head. */
  readonly retry: BackoffOptions;
}

export interface ParitySubscriptionsDeps extends RepeatedCallDeps {
  readonly chain: Pick<Chain, 'onMove'>;
  readonly registry: Registry;
  /** Says whether a client may make a call, without making it. */
  readonly screen: Handle;
  readonly report: Report;
}

/** One call that is repeated at each head, for everybody who asked for it. */
interface Topic {
  readonly repeated: RepeatedCall;
  /** Subscriptions, also those whose events have not begun. */
  users: number;
}

/** `parity_subscribe`: any reading call, made again at each head, and its result told when it has changed. */
export class ParitySubscriptions {
  readonly #options: ParitySubscriptionsOptions;
  readonly #deps: ParitySubscriptionsDeps;
  readonly #topics = new Map<string, Topic>();
  readonly #stopListening: () => void;

  constructor(options: ParitySubscriptionsOptions, deps: ParitySubscriptionsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#stopListening = deps.chain.onMove(() => {
      for (const { repeated } of this.#topics.values()) repeated.run();
    });
  }

  /** `next`: the rest of the walk, by which the call is made each time. */
  async subscribe(call: Call, next: Handle): Promise<Reply> {
    const { registry, screen, report } = this.#deps;
    const { session } = call;
    if (session === undefined || session.style === 'stream') return needsConnection;
    const wish = parse(call.params);
    if ('invalid' in wish) return refuse('invalid_params', wish.invalid);
    const inner: Call = { ...call, method: wish.spec.name, spec: wish.spec, params: wish.params };
    const allowed = await screen(inner);
    if (!allowed.ok) return allowed;
    const key = keyOf(inner);
    if (!this.#topics.has(key) && this.#topics.size >= this.#options.topics) {
      return refuse('too_many_subscriptions', `${this.#options.topics} different calls are subscribed to already`);
    }
    return registry.add(call, session, 'parity', (id) => {
      const message = notifications('parity_subscription', id);
      const topic = this.#topic(key, inner, next);
      const opened = topic.repeated.open(session, (result) => {
        report.streamed('parity', 'event');
        return session.send(message(result));
      });
      return { start: () => opened.start(), close: () => this.#leave(key, topic, opened) };
    });
  }

  close(): void {
    this.#stopListening();
    for (const { repeated } of this.#topics.values()) repeated.close();
    this.#topics.clear();
  }

  #topic(key: string, call: Call, next: Handle): Topic {
    const known = this.#topics.get(key);
    if (known !== undefined) {
      known.users += 1;
      return known;
    }
    const ask = (cancellation: Cancellation): Promise<Reply> => next(this.#inNobodysName(call, cancellation));
    const topic: Topic = { repeated: new RepeatedCall(this.#options.retry, this.#deps, ask), users: 1 };
    this.#topics.set(key, topic);
    return topic;
  }

  /** Nobody is left who listens, or will. */
  #leave(key: string, topic: Topic, opened: Opened): void {
    opened.close();
    topic.users -= 1;
    if (topic.users > 0) return;
    topic.repeated.close();
    this.#topics.delete(key);
  }

  /** What is made for many has nothing of the one who asked first but what the key tells apart. */
  #inNobodysName({ chain, method, spec, params, minBlock, only, bypassCache }: Call, cancellation: Cancellation): Call {
    return {
      ...{ chain, method, spec, params, minBlock, only, bypassCache, cancellation },
      client: nobody,
      transport: 'internal',
      deadline: this.#deps.clock.now() + this.#options.timeoutMs,
      head: undefined,
      session: undefined,
      memory: undefined,
      requestId: 'events',
      traceparent: undefined,
      pin: undefined,
      accept: undefined,
    };
  }
}

const nobody: Client = { name: 'headgate', address: '', debug: false };

/** The same for calls that get the same answer. Whether a client may have it is asked of each who subscribes. */
const keyOf = ({ method, params, minBlock, only, bypassCache }: Call): string =>
  `${JSON.stringify([method, only ?? null, minBlock ?? null, bypassCache])} ${params.toString()}`;

type Wish = { readonly spec: MethodSpec; readonly params: RawJson } | { readonly invalid: string };

/** `[method, params?]`: reads only. */
const parse = (raw: RawJson): Wish => {
  const list: unknown = JSON.parse(raw.toString());
  const [method, params = []] = Array.isArray(list) ? (list as readonly unknown[]) : [];
  if (typeof method !== 'string') return { invalid: 'want a method and its params' };
  if (!Array.isArray(params)) return { invalid: 'params must be an array' };
  const spec = methodSpec(method);
  if (!spec.known || spec.write || !spec.idempotent)
    return { invalid: `${method.slice(0, 64)} cannot be subscribed to` };
  return { spec, params: Buffer.from(JSON.stringify(params)) };
};
