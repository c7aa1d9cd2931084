import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/**
 * Connections on which nothing was asked yet: browsers and balancers open some ahead of time. Node takes them for busy, and
 * a server that ends would wait for them.
 */
export class UnusedSockets {
  /** With the bytes that each had read at the last look. Over TLS by the remote end, which both its sockets share. */
  readonly #sockets = new Map<unknown, { readonly socket: Socket; bytes: number }>();
  readonly #tls: boolean;

  /** Made once the server has all its listeners. */
  constructor(server: Server) {
    this.#tls = server instanceof TlsServer;
    const keyOf = (socket: Socket): unknown => (this.#tls ? `${socket.remoteAddress} ${socket.remotePort}` : socket);
    server.on('connection', (socket: Socket) => {
      const key = keyOf(socket);
      this.#sockets.set(key, { socket, bytes: 0 });
      socket.once('close', () => {
        if (this.#sockets.get(key)?.socket === socket) this.#sockets.delete(key);
      });
    });
    const used = ({ socket }: IncomingMessage): boolean => this.#sockets.delete(keyOf(socket));
    server.on('request', used);
    // With nobody else who listens for upgrades, Node would leave them to this listener alone.
    if (server.listenerCount('upgrade') > 0) server.on('upgrade', used);
  }

  /** Ends those that have sent nothing: not a byte, or, over TLS, none since the last look. */
  destroy(): void {
    for (const entry of this.#sockets.values()) {
      const { bytesRead } = entry.socket;
      if (bytesRead === (this.#tls ? entry.bytes : 0)) entry.socket.destroy();
      entry.bytes = bytesRead;
    }
  }
}
