/** Where a listener is to be bound, and how an operator changes that. */
export interface Place {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** What the address is for, as the flags have it: `--port` or `--ops-port`. */
  readonly listener: 'rpc' | 'ops';
}

/** The address that a listener got. */
export interface Bound {
  readonly host: string;
  readonly port: number;
}

/** A listener could not be bound, for a reason that the operator can change; the message says how. */
export class ListenError extends Error {
  /** The system's word for it, such as `EADDRINUSE`. */
  readonly code: string;

  constructor(code: string, message: string, options: ErrorOptions) {
    super(message, options);
    this.name = 'ListenError';
    this.code = code;
  }
}

/** Binds by `listen`. Rejects with a `ListenError` where an operator can help, else with what `listen` said. */
export const bind = async (place: Place, listen: (at: Bound) => Promise<unknown>): Promise<void> => {
  try {
    await listen({ host: place.host, port: place.port });
  } catch (cause) {
    const code = (cause as { code?: unknown } | undefined)?.code;
    const words = typeof code === 'string' ? wording(code, place) : undefined;
    throw words === undefined ? cause : new ListenError(String(code), words, { cause });
  }
};

const wording = (code: string, { host, port, listener }: Place): string | undefined => {
  const [flag, section] = listener === 'ops' ? ['--ops-', 'ops'] : ['--', 'server'];
  const otherPort = `choose another port with ${flag}port (in the file: ${section}.port)`;
  const otherHost = `choose another address with ${flag}host (in the file: ${section}.host)`;
  switch (code) {
    case 'EADDRINUSE':
      return `${addressOf({ host, port })} is in use by another program: end that one, or ${otherPort}`;
    case 'EACCES':
      return `this user may not listen on ${addressOf({ host, port })}, since low ports need more rights: ${otherPort}`;
    case 'EADDRNOTAVAIL':
      return `this machine does not have the address ${host}: ${otherHost}`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${host} does not lead to an address: ${otherHost}`;
    default:
      return undefined;
  }
};

/** `host:port` as it stands in a URL. */
export const addressOf = ({ host, port }: Bound): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
