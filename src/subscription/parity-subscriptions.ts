import type { Call } from '../core/call.ts';
import type { Handle } from '../core/layer.ts';
import { refuse, type Reply } from '../core/reply.ts';
import { type MethodSpec, methodSpec } from '../ethereum/methods.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import { Cancellation } from '../lib/cancellation.ts';
import type { Clock } from '../lib/clock.ts';
import { canonicalJson } from '../ethereum/canonical-json.ts';
import type { Chain } from './chain.ts';
import { LatestValue } from './latest-value.ts';
import { notifications } from './notification.ts';
import type { Report } from './report.ts';
import { needsConnection, type Opened, type Registry } from './registry.ts';

export interface ParitySubscriptionsOptions {
  /** Different calls that are repeated at each head. */
  readonly topics: number;
  /** Ms that one repetition may take. */
  readonly timeoutMs: number;
}

export interface ParitySubscriptionsDeps {
  readonly chain: Chain;
  readonly registry: Registry;
  /** Says whether a client may make a call, without making it. */
  readonly screen: Handle;
  readonly clock: Clock;
  readonly report: Report;
}

/** One call that is repeated at each head, for everybody who asked for it. */
interface Topic {
  readonly value: LatestValue;
  readonly call: Call;
  readonly ask: Handle;
  /** Subscriptions, also those whose events have not begun. */
  users: number;
  last: string | undefined;
  running: boolean;
  /** The head has moved since the run under way began. */
  again: boolean;
}

/** `parity_subscribe`: any reading call, made again at each head, and its result told when it has changed. */
export class ParitySubscriptions {
  readonly #options: ParitySubscriptionsOptions;
  readonly #deps: ParitySubscriptionsDeps;
  readonly #topics = new Map<string, Topic>();
  readonly #closed = new Cancellation();
  readonly #stopListening: () => void;

  constructor(options: ParitySubscriptionsOptions, deps: ParitySubscriptionsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#stopListening = deps.chain.onMove(() => {
      for (const topic of this.#topics.values()) void this.#run(topic);
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
    const key = `${inner.method} ${inner.params.toString()}`;
    if (!this.#topics.has(key) && this.#topics.size >= this.#options.topics) {
      return refuse('too_many_subscriptions', `${this.#options.topics} different calls are subscribed to already`);
    }
    return registry.add(call, session, 'parity', (id) => {
      const message = notifications('parity_subscription', id);
      const topic = this.#topic(key, inner, next);
      const opened = topic.value.open(session, (result) => {
        report.streamed('parity', 'event');
        return session.send(message(result));
      });
      return { start: () => opened.start(), close: () => this.#leave(key, topic, opened) };
    });
  }

  close(): void {
    this.#closed.cancel();
    this.#stopListening();
    this.#topics.clear();
  }

  #topic(key: string, call: Call, ask: Handle): Topic {
    const known = this.#topics.get(key);
    if (known !== undefined) {
      known.users += 1;
      return known;
    }
    const value = new LatestValue((listening) => {
      if (listening) void this.#run(topic);
    });
    const topic: Topic = { value, call, ask, users: 1, last: undefined, running: false, again: false };
    this.#topics.set(key, topic);
    return topic;
  }

  /** Nobody is left who listens, or will. */
  #leave(key: string, topic: Topic, opened: Opened): void {
    opened.close();
    topic.users -= 1;
    if (topic.users === 0) this.#topics.delete(key);
  }

  /** One run at a time, so that an older answer never comes after a newer one. */
  async #run(topic: Topic): Promise<void> {
    topic.again = true;
    if (topic.running) return;
    topic.running = true;
    while (topic.again && topic.value.readers > 0 && !this.#closed.cancelled) {
      topic.again = false;
      const reply = await topic.ask(this.#again(topic.call));
      if (!reply.ok) continue;
      const value = canonicalJson(reply.result);
      if (value !== undefined && value === topic.last) continue;
      topic.last = value;
      topic.value.set(Buffer.from(reply.result));
    }
    topic.running = false;
  }

  #again(call: Call): Call {
    return {
      ...call,
      transport: 'internal',
      deadline: this.#deps.clock.now() + this.#options.timeoutMs,
      cancellation: this.#closed,
      head: undefined,
      session: undefined,
    };
  }
}

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
