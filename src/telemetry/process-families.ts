import { counter, type Family, gauge } from './exposition.ts';

/** Reads the share of time in which the event loop was busy, 0 to 1, since the reading before. */
export const loopMeter = (): (() => number) => {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    // Two readings within one turn of the loop have no time between them.
    return Number.isFinite(utilization) ? utilization : 0;
  };
};

/** The metrics of the process, under the names that every Prometheus client library gives them. */
export const processFamilies = (loopUtilization: number): Family[] => {
  const { user, system } = process.cpuUsage();
  const single = (value: number) => [{ labels: {}, value }];
  return [
    counter('process_cpu_seconds_total', 'User and system CPU time spent', single((user + system) / 1e6)),
    gauge('process_resident_memory_bytes', 'Resident memory size', single(process.memoryUsage.rss())),
    gauge(
      'process_start_time_seconds',
      'Start time of the process since the Unix epoch',
      single(performance.timeOrigin / 1000),
    ),
    gauge(
      'headgate_event_loop_utilization_ratio',
      'Share of time, since the scrape before, in which the event loop was busy',
      single(loopUtilization),
    ),
  ];
};
