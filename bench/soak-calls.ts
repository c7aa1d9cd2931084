/**
 * Breaks nodes under a gateway while clients call it, and compares every answer with the truth.
 * `node bench/soak-calls.ts [--seed S] [--seconds N] [--rate R] [--clients C] [--pace P] [--block-ms B]
 * [--schedule chaos|one-at-a-time|none]`
 *
 * Ends with 1 where a call failed, was answered wrongly, or went back in time.
 */
import { parseArgs } from 'node:util';
import { chaos, oneAtATime, oneSlow, type Schedule, type ScheduleOptions } from './soak/schedule.ts';
import { soak, type SoakReport } from './soak/soak.ts';
import { describe, describeCall, describeFault } from './soak/tally.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '100' },
    clients: { type: 'string', default: '16' },
    pace: { type: 'string', default: '1' },
    'block-ms': { type: 'string', default: '500' },
    schedule: { type: 'string', default: 'chaos' },
    slow: { type: 'string' },
    show: { type: 'string', default: '5' },
  },
});

const schedules: Readonly<Record<string, (options: ScheduleOptions) => Schedule>> = {
  chaos,
  'one-at-a-time': oneAtATime,
  none: () => ({ grave: [], mild: [] }),
};

const table = (report: SoakReport): void => {
  const counts = new Map<string, number>();
  for (const { fault } of report.faults) counts.set(fault.kind, (counts.get(fault.kind) ?? 0) + 1);
  const kinds = [...counts].sort(([a], [b]) => a.localeCompare(b));
  console.table(Object.fromEntries(kinds.map(([kind, times]) => [kind, { times }])));
  console.table({
    blocks: report.blocks,
    faults: report.faults.length,
    calls: report.calls,
    failed: report.failed,
    wrong: report.wrong,
    backwards: report.backwards,
    'transfers lost': report.lost,
    skipped: report.skipped,
    'p50 ms': report.p50.toFixed(1),
    'p99 ms': report.p99.toFixed(1),
    'stale p99 ms': report.staleP99.toFixed(0),
    'stalest ms': report.stalest.toFixed(0),
    'attempts per call': report.attemptsPerCall.toFixed(2),
    'probes per call': report.probesPerCall.toFixed(2),
  });
};

const show = (report: SoakReport, most: number): void => {
  for (const offence of report.offences.slice(0, most)) {
    console.log(`\n${describe(offence)}`);
    const { startedAt, endedAt } = offence.call;
    const near = report.log.filter(({ at }) => at > startedAt - 1500 && at < endedAt + 200);
    for (const { at, text } of near.slice(-30)) console.log(`      ${at.toFixed(0)} ${text}`);
  }
  for (const call of report.slowest.slice(0, most)) {
    const meanwhile = report.faults.filter(({ from, until }) => from <= call.endedAt && until >= call.startedAt);
    console.log(['', `slow: ${describeCall(call)}`, ...meanwhile.map(describeFault)].join('\n'));
  }
};

const planned = schedules[values.schedule];
if (planned === undefined) throw new Error(`no such schedule: ${values.schedule}`);
const seed = Number(values.seed);
const seconds = Number(values.seconds);
const plan: ScheduleOptions = { seed, seconds, nodes: 3, pace: Number(values.pace) };

const run = async (schedule: Schedule): Promise<SoakReport> => {
  const report = await soak({
    seed,
    rate: Number(values.rate),
    seconds,
    clients: Number(values.clients),
    blockMs: Number(values['block-ms']),
    schedule,
  });
  show(report, Number(values.show));
  table(report);
  if (report.failed + report.wrong + report.backwards + report.lost > 0) process.exitCode = 1;
  return report;
};

if (values.slow === undefined) {
  await run(planned(plan));
} else {
  const calm = await run({ grave: [], mild: [] });
  const slow = await run(oneSlow(Number(values.slow), plan));
  const ratio = slow.p99 / calm.p99;
  console.log(
    `p99 ${calm.p99.toFixed(1)} ms; with one node of three slow by ${values.slow} ms ${slow.p99.toFixed(1)} ms: ` +
      `${ratio.toFixed(2)} times`,
  );
}
