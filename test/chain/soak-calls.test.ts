import { describe as suite, expect, it } from 'vitest';
import { chaos, oneAtATime } from '../../bench/soak/schedule.ts';
import { soak } from '../../bench/soak/soak.ts';
import { describe } from '../../bench/soak/tally.ts';

const common = { seed: 1, rate: 40, clients: 12, blockMs: 500 };

/** A shortened `npm run soak:calls`; its oracle is tested in test/bench. */
suite('clients of three real nodes that are being broken', () => {
  it('get no error, no wrong answer and no step back, whatever befalls one node after the other', async () => {
    // Slow enough that a node is back before the next one is broken, on a busy machine too: of two nodes that are left, one
    // on a longer branch of its own would rightly be followed.
    const plan = { seed: 1, seconds: 30, nodes: 3, pace: 0.6 };
    const report = await soak({ ...common, seconds: plan.seconds, schedule: chaos(plan) });
    expect(report.offences.map(describe)).toEqual([]);
    expect(report).toMatchObject({ failed: 0, wrong: 0, backwards: 0, lost: 0, skipped: 0 });
    expect(new Set(report.faults.map(({ fault }) => fault.kind)).size).toBeGreaterThan(5);
    expect(report.calls).toBeGreaterThan(500);
  }, 90_000);

  it('notice nothing while one node is killed', async () => {
    const plan = { seed: 1, seconds: 8, nodes: 3, pace: 1 };
    const report = await soak({ ...common, seconds: plan.seconds, schedule: oneAtATime(plan) });
    expect(report.offences.map(describe)).toEqual([]);
    expect(report.faults.map(({ fault }) => fault.kind)).toContain('kill');
  }, 60_000);
});
