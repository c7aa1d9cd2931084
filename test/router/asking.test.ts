import { describe, expect, it } from 'vitest';
import { failedBecause, type FailureClass, type Outcome } from '../../src/core/outcome.ts';
import { Asking } from '../../src/router/asking.ts';
import type { Selection } from '../../src/router/selection.ts';
import { aNodeView, anUpstream } from '../status/views.ts';
import { aCall } from '../telemetry/events.ts';

const error = { code: -32000, message: 'missing trie node' };
const said = (failure: FailureClass): Outcome => ({
  ...failedBecause(failure, error.message),
  error,
  raw: Buffer.from(JSON.stringify(error)),
});

/** A call that these nodes have failed, in this order. */
const failedBy = (failures: Readonly<Record<string, Outcome>>): Asking => {
  const asking = new Asking(aCall());
  for (const [name, outcome] of Object.entries(failures)) {
    asking.started();
    asking.ended(name, outcome, true);
  }
  return asking;
};

const candidates = (...names: string[]): Selection => ({
  candidates: names.map((name) => aNodeView(anUpstream(name))),
  excluded: [],
  hope: false,
});

describe('an error that several nodes said', () => {
  it.each([false, true])('is the client’s own where it was said by all who could be asked (late: %s)', (late) => {
    const asking = failedBy({ a: said('missing_data'), b: said('unsupported') });
    expect(asking.conclusion(late, candidates('a', 'b'))).toMatchObject({ ok: false, error, reason: undefined });
  });

  it.each([
    [false, 'upstreams_failed'],
    [true, 'timeout'],
  ])('is not the client’s own while one has not been asked (late: %s)', (late, reason) => {
    const asking = failedBy({ a: said('missing_data'), b: said('unsupported') });
    expect(asking.conclusion(late, candidates('a', 'b', 'c'))).toMatchObject({ ok: false, raw: undefined, reason });
  });
});

describe('what retries are spent on', () => {
  it.each([
    ['overloaded', true, true],
    ['timeout', true, true],
    ['not_yet', false, true],
    ['rate_limited', false, true],
    ['unclassified', false, false],
    ['missing_data', false, false],
  ] as const)('after %s: the next node %s, the same one again %s', (failure, next, again) => {
    const asking = failedBy({ a: said(failure) });
    expect(asking.retries('b')).toBe(next);
    expect(asking.retries('a')).toBe(true);
    expect(asking.repeats).toBe(again);
  });
});

describe('attempts that count against the limit', () => {
  it.each([
    ['transport', 1],
    ['timeout', 1],
    ['overloaded', 1],
    ['bad_reply', 1],
    ['rate_limited', 0],
    ['not_yet', 0],
    ['unsupported', 0],
    ['missing_data', 0],
    ['unclassified', 0],
  ] as const)('are those that end by a node’s own fault: %s counts %i', (failure, spent) => {
    expect(failedBy({ a: said(failure) }).spent).toBe(spent);
  });

  it('are none that never reached a node', () => {
    const unsent: Outcome = { ...failedBecause('overloaded', 'its circuit breaker is open'), unsent: true };
    expect(failedBy({ a: unsent }).spent).toBe(0);
  });
});
