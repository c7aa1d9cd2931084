import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ScoreInput, scoreOf } from '../../src/head/score.ts';

const perfect: ScoreInput = {
  lag: 0,
  maxLag: 5,
  latencyMs: 10,
  bestLatencyMs: 10,
  errorRate: 0,
  peers: 25,
  minPeers: 1,
  poolHasPeers: true,
};

describe('the score', () => {
  it.each<[string, Partial<ScoreInput>, number]>([
    ['a node at the head, fast, without errors, with peers', {}, 1],
    ['one that has not answered yet', { latencyMs: undefined }, 1],
    ['a provider that tells no peers', { peers: undefined }, 1],
    ['a private chain on which nobody has peers', { peers: 0, poolHasPeers: false }, 1],
    ['one ahead of the published head', { lag: 0 }, 1],
    ['one block behind', { lag: 1 }, 0.96],
    ['at the edge of keeping up', { lag: 5 }, 0.5],
    ['twice as far behind', { lag: 10 }, 0.2],
    ['behind where no lag is allowed', { lag: 1, maxLag: 0 }, 0.5],
    ['of unknown lag', { lag: undefined }, 0],
    ['a little slower than the best', { latencyMs: 12 }, 0.96],
    ['twice as slow', { latencyMs: 25 }, 0.8],
    ['ten times as slow', { latencyMs: 100 }, 0.59],
    ['a hundred times as slow', { latencyMs: 1000 }, 0.4],
    ['one that fails a tenth of its calls', { errorRate: 0.1 }, 0.81],
    ['one that fails half of them', { errorRate: 0.5 }, 0.25],
    ['one that fails them all', { errorRate: 1 }, 0],
    ['without peers while others have some', { peers: 0 }, 0.5],
    ['slow, behind and without peers', { latencyMs: 100, lag: 5, peers: 0 }, 0.15],
  ])('of %s', (_, input, score) => {
    expect(scoreOf({ ...perfect, ...input })).toBeCloseTo(score, 2);
  });

  const inputs = fc.record<ScoreInput>({
    lag: fc.option(fc.nat({ max: 1000 }), { nil: undefined }),
    maxLag: fc.nat({ max: 50 }),
    latencyMs: fc.option(fc.double({ min: 0, max: 1e5, noNaN: true }), { nil: undefined }),
    bestLatencyMs: fc.option(fc.double({ min: 0, max: 1e5, noNaN: true }), { nil: undefined }),
    errorRate: fc.double({ min: 0, max: 1, noNaN: true }),
    peers: fc.option(fc.nat({ max: 100 }), { nil: undefined }),
    minPeers: fc.nat({ max: 10 }),
    poolHasPeers: fc.boolean(),
  });

  it('is between 0 and 1 for whatever is measured', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        expect(scoreOf(input)).toBeGreaterThanOrEqual(0);
        expect(scoreOf(input)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('never rises with more lag, latency or errors', () => {
    fc.assert(
      fc.property(inputs, fc.nat({ max: 100 }), (input, more) => {
        const score = scoreOf(input);
        expect(scoreOf({ ...input, lag: input.lag === undefined ? undefined : input.lag + more })).toBeLessThanOrEqual(
          score,
        );
        expect(scoreOf({ ...input, errorRate: Math.min(1, input.errorRate + more / 100) })).toBeLessThanOrEqual(score);
        if (input.latencyMs !== undefined) {
          expect(scoreOf({ ...input, latencyMs: input.latencyMs + more })).toBeLessThanOrEqual(score);
        }
      }),
    );
  });
});
