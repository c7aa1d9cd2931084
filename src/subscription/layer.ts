import type { Call } from '../core/call.ts';
import type { Layer } from '../core/layer.ts';
import type { Reply } from '../core/reply.ts';
import type { Subscriptions } from './subscriptions.ts';

type Answer = (call: Call) => Reply | Promise<Reply>;

/** Answers the methods whose state is the gateway's own, so that it outlives any node. */
export const subscriptionLayer = (subscriptions: Subscriptions): Layer => {
  const answers = new Map<string, Answer>([
    ['eth_subscribe', (call) => subscriptions.subscribe(call)],
    ['eth_unsubscribe', (call) => subscriptions.unsubscribe(call)],
  ]);
  return (next) => async (call) => {
    const answer = answers.get(call.method);
    return answer === undefined ? next(call) : answer(call);
  };
};
