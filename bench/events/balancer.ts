import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Target {
  readonly port: number;
  connections: number;
}

/**
 * A plain TCP balancer before ports of loopback, as people put before their nodes: a connection goes to the target that
 * has the fewest, and on to the next one where it is refused. It knows nothing of what it carries.
 */
export class Balancer implements AsyncDisposable {
  readonly #targets: readonly Target[];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(ports: readonly number[]) {
    this.#targets = ports.map((port) => ({ port, connections: 0 }));
    this.#server = createServer((client) => this.#take(client));
  }

  static async start(ports: readonly number[]): Promise<Balancer> {
    const balancer = new Balancer(ports);
    await new Promise<void>((resolve) => balancer.#server.listen(0, '127.0.0.1', resolve));
    return balancer;
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

  #take(client: Socket): void {
    this.#own(client);
    const order = this.#targets.toSorted((one, other) => one.connections - other.connections);
    this.#connect(client, order);
  }

  #connect(client: Socket, [target, ...others]: readonly Target[]): void {
    if (target === undefined || client.destroyed) {
      client.destroy();
      return;
    }
    let connected = false;
    const node = connect({ host: '127.0.0.1', port: target.port, noDelay: true }, () => {
      connected = true;
      client.pipe(node).pipe(client);
    });
    target.connections += 1;
    this.#own(node);
    client.once('close', () => node.destroy());
    node.on('close', () => {
      target.connections -= 1;
      if (connected) client.destroy();
      else this.#connect(client, others);
    });
  }

  #own(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
