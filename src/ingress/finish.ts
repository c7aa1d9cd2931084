import type { Server } from 'node:http';
import type { Clock } from '../lib/clock.ts';
import type { UnusedSockets } from './unused-sockets.ts';

/** A listener that is to end. */
export interface Ending {
  readonly server: Server;
  readonly unused: UnusedSockets;
  /** Takes no new connection any more; resolves when the last one is gone. */
  readonly close: () => Promise<void>;
  /** Ends what the server no longer counts among its connections. */
  readonly cutOff?: () => void;
}

/** Ms between looks for connections that have fallen idle while the listener waits for the last ones. */
const SWEEP = 50;

/** Lets requests under way have their answer for `ms`, then cuts them off: false where that was necessary. */
export const finish = async ({ server, unused, close, cutOff }: Ending, clock: Clock, ms: number): Promise<boolean> => {
  let late = false;
  const end = clock.after(ms, () => {
    late = true;
    server.closeAllConnections();
    cutOff?.();
  });
  // A connection that was busy when the listener closed stays open once its answer is out: nobody else ends it.
  let sweep = clock.after(SWEEP, function again(): void {
    server.closeIdleConnections();
    unused.destroy();
    sweep = clock.after(SWEEP, again);
  });
  await close();
  end.cancel();
  sweep.cancel();
  return !late;
};
