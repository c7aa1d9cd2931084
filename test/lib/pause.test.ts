import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../src/lib/cancellation.ts';
import { pause } from '../../src/lib/pause.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('a pause', () => {
  const paused = (ms: number) => {
    const clock = new FakeClock();
    const cancellation = new Cancellation();
    const over = { yet: false };
    const settled = pause(clock, ms, cancellation).then(() => {
      over.yet = true;
    });
    const now = async (): Promise<boolean> => {
      await new Promise((resolve) => setImmediate(resolve));
      return over.yet;
    };
    return { clock, cancellation, settled, now };
  };

  it('lasts as long as it was said to', async () => {
    const { clock, now } = paused(100);
    clock.advance(99);
    expect(await now()).toBe(false);
    clock.advance(1);
    expect(await now()).toBe(true);
  });

  it('ends when it is cancelled, and leaves no timer behind', async () => {
    const { clock, cancellation, settled } = paused(100);
    cancellation.cancel();
    await settled;
    expect(clock.pending).toBe(0);
  });

  it('is none where that has been cancelled before', async () => {
    const cancellation = new Cancellation();
    cancellation.cancel();
    await pause(new FakeClock(), 100, cancellation);
  });
});
