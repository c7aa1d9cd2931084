import type { FailureClass } from '../core/outcome.ts';
import { tlsFault } from './tls-fault.ts';

/** What went wrong below JSON-RPC. */
export interface Fault {
  readonly failure: FailureClass;
  /** In words, without the address: a host's name may be a secret. */
  readonly message: string;
  /** Whatever stood behind the connection may be gone, or another process now. */
  readonly lost: boolean;
}

const codeOf = (error: unknown): string => {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (typeof code === 'string') return code;
  // Happy eyeballs fails with all addresses' errors together.
  return error instanceof AggregateError && error.errors.length > 0 ? codeOf(error.errors[0]) : 'no code';
};

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed by the node',
  UND_ERR_SOCKET: 'connection closed by the node before its answer was complete',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within the connect timeout',
  ETIMEDOUT: 'no connection within the connect timeout',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ENOTFOUND: 'the host name does not resolve',
  EAI_AGAIN: 'the host name does not resolve at this moment',
  ENOENT: 'no such socket file',
  EACCES: 'the socket file may not be opened',
};

/** Reads what a socket, TLS or HTTP parser reported. */
export const faultOf = (error: unknown): Fault => {
  const code = codeOf(error);
  if (
    code.startsWith('HPE_') ||
    code === 'UND_ERR_HEADERS_OVERFLOW' ||
    code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
  ) {
    return { failure: 'bad_reply', message: `not HTTP (${code})`, lost: false };
  }
  const known = words[code];
  if (known !== undefined) return { failure: 'transport', message: known, lost: true };
  const tls = tlsFault(code);
  return { failure: 'transport', message: tls ?? `connection failed (${code})`, lost: tls === undefined };
};

/** True where somebody listens with whom TLS could not be agreed on. */
export const isTlsFault = (error: unknown): boolean => tlsFault(codeOf(error)) !== undefined;

/** True where nobody listens or nothing answers, as opposed to somebody who turns us away. */
export const isUnreachable = (error: unknown): boolean =>
  ['ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT'].includes(
    codeOf(error),
  );
