import { describe, expect, it } from 'vitest';
import { soakEvents } from '../../bench/events/soak.ts';
import { flawless } from '../../bench/events/table.ts';
import { noFaults } from '../support/fold-oracle.ts';

describe('while nodes and clients are broken and the chain is reorganised', () => {
  it('forty clients get every event once', { timeout: 60_000 }, async () => {
    const report = await soakEvents({ seed: 7, blocks: 250, faults: 40, readers: 40, blockMs: 40 });
    expect(report.complaints).toEqual([]);
    expect(report).toMatchObject({ ...noFaults(), declaredGaps: 0, disconnects: 0 });
    expect(report.expected).toBeGreaterThan(5000);
    expect(flawless(report)).toBe(true);
  });

  it.each(['node', 'balancer'] as const)('the same clients lose events at a %s', { timeout: 60_000 }, async (via) => {
    const report = await soakEvents({
      seed: 7,
      blocks: 100,
      faults: 40,
      readers: 10,
      blockMs: 20,
      via,
      streams: false,
    });
    expect(report.delivered).toBeGreaterThan(0);
    expect(report.missing).toBeGreaterThan(0);
    expect(flawless(report)).toBe(false);
  });
});
