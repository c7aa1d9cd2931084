import type { Call } from '../core/call.ts';
import type { Handle, Layer } from '../core/layer.ts';
import { localReply, type Reply } from '../core/reply.ts';
import type { Filters } from './filters.ts';
import type { ParitySubscriptions } from './parity-subscriptions.ts';
import type { Registry } from './registry.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface SubscriptionLayerDeps {
  readonly registry: Registry;
  readonly subscriptions: Subscriptions;
  readonly parity: ParitySubscriptions;
  readonly filters: Filters;
}

const NULL = Buffer.from('null');

type Answer = (call: Call, next: Handle) => Reply | Promise<Reply>;

/** Answers the methods whose state is the gateway's own, so that it outlives any node. */
export const subscriptionLayer = ({ registry, subscriptions, parity, filters }: SubscriptionLayerDeps): Layer => {
  const answers = new Map<string, Answer>([
    ['eth_subscribe', (call) => subscriptions.subscribe(call)],
    ['eth_unsubscribe', (call) => registry.remove(call)],
    ['parity_subscribe', (call, next) => parity.subscribe(call, next)],
    ['parity_unsubscribe', (call) => registry.remove(call)],
    ['eth_newFilter', (call) => filters.create(call)],
    ['eth_newBlockFilter', (call) => filters.create(call)],
    ['eth_newPendingTransactionFilter', (call) => filters.createPending(call)],
    ['eth_getFilterChanges', (call) => filters.changes(call)],
    ['eth_getFilterLogs', (call, next) => filters.logs(call, next)],
    ['eth_uninstallFilter', (call) => filters.uninstall(call)],
  ]);
  const serve = async (answer: Answer, call: Call, next: Handle): Promise<Reply> =>
    // Nobody listens at the other end of a call that only asks how it would be answered.
    call.transport === 'internal' ? localReply(NULL) : answer(call, next);
  return (next) => (call) => {
    const answer = answers.get(call.method);
    return answer === undefined ? next(call) : serve(answer, call, next);
  };
};
