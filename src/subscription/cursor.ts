import type { BlockId } from '../core/call.ts';
import type { Position } from './position.ts';

/** A position with the chain it is on: all that is needed to go on from there, on any replica, at any time. */
export interface Cursor {
  readonly chainId: bigint;
  readonly position: Position;
}

/** One byte of version, eight of chain id, six of height, the block's hash, and four for the logs behind it. */
const VERSION = 1;
const SIZE = 51;
/** The same, and then the height and hash of the block that was announced last. */
const WITH_ANNOUNCED = { version: 2, size: SIZE + 38 };
const MOST_CHAIN_ID = 2n ** 64n - 1n;
const shape = /^(?:[A-Za-z0-9_-]{68}|[A-Za-z0-9_-]{119})$/;

/** The cursor as text: 68 characters, or 119 where blocks have just been taken back, that fit into a URL and a header. */
export const encodeCursor = ({ chainId, position: { number, hash, logs, announced } }: Cursor): string => {
  const bytes = Buffer.alloc(announced === undefined ? SIZE : WITH_ANNOUNCED.size);
  bytes.writeUInt8(announced === undefined ? VERSION : WITH_ANNOUNCED.version, 0);
  bytes.writeBigUInt64BE(chainId > MOST_CHAIN_ID ? MOST_CHAIN_ID : chainId, 1);
  writeBlock(bytes, { number, hash }, 9);
  bytes.writeUInt32BE(logs, 47);
  if (announced !== undefined) writeBlock(bytes, announced, SIZE);
  return bytes.toString('base64url');
};

/** Undefined for anything that `encodeCursor` did not write. */
export const decodeCursor = (text: unknown): Cursor | undefined => {
  if (typeof text !== 'string' || !shape.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  const more = bytes.length === WITH_ANNOUNCED.size;
  if (bytes[0] !== (more ? WITH_ANNOUNCED.version : VERSION) || bytes.toString('base64url') !== text) return undefined;
  return {
    chainId: bytes.readBigUInt64BE(1),
    position: {
      ...readBlock(bytes, 9),
      logs: bytes.readUInt32BE(47),
      ...(more ? { announced: readBlock(bytes, SIZE) } : {}),
    },
  };
};

const writeBlock = (bytes: Buffer, { number, hash }: BlockId, at: number): void => {
  bytes.writeUIntBE(number, at, 6);
  bytes.write(hash.slice(2), at + 6, 'hex');
};

const readBlock = (bytes: Buffer, at: number): BlockId => ({
  number: bytes.readUIntBE(at, 6),
  hash: `0x${bytes.toString('hex', at + 6, at + 38)}`,
});
