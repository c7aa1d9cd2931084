import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/** A door to a port on loopback that other machines can use. */
export interface PortForward {
  /** The port that it listens on. */
  readonly port: number;
  /** Ends every connection. */
  close(): Promise<void>;
}

/**
 * Passes connections to `host`:`port` (0 picks a port) on to `target` on 127.0.0.1, byte for byte. Where nobody listens at
 * the target, or it hangs up, the caller's connection ends too. Rejects where the address cannot be had.
 */
export const forwardPort = async (host: string, port: number, target: number): Promise<PortForward> => {
  const sockets = new Set<Socket>();
  const server = createServer((caller) => {
    const callee = connect(target, '127.0.0.1');
    for (const [socket, other] of [
      [caller, callee],
      [callee, caller],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};
