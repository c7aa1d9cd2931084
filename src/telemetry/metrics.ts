import type { Observer } from '../core/observer.ts';
import { callFamilies } from './call-families.ts';
import { type Family, renderText } from './exposition.ts';
import { Gathering } from './gathering.ts';
import { gatewayFamilies, headFamilies } from './gateway-families.ts';
import type { Picture } from './picture.ts';
import { loopMeter, processFamilies } from './process-families.ts';
import { subscriptionFamilies } from './subscription-families.ts';
import { upstreamFamilies } from './upstream-families.ts';

export interface Metrics {
  /** Counts what it is told. */
  readonly observer: Observer;
  /** Everything at this moment, as plain data. */
  families(): readonly Family[];
  /** Everything at this moment, as Prometheus scrapes it. */
  render(): Promise<{ readonly contentType: string; readonly body: string }>;
}

/**
 * The metrics that the contract names. Events are gathered in own counters (14 ns against 600 ns for the usual three
 * prom-client calls) and meet prom-client only when scraped; `picture` is read at each scrape.
 */
export const createMetrics = (options: { readonly version: string }, picture: () => Picture): Metrics => {
  const gathering = new Gathering(picture);
  const loopUtilization = loopMeter();
  const families = (): readonly Family[] => {
    const now = picture();
    gathering.prune(now);
    return [
      ...gatewayFamilies(options.version, now),
      ...callFamilies(gathering),
      ...upstreamFamilies(gathering, now),
      ...headFamilies(gathering, now),
      ...subscriptionFamilies(gathering),
      ...processFamilies(loopUtilization()),
    ];
  };
  return { observer: gathering, families, render: () => renderText(families()) };
};
