import { createConnection } from 'node:net';
import { DEEPEST_ANSWER } from '../jsonrpc/decode-reply.ts';
import type { Clock } from '../lib/clock.ts';
import { faultOf } from './connection-fault.ts';
import { type FramingFault, JsonFraming } from './json-framing.ts';
import type { Dial, Loss } from './socket-transport.ts';
import { turnCork } from './turn-cork.ts';

export interface IpcOptions {
  /** A unix socket, or a named pipe on Windows. */
  readonly path: string;
  readonly connectTimeout: number;
  /** Bytes of one message. */
  readonly responseSize: number;
}

/** White space between values; harmless to nodes that count brackets, needed by those that read lines. */
const END_OF_LINE = Buffer.from('\n');

const faults: Readonly<Record<FramingFault, string>> = {
  too_large: 'a message larger than the response size limit',
  too_deep: 'a message nested too deep',
  not_json: 'something that is not JSON',
};

/** Connects to a node on this machine: JSON values one after another, as Geth, Parity and OpenEthereum speak. */
export const dialIpc =
  ({ path, connectTimeout, responseSize }: IpcOptions, clock: Clock): Dial =>
  (events) => {
    const socket = createConnection({ path });
    // The envelope is a level too.
    const framing = new JsonFraming({ size: responseSize, depth: DEEPEST_ANSWER + 1 });
    let loss: Loss | undefined;
    let over = false;
    const drop = (failure: Loss['failure'], why: string): void => {
      loss ??= { failure, why, unwelcome: false };
      socket.destroy();
    };
    const timer = clock.after(connectTimeout, () => drop('transport', 'no connection within the connect timeout'));
    socket
      .on('connect', () => {
        timer.cancel();
        const cork = turnCork(socket);
        events.opened({
          send: (message) => {
            cork();
            socket.write(message);
            socket.write(END_OF_LINE);
          },
          get buffered() {
            return socket.writableLength;
          },
        });
      })
      .on('data', (chunk) => {
        const fault = framing.read(chunk, (value) => {
          if (!over) events.message(value);
        });
        if (fault !== undefined) drop('bad_reply', faults[fault]);
      })
      .on('end', () => drop('transport', 'IPC closed by the node'))
      .on('error', (error) => drop('transport', faultOf(error).message))
      .on('close', () => {
        timer.cancel();
        if (over) return;
        over = true;
        events.lost(loss ?? { failure: 'transport', why: 'IPC closed', unwelcome: false });
      });
    return () => {
      over = true;
      timer.cancel();
      socket.destroy();
    };
  };
