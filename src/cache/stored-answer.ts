import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { constants, deflateRaw, inflateRaw } from 'node:zlib';
import type { BlockId } from '../core/call.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import { ANY_DEPTH, skipValue } from '../jsonrpc/scan.ts';

/** An answer as replicas hand it to each other. */
export interface StoredAnswer {
  readonly result: RawJson;
  readonly upstream: string | undefined;
  /** When it was asked for, in ms since the Unix epoch. */
  readonly askedAt: number;
  readonly block: BlockId | undefined;
  readonly settled: boolean;
}

/** In bytes. */
export interface StoredAnswerOptions {
  /** Larger answers are compressed. */
  readonly compressAbove: number;
  /** No answer may be larger, however little it takes when compressed. */
  readonly largest: number;
}

const COMPRESSED = 1;
const SETTLED = 2;
const IN_BLOCK = 4;
const KNOWN = COMPRESSED | SETTLED | IN_BLOCK;
/** Flags, the length of the upstream's name, the time. */
const HEAD = 8;
/** Height and hash. */
const BLOCK = 38;

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Writes an answer; undefined for one that is too large, or whose upstream's name is too long. */
export const encodeAnswer = async (answer: StoredAnswer, options: StoredAnswerOptions): Promise<Buffer | undefined> => {
  const { result, upstream = '', block, settled, askedAt } = answer;
  const name = Buffer.from(upstream);
  if (result.length > options.largest || name.length > 255) return undefined;
  const compressed = result.length > options.compressAbove;
  const body = compressed ? await deflate(result, { level: constants.Z_BEST_SPEED }) : result;
  const head = Buffer.alloc(HEAD + name.length + (block === undefined ? 0 : BLOCK));
  head[0] = (compressed ? COMPRESSED : 0) | (settled ? SETTLED : 0) | (block === undefined ? 0 : IN_BLOCK);
  head[1] = name.length;
  head.writeUIntBE(askedAt, 2, 6);
  name.copy(head, HEAD);
  if (block !== undefined) {
    head.writeUIntBE(block.number, HEAD + name.length, 6);
    head.write(block.hash.slice(2), HEAD + name.length + 6, 'hex');
  }
  return Buffer.concat([head, body]);
};

/** Reads what `encodeAnswer` wrote. Undefined for whatever it did not: who can write to the server may write anything. */
export const decodeAnswer = async (
  bytes: Buffer,
  { largest }: StoredAnswerOptions,
): Promise<StoredAnswer | undefined> => {
  const flags = bytes[0] ?? 0;
  const end = HEAD + (bytes[1] ?? 0);
  const start = end + (flags & IN_BLOCK ? BLOCK : 0);
  const body = bytes.subarray(start);
  if ((flags & ~KNOWN) !== 0 || body.length === 0 || body.length > largest) return undefined;
  const result = flags & COMPRESSED ? await unpacked(body, largest) : body;
  if (result === undefined || !isJson(result)) return undefined;
  const block = flags & IN_BLOCK ? { number: bytes.readUIntBE(end, 6), hash: hashAt(bytes, end + 6) } : undefined;
  const upstream = bytes[1] === 0 ? undefined : bytes.toString('utf8', HEAD, end);
  return { result, upstream, askedAt: bytes.readUIntBE(2, 6), block, settled: (flags & SETTLED) !== 0 };
};

const hashAt = (bytes: Buffer, at: number): string => `0x${bytes.toString('hex', at, at + 32)}`;

const unpacked = async (body: Buffer, largest: number): Promise<Buffer | undefined> => {
  try {
    return await inflate(body, { maxOutputLength: largest });
  } catch {
    return undefined;
  }
};

const isJson = (result: Buffer): boolean => isUtf8(result) && skipValue(result, 0, ANY_DEPTH) === result.length;
