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

const METHODS = [
  'eth_subscribe',
  'eth_unsubscribe',
  'parity_subscribe',
  'parity_unsubscribe',
  'eth_newFilter',
  'eth_newBlockFilter',
  'eth_newPendingTransactionFilter',
  'eth_getFilterChanges',
  'eth_getFilterLogs',
  'eth_uninstallFilter',
] as const;
type Answers = Readonly<Record<(typeof METHODS)[number], Answer>>;

/** Answers the methods whose state is the gateway's own, so that it outlives any node. */
export const subscriptionLayer = ({ registry, subscriptions, parity, filters }: SubscriptionLayerDeps): Layer =>
  answering({
    eth_subscribe: (call) => subscriptions.subscribe(call),
    eth_unsubscribe: (call) => registry.remove(call),
    parity_subscribe: (call, next) => parity.subscribe(call, next),
    parity_unsubscribe: (call) => registry.remove(call),
    eth_newFilter: (call) => filters.create(call),
    eth_newBlockFilter: (call) => filters.create(call),
    eth_newPendingTransactionFilter: (call) => filters.createPending(call),
    eth_getFilterChanges: (call) => filters.changes(call),
    eth_getFilterLogs: (call, next) => filters.logs(call, next),
    eth_uninstallFilter: (call) => filters.uninstall(call),
  });

const answering = (answers: Answers): Layer => {
  const byMethod = new Map<string, Answer>(Object.entries(answers));
  const serve = async (answer: Answer, call: Call, next: Handle): Promise<Reply> => answer(call, next);
  return (next) => (call) => {
    const answer = byMethod.get(call.method);
    return answer === undefined ? next(call) : serve(answer, call, next);
  };
};

const nothing: Answer = () => localReply(NULL);

/** Stands in for that layer where a call only asks how it would be answered: nobody would listen to what it opened. */
export const unheardLayer: Layer = answering(Object.fromEntries(METHODS.map((method) => [method, nothing])) as Answers);
