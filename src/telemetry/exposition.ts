import { type Metric, Registry } from 'prom-client';
import type { HistogramReading } from './histogram.ts';

export type Labels = Readonly<Record<string, string>>;

/** One line of the text format. */
export interface Sample {
  /** Where it is not the family's own: a histogram's `_bucket`, `_sum` and `_count`. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** All series of one metric at one moment: plain data, so that it can travel between processes. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly samples: readonly Sample[];
}

export const counter = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name,
  help,
  type: 'counter',
  samples,
});

export const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name,
  help,
  type: 'gauge',
  samples,
});

export const histogram = (
  name: string,
  help: string,
  readings: readonly { readonly labels: Labels; readonly reading: HistogramReading }[],
): Family => ({
  name,
  help,
  type: 'histogram',
  samples: readings.flatMap(({ labels, reading }) => [
    ...reading.cumulative.map(([bound, value]) => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le: bound === Number.POSITIVE_INFINITY ? '+Inf' : bound },
      value,
    })),
    { metricName: `${name}_sum`, labels, value: reading.sum },
    { metricName: `${name}_count`, labels, value: reading.count },
  ]),
});

/** The families in the Prometheus text format. */
export const renderText = async (families: readonly Family[]): Promise<{ contentType: string; body: string }> => {
  const registry = new Registry();
  for (const family of families) registry.registerMetric(metricOf(family));
  return { contentType: registry.contentType, body: await registry.metrics() };
};

/**
 * prom-client's own metrics cost 0.6 µs a call, since each keeps a map by label text. A registry reads nothing of a metric
 * but its name, help, type and `get`, so what was gathered elsewhere can stand in for one; its types do not say so.
 */
const metricOf = ({ name, help, type, samples }: Family): Metric => {
  const readable = {
    name,
    help,
    type,
    aggregator: 'sum',
    get: () => Promise.resolve({ name, help, type, values: samples }),
  };
  return readable as unknown as Metric;
};
