import type { Socket } from 'node:net';
import { encodeError } from '../jsonrpc/encode.ts';
import { gatewayError } from '../jsonrpc/errors.ts';
import { type CorsOptions, corsHeaders } from './cors.ts';

const answers: Readonly<Record<string, readonly [status: string, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [
    '408 Request Timeout',
    'the request did not arrive in time (server.limits.requestTimeout)',
  ],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers of the request are too large'],
};

/**
 * Answers bytes that never became a request: late, too large or no HTTP. Who sent them cannot be told, so a page may read
 * the answer only where every page may.
 */
export const answerUnreadable =
  (cors: CorsOptions) =>
  (error: Error & { code?: string }, socket: Socket): void => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const [status, message] = answers[error.code ?? ''] ?? [
      '400 Bad Request',
      'the bytes received are no HTTP request',
    ];
    const body = Buffer.concat(encodeError(Buffer.from('null'), gatewayError('invalid_request', message)));
    const headers = [
      `HTTP/1.1 ${status}`,
      'connection: close',
      'content-type: application/json',
      ...Object.entries(corsHeaders(undefined, cors)).map(([name, value]) => `${name}: ${value}`),
      `content-length: ${body.length}`,
    ];
    socket.end(`${headers.join('\r\n')}\r\n\r\n${body.toString('latin1')}`, 'latin1');
  };
