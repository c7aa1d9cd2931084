import type { Call } from './core/call.ts';
import type { Handle } from './core/layer.ts';
import { localReply } from './core/reply.ts';
import { methodSpec } from './ethereum/methods.ts';
import type { RawJson } from './jsonrpc/message.ts';
import { Cancellation } from './lib/cancellation.ts';
import type { Clock } from './lib/clock.ts';
import { type Explanation, explainAnswered, explainRouted } from './router/explain.ts';
import type { Router } from './router/router.ts';

/**
 * Says who would serve a call: takes it through the chain's walk, as `walk` builds it, up to the router, which is asked
 * for its choice and then asks nobody.
 */
export const explaining =
  (chain: string, walk: (route: Handle) => Handle, router: Router, clock: Clock) =>
  async (method: string, params: RawJson): Promise<Explanation> => {
    let routed: Call | undefined;
    const handle = walk(async (call) => {
      routed = call;
      return localReply(params);
    });
    const asked = questionOf(chain, method, params, clock.now());
    const reply = await handle(asked);
    return routed === undefined ? explainAnswered(asked, reply) : explainRouted(routed, router.select(routed));
  };

/** A call that nobody waits for: it is placed at once, or not at all. */
const questionOf = (chain: string, method: string, params: RawJson, now: number): Call => ({
  chain,
  method,
  spec: methodSpec(method),
  params,
  client: { name: 'operator', address: '', debug: true },
  transport: 'internal',
  deadline: now,
  cancellation: new Cancellation(),
  head: undefined,
  minBlock: undefined,
  only: undefined,
  bypassCache: true,
  session: undefined,
  memory: undefined,
  requestId: 'explain',
  traceparent: undefined,
  pin: undefined,
  accept: undefined,
});
