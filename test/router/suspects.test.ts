import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/core/call.ts';
import { Suspects } from '../../src/router/suspects.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { aCall } from '../telemetry/events.ts';

const trace = (hash: string): Call => aCall('debug_traceTransaction', { params: Buffer.from(JSON.stringify([hash])) });
const suspecting = () => {
  const clock = new FakeClock();
  return { clock, suspects: new Suspects(clock) };
};

describe('Suspects', () => {
  it('hold back the like of a call in which a connection died, for longer the second time, and nothing else', () => {
    const { clock, suspects } = suspecting();
    suspects.died(trace('a'));
    expect(suspects.heldMs(trace('a'))).toBe(2_000);
    expect(suspects.heldMs(trace('b'))).toBe(0);
    expect(suspects.heldMs(aCall('trace_transaction', { params: trace('a').params }))).toBe(0);
    suspects.died(trace('a'));
    expect(suspects.heldMs(trace('a'))).toBe(30_000);
    clock.advance(29_999);
    expect(suspects.heldMs(trace('a'))).toBe(1);
  });

  it('let one through when the time is over, and the others when that one was answered', () => {
    const { clock, suspects } = suspecting();
    suspects.died(trace('a'));
    clock.advance(2_000);
    expect(suspects.heldMs(trace('a'))).toBe(0);
    expect(suspects.heldMs(trace('a'))).toBe(2_000);
    suspects.survived(trace('a'));
    expect(suspects.heldMs(trace('a'))).toBe(0);
    expect(suspects.heldMs(trace('a'))).toBe(0);
  });

  it('do not care for cheap calls', () => {
    const { suspects } = suspecting();
    suspects.died(aCall('eth_call'));
    expect(suspects.heldMs(aCall('eth_call'))).toBe(0);
  });

  it('forget after a while, and the oldest where there are too many', () => {
    const { clock, suspects } = suspecting();
    suspects.died(trace('old'));
    clock.advance(120_000);
    expect(suspects.heldMs(trace('old'))).toBe(0);
    expect(suspects.heldMs(trace('old'))).toBe(0);
    for (let n = 0; n <= 1_000; n += 1) suspects.died(trace(String(n)));
    expect(suspects.heldMs(trace('0'))).toBe(0);
    expect(suspects.heldMs(trace('1'))).toBe(2_000);
  });
});
