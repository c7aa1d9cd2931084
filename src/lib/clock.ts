/** A pending callback. Cancelling one that has run, or was cancelled, does nothing. */
export interface Timer {
  cancel(): void;
}

/** All time comes from here, so that tests can own it. */
export interface Clock {
  /** Monotonic milliseconds; only differences mean anything. */
  now(): number;
  /** Milliseconds since the Unix epoch, for what people and block timestamps are compared with. */
  wall(): number;
  /** Runs `task` once after `ms` milliseconds. Never keeps the process alive by itself. */
  after(ms: number, task: () => void): Timer;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after: (ms, task) => {
    const timeout = setTimeout(task, ms);
    timeout.unref();
    return { cancel: () => clearTimeout(timeout) };
  },
};
