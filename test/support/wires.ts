import { channel } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

interface Wire {
  client?: Socket;
  server?: Socket;
}

const made = channel('net.client.socket');
const taken = channel('net.server.socket');
/** Turns of the event loop without a byte after which nobody is about to say anything. */
const silentTurns = 20;
const patienceMs = 20_000;

/**
 * The TCP connections whose both ends are in this process, from the moment this is made: who owns time can wait here
 * until everything that was said has been heard, however slow the machine is. Connections of which one end is elsewhere,
 * and such whose bytes nobody reads, never come to rest.
 */
export class Wires {
  /** By the client's port. */
  readonly #wires = new Map<number, Wire>();
  readonly #dialling = new Set<Socket>();
  readonly #onMade = (message: unknown) => this.#add((message as { socket: Socket }).socket);
  readonly #onTaken = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    this.#hold(socket.remotePort, 'server', socket);
  };

  constructor() {
    made.subscribe(this.#onMade);
    taken.subscribe(this.#onTaken);
  }

  /** Resolves once every byte has arrived at its other end, and was followed by nothing; rejects after 20 s. */
  async rest(): Promise<void> {
    const start = performance.now();
    let before = this.#bytes();
    for (let silent = 0; silent < silentTurns; silent += 1) {
      await turn();
      const now = this.#bytes();
      if (now !== before || this.#busy()) silent = 0;
      before = now;
      if (performance.now() - start > patienceMs) throw new Error('the connections do not come to rest');
    }
  }

  close(): void {
    made.unsubscribe(this.#onMade);
    taken.unsubscribe(this.#onTaken);
  }

  #add(socket: Socket): void {
    this.#dialling.add(socket);
    socket.once('connect', () => {
      this.#dialling.delete(socket);
      this.#hold(socket.localPort, 'client', socket);
    });
    socket.once('close', () => this.#dialling.delete(socket));
  }

  #hold(port: number | undefined, end: keyof Wire, socket: Socket): void {
    if (port === undefined) return;
    const wire = this.#wires.get(port) ?? {};
    wire[end] = socket;
    this.#wires.set(port, wire);
    socket.once('close', () => {
      const { client, server } = wire;
      if (client?.closed !== false && server?.closed !== false && this.#wires.get(port) === wire) {
        this.#wires.delete(port);
      }
    });
  }

  #bytes(): number {
    let sum = 0;
    for (const { client, server } of this.#wires.values()) sum += (client?.bytesRead ?? 0) + (server?.bytesRead ?? 0);
    return sum;
  }

  #busy(): boolean {
    if (this.#dialling.size > 0) return true;
    return [...this.#wires.values()].some(
      ({ client, server }) =>
        client === undefined ||
        server === undefined ||
        client.destroyed ||
        server.destroyed ||
        client.bytesWritten !== server.bytesRead ||
        server.bytesWritten !== client.bytesRead,
    );
  }
}
