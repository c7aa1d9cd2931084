import type { Call } from '../core/call.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { Observer } from '../core/observer.ts';
import { faultReply, type Reply, tooManyBytes } from '../core/reply.ts';
import type { Clock } from '../lib/clock.ts';
import { discreet } from './discreet.ts';
import { internalError, tellFault } from './fault.ts';

export interface CallDeps {
  readonly clock: Clock;
  readonly observer: Observer;
  /** Takes secrets out of an error's text. */
  readonly hide: (text: string) => string;
}

/** Has a chain answer one call, counted and without secrets. A fault of ours on the way is told, and answered as one: never rejects. */
export const carryOut = async (call: Call, endpoint: Endpoint, { clock, observer, hide }: CallDeps): Promise<Reply> => {
  const begun = clock.now();
  let reply: Reply;
  try {
    reply = fitting(await endpoint.handle(call), call);
  } catch (error) {
    const { chain, method, transport, requestId } = call;
    tellFault(observer, error, { requestId, chain, method: call.spec.known ? method : 'other', transport });
    reply = faultReply(internalError);
  }
  observer.callEnded(call, reply, clock.now() - begun);
  return discreet(reply, hide);
};

/** The reply, or that there is no room for it: then nothing of it is held any more. */
const fitting = (reply: Reply, { memory }: Call): Reply => {
  const bytes = reply.ok ? reply.result.length : (reply.raw?.length ?? 0);
  return memory === undefined || memory.settle(bytes) || bytes === 0 ? reply : tooManyBytes();
};
