import type { Position } from './position.ts';

/** A position with the chain it is on: all that is needed to go on from there, on any replica, at any time. */
export interface Cursor {
  readonly chainId: bigint;
  readonly position: Position;
}

/** One byte of version, eight of chain id, six of height, the block's hash, and four for the logs behind it. */
const VERSION = 1;
const SIZE = 51;
const MOST_CHAIN_ID = 2n ** 64n - 1n;
const shape = /^[A-Za-z0-9_-]{68}$/;

/** The cursor as text: 68 characters that fit into a URL and a header. */
export const encodeCursor = ({ chainId, position: { number, hash, logs } }: Cursor): string => {
  const bytes = Buffer.alloc(SIZE);
  bytes.writeUInt8(VERSION, 0);
  bytes.writeBigUInt64BE(chainId > MOST_CHAIN_ID ? MOST_CHAIN_ID : chainId, 1);
  bytes.writeUIntBE(number, 9, 6);
  bytes.write(hash.slice(2), 15, 'hex');
  bytes.writeUInt32BE(logs, 47);
  return bytes.toString('base64url');
};

/** Undefined for anything that `encodeCursor` did not write. */
export const decodeCursor = (text: unknown): Cursor | undefined => {
  if (typeof text !== 'string' || !shape.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== SIZE || bytes[0] !== VERSION) return undefined;
  return {
    chainId: bytes.readBigUInt64BE(1),
    position: {
      number: bytes.readUIntBE(9, 6),
      hash: `0x${bytes.toString('hex', 15, 47)}`,
      logs: bytes.readUInt32BE(47),
    },
  };
};
