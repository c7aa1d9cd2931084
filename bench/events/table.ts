import { type Faults, noFaults } from '../../test/support/fold-oracle.ts';
import type { EventSoakReport } from './soak.ts';

/** Rows of figures, by their names. */
export type Figures = Readonly<Record<string, number | string>>;

const quantile = (sorted: readonly number[], share: number): number | string => {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return value === undefined ? '-' : Math.round(value);
};

/** How often each kind of fault happened, in the order of their names. */
export const faultKinds = ({ faults }: EventSoakReport): Readonly<Record<string, { readonly times: number }>> =>
  Object.fromEntries(
    [...faults].toSorted(([one], [other]) => one.localeCompare(other)).map(([kind, times]) => [kind, { times }]),
  );

/** What a soak came to. */
export const figures = (report: EventSoakReport): Figures => ({
  faults: report.faults.values().reduce((sum, times) => sum + times, 0),
  'events expected': report.expected,
  'events delivered': report.delivered,
  missing: report.missing,
  phantom: report.phantom,
  doubled: report.doubled,
  'wrongly removed': report.wronglyRemoved,
  'out of order': report.outOfOrder,
  'orphan heads': report.orphanHeads,
  'declared gaps': report.declaredGaps,
  disconnects: report.disconnects,
  'recovery p50 ms': quantile(report.recovery, 0.5),
  'recovery p99 ms': quantile(report.recovery, 0.99),
  'delay p50 ms': quantile(report.delays, 0.5),
  'delay p99 ms': quantile(report.delays, 0.99),
  'log calls per block': Number((report.logCalls / report.blocks).toFixed(2)),
});

/** Several soaks side by side: a row for each figure, a column for each soak. */
export const sideBySide = (columns: Readonly<Record<string, Figures>>): Readonly<Record<string, Figures>> => {
  const rows = Object.keys(Object.values(columns)[0] ?? {});
  return Object.fromEntries(
    rows.map((row) => [
      row,
      Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column[row] ?? '-'])),
    ]),
  );
};

/** Whether everything was told once, in order, and rightly, and never that something could not be. */
export const flawless = (report: EventSoakReport): boolean =>
  report.declaredGaps === 0 && (Object.keys(noFaults()) as (keyof Faults)[]).every((name) => report[name] === 0);
