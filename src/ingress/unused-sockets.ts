import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/**
 * Connections on which nothing was asked yet: browsers and balancers open some ahead of time. Node takes them for busy, and
 * a server that ends would wait for them.
 */
export class UnusedSockets {
  readonly #tls: boolean;
  /** With the bytes that each had read at the last look; by their remote end, which TLS does not change. */
  readonly #sockets = new Map<string, { readonly socket: Socket; bytes: number }>();

  /** Made once the server has all its listeners. */
  constructor(server: Server) {
    this.#tls = server instanceof TlsServer;
    server.on('connection', (socket: Socket) => {
      const end = remoteEnd(socket);
      this.#sockets.set(end, { socket, bytes: 0 });
      socket.once('close', () => {
        if (this.#sockets.get(end)?.socket === socket) this.#sockets.delete(end);
      });
    });
    const used = ({ socket }: IncomingMessage): boolean => this.#sockets.delete(remoteEnd(socket));
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

const remoteEnd = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
