import { createServer } from 'node:net';

/** Below the ports that the system gives out by itself, and apart from a devnet's. */
const first = 10_000;
const blocks = 8;
const size = 1200;

/** The block of this process among those that run tests at the same time. */
const block = first + (Number(process.env['VITEST_POOL_ID'] ?? process.pid) % blocks) * size;

/**
 * Ports of 127.0.0.1 for servers that stop and come back: while one of them is away, nobody else is given its port, which
 * the system would do with one of its own. Begins somewhere in the block, for other runs may go on beside this one.
 */
class Ports {
  #next = Math.floor(Math.random() * size);

  /** One on which nobody listens, and which was not given out lately. */
  async take(): Promise<number> {
    for (let tries = 0; tries < size; tries += 1) {
      const port = block + this.#next;
      this.#next = (this.#next + 1) % size;
      if (await isFree(port)) return port;
    }
    throw new Error(`no port is free from ${block} to ${block + size - 1}`);
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

export const ports: Pick<Ports, 'take'> = new Ports();
