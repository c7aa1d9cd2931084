import { counter, type Family } from './exposition.ts';
import type { Gathering } from './gathering.ts';
import type { Tally } from './tally.ts';
import type { ChainCounts } from './counts.ts';

/** The metrics of subscriptions, filters and event streams. */
export const subscriptionFamilies = ({ chains }: Gathering): Family[] => {
  const of = (name: string, help: string, label: string, tally: (counts: ChainCounts) => Tally): Family =>
    counter(
      name,
      help,
      [...chains].flatMap(([chain, counts]) =>
        [...tally(counts)].map(([word, value]) => ({ labels: { chain, [label]: word }, value })),
      ),
    );
  return [
    of('headgate_subscription_events_total', 'Events sent to subscribers', 'type', ({ streamed }) => streamed.event),
    of(
      'headgate_subscription_replayed_total',
      'Events of history among those sent to subscribers',
      'type',
      ({ streamed }) => streamed.replayed,
    ),
    of(
      'headgate_subscription_duplicates_dropped_total',
      'Announcements of nodes that were known already',
      'type',
      ({ streamed }) => streamed.duplicate,
    ),
    of(
      'headgate_subscription_recoveries_total',
      'Times that streams were led on where the recent blocks did not suffice, or were ended with a word',
      'reason',
      ({ recoveries }) => recoveries,
    ),
  ];
};
