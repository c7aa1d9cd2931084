import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** Bytes below which packing saves nothing. */
const COMPRESSIBLE = 1024;
/** Bytes from which an answer is written in pieces instead of copied into one. */
const LARGE = 32 * 1024;

/** Packs an answer for a client that takes gzip, and says so in the headers. */
export const pack = async (
  request: IncomingMessage,
  headers: Record<string, string>,
  pieces: readonly Buffer[],
): Promise<readonly Buffer[]> => {
  headers['vary'] = 'vary' in headers ? `${headers['vary']}, Accept-Encoding` : 'Accept-Encoding';
  if (!acceptsGzip(request) || sizeOf(pieces) < COMPRESSIBLE) return pieces;
  headers['content-encoding'] = 'gzip';
  return [await gzipped(Buffer.concat(pieces))];
};

/**
 * Writes an answer past Fastify. A small one as text, since Node then sends head and body in one write; a large one in
 * its pieces, without a copy. A client that reads nothing of it for `patience` ms is cut off: its answer takes from what
 * all may hold.
 */
export const write = (
  raw: ServerResponse,
  status: number,
  headers: Record<string, string>,
  pieces: readonly Buffer[],
  patience: number,
): void => {
  const size = sizeOf(pieces);
  if (pieces.length > 0) headers['content-length'] = String(size);
  raw.writeHead(status, headers);
  if (size < LARGE) {
    raw.end(latin1(pieces), 'latin1');
    return;
  }
  raw.setTimeout(patience);
  for (const piece of pieces) raw.write(piece);
  raw.end();
};

const latin1 = (pieces: readonly Buffer[]): string => {
  let text = '';
  for (const piece of pieces) text += piece.toString('latin1');
  return text;
};

/** Bytes of all pieces. */
export const sizeOf = (pieces: readonly Buffer[]): number => pieces.reduce((sum, { length }) => sum + length, 0);

const gzipped = promisify(gzip);

/** Piece by piece: one pattern for the whole header would go through a long run of white space again and again. */
const acceptsGzip = (request: IncomingMessage): boolean =>
  (request.headers['accept-encoding'] ?? '').split(',').some((coding) => {
    const [name = '', weight] = coding.split(';', 2).map((part) => part.trim().toLowerCase());
    return (name === 'gzip' || name === '*') && !/^q=0(?:\.0*)?$/.test(weight ?? '');
  });
