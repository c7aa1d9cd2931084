import type { Writable } from 'node:stream';

/**
 * Holds back what is written to a stream until the turn of the event loop is over, so that the messages of one turn leave
 * in one system call. Returns the function to call before each write.
 */
export const turnCork = (stream: Writable): (() => void) => {
  let corked = false;
  return () => {
    if (corked) return;
    corked = true;
    stream.cork();
    setImmediate(() => {
      corked = false;
      stream.uncork();
    });
  };
};
