import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';

/** `node`: good here; `node-expired`: over; `node-elsewhere`: for another host. See `tls/README.md`. */
export type Proof = 'node' | 'node-expired' | 'node-elsewhere';

const folder = new URL('tls/', import.meta.url);
const key = readFileSync(new URL('test-node.key', folder));

/** The file that `NODE_EXTRA_CA_CERTS` names where these certificates are to be trusted. */
export const authority: string = new URL('test-authority.crt', folder).pathname;

/** TLS before a port of loopback, as a node's own or that of a proxy in front of it. */
export class TlsFront implements AsyncDisposable {
  /** What each connection, of those that were made, agreed to speak by ALPN: false where that was not asked. */
  readonly spoken: (string | false | null)[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: number, proof: Proof, protocols: readonly string[]) {
    const cert = readFileSync(new URL(`test-${proof}.crt`, folder));
    this.#server = createServer({ cert, key, ALPNProtocols: [...protocols] }, (socket) => this.#take(socket, target));
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  /** `protocols` are offered by ALPN, best first. */
  static async start(
    target: number,
    { proof = 'node', protocols = ['http/1.1'] }: { proof?: Proof; protocols?: readonly string[] } = {},
  ): Promise<TlsFront> {
    const front = new TlsFront(target, proof, protocols);
    await new Promise<void>((resolve) => front.#server.listen(0, '127.0.0.1', resolve));
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #take(near: TLSSocket, target: number): void {
    this.spoken.push(near.alpnProtocol);
    const far = connect({ host: '127.0.0.1', port: target });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.pipe(other);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
