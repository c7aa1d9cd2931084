import { createServer } from 'node:net';

/** Ports a devnet may use, both ends included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Below every common ephemeral range (Linux starts at 32768), so that no outgoing connection takes the port of a node
 * that is dead for a while.
 */
export const devnetPorts: PortRange = { first: 20_000, last: 31_999 };

/**
 * A port of `range` on 127.0.0.1 that nobody listens on and that is not in `taken`. The search starts at a random
 * place, so that several devnets starting at once do not race for the same ports.
 */
export const findFreePort = async (
  range: PortRange,
  random: () => number,
  taken: ReadonlySet<number>,
): Promise<number> => {
  const size = range.last - range.first + 1;
  const start = Math.floor(random() * size);
  for (let step = 0; step < size; step++) {
    const port = range.first + ((start + step) % size);
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`no free port on 127.0.0.1 between ${range.first} and ${range.last}`);
};

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
