/**
 * Lets clients follow a chain through a gateway while its nodes are broken, the chain is reorganised and the clients
 * themselves are cut off, and holds every event against the truth.
 * `node bench/soak-events.ts [--seed S] [--blocks B] [--faults F] [--clients C] [--block-ms M]`
 *
 * Ends with 1 where an event was missing, doubled, out of order, wrongly removed or made up.
 */
import { parseArgs } from 'node:util';
import { soakEvents } from './events/soak.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    blocks: { type: 'string', default: '1000' },
    faults: { type: 'string', default: '100' },
    clients: { type: 'string', default: '200' },
    'block-ms': { type: 'string', default: '50' },
  },
});

const report = await soakEvents({
  seed: Number(values.seed),
  blocks: Number(values.blocks),
  faults: Number(values.faults),
  readers: Number(values.clients),
  blockMs: Number(values['block-ms']),
});

const quantile = (sorted: readonly number[], share: number): string =>
  sorted.length === 0 ? '-' : (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(0);

const { missing, phantom, doubled, wronglyRemoved, outOfOrder, orphanHeads } = report;
console.table(
  Object.fromEntries(
    [...report.faults].toSorted(([one], [other]) => one.localeCompare(other)).map(([kind, times]) => [kind, { times }]),
  ),
);
console.table({
  seed: values.seed,
  blocks: report.blocks,
  clients: values.clients,
  faults: [...report.faults.values()].reduce((sum, times) => sum + times, 0),
  'events delivered': report.events,
  missing,
  phantom,
  doubled,
  'wrongly removed': wronglyRemoved,
  'out of order': outOfOrder,
  'orphan heads': orphanHeads,
  'declared gaps': report.declaredGaps,
  disconnects: report.disconnects,
  'recovery p50 ms': quantile(report.recovery, 0.5),
  'recovery p99 ms': quantile(report.recovery, 0.99),
  'delay p50 ms': quantile(report.delays, 0.5),
  'delay p99 ms': quantile(report.delays, 0.99),
  'log calls per block': (report.logCalls / report.blocks).toFixed(2),
});
if (missing + phantom + doubled + wronglyRemoved + outOfOrder + orphanHeads > 0) process.exitCode = 1;
