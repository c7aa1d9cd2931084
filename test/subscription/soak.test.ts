import { expect, it } from 'vitest';
import { soakEvents } from '../../bench/events/soak.ts';
import { noFaults } from '../support/fold-oracle.ts';

it('gives forty clients every event once, while nodes and clients are broken and the chain is reorganised', async () => {
  const report = await soakEvents({ seed: 7, blocks: 250, faults: 40, readers: 40, blockMs: 40 });
  expect(report).toMatchObject({ ...noFaults(), declaredGaps: 0, disconnects: 0 });
  expect(report.events).toBeGreaterThan(5000);
}, 60_000);
