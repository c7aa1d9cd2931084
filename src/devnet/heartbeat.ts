import type { Clock, Timer } from '../lib/clock.ts';
import type { Devnet } from './devnet.ts';
import { deployTicker, sendTick } from './ticker-contract.ts';

/** Blocks that come by themselves. */
export interface Heartbeat {
  /** No block begins after this; settles when the one under way is done. */
  close(): Promise<void>;
}

/**
 * Deploys the ticker with the next block of a fresh devnet, then mines a block with one tick in it every `everyMs`.
 * `onFailure` runs once, with what the devnet threw, and nothing is mined after it.
 */
export const startHeartbeat = async (
  devnet: Devnet,
  everyMs: number,
  clock: Clock,
  onFailure: (error: unknown) => void,
): Promise<Heartbeat> => {
  await deployTicker(devnet);
  await devnet.mine();
  let closed = false;
  let timer: Timer | undefined;
  let underWay: Promise<void> = Promise.resolve();
  const beat = async (): Promise<void> => {
    await sendTick(devnet);
    await devnet.mine();
  };
  const wait = (): void => {
    if (closed) return;
    timer = clock.after(everyMs, () => {
      underWay = beat().then(wait, (error: unknown) => {
        if (!closed) onFailure(error);
      });
    });
  };
  wait();
  return {
    close: async () => {
      closed = true;
      timer?.cancel();
      await underWay;
    },
  };
};
