import type { Clock } from '../lib/clock.ts';
import { HttpTransport } from './http-transport.ts';
import { dialIpc } from './ipc-transport.ts';
import { type NodeAddress, nodeAddress, siblingSocket } from './node-address.ts';
import { type Dial, type SocketDeps, SocketTransport } from './socket-transport.ts';
import type { UpstreamOptions } from './upstream-options.ts';
import { dialWebSocket } from './ws-transport.ts';

/** The ways to one node: at least one of the two is there. */
export interface NodeTransports {
  readonly http: HttpTransport | undefined;
  readonly socket: SocketTransport | undefined;
  /** Small calls go by the socket while it is open. */
  readonly rides: boolean;
}

export interface TransportDeps extends Omit<SocketDeps, 'dial'> {
  readonly httpLost: (why: string) => void;
}

/** Builds what `url`, `ws` and `calls` say. Throws where an address is none; the config has checked that before. */
export const nodeTransports = (options: UpstreamOptions, deps: TransportDeps): NodeTransports => {
  const main = addressOf(options.url, options);
  if (main.kind !== 'http') return { http: undefined, socket: socketTo(main, false, options, deps), rides: true };
  const http = new HttpTransport(
    { ...options, url: main.target, headers: main.headers },
    { clock: deps.clock, lost: deps.httpLost, stray: deps.stray },
  );
  const beside = addressOf(options.ws ?? siblingSocket(options.url), options);
  const socket = socketTo(beside, options.ws === undefined, options, deps);
  return { http, socket, rides: options.calls === 'ws' || (options.calls === 'auto' && beside.nearby) };
};

const addressOf = (text: string, { name, headers }: UpstreamOptions): NodeAddress => {
  const address = nodeAddress(text, headers);
  if (address === undefined) throw new Error(`upstream ${name} has an address that is no URL of a known kind`);
  return address;
};

const socketTo = (address: NodeAddress, guessed: boolean, options: UpstreamOptions, deps: TransportDeps) =>
  new SocketTransport(
    { ...options, unwelcomePause: guessed ? options.guessPause : undefined },
    { ...deps, dial: dialOf(address, options, deps.clock) },
  );

const dialOf = (address: NodeAddress, options: UpstreamOptions, clock: Clock): Dial =>
  address.kind === 'ipc'
    ? dialIpc({ ...options, path: address.target }, clock)
    : dialWebSocket({ ...options, url: address.target, headers: address.headers }, clock);
