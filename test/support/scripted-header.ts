import { keccak_256 } from '@noble/hashes/sha3.js';

/** 0x-prefixed lower-case hex. */
export type Hex = string;

export const hexOf = (value: number | bigint): Hex => `0x${value.toString(16)}`;
export const bytesOf = (hex: Hex): Buffer => Buffer.from(hex.slice(2), 'hex');
export const keccak = (data: Uint8Array): Hex => `0x${Buffer.from(keccak_256(data)).toString('hex')}`;
/** A hash made of words: what a script names `transfer 7` is always the same 32 bytes. */
export const hashOf = (...words: readonly (string | number)[]): Hex => keccak(Buffer.from(words.join('/')));

type RlpItem = Uint8Array | readonly RlpItem[];

const minimal = (value: number | bigint): Buffer => {
  if (BigInt(value) === 0n) return Buffer.alloc(0);
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
};

const withLength = (payload: Uint8Array, short: number): Buffer => {
  if (payload.length < 56) return Buffer.concat([Buffer.from([short + payload.length]), payload]);
  const length = minimal(payload.length);
  return Buffer.concat([Buffer.from([short + 55 + length.length]), length, payload]);
};

/** RLP as the yellow paper's appendix B has it. Written apart from the one in `src`, so that each can catch the other. */
export const rlp = (item: RlpItem): Buffer => {
  if (!(item instanceof Uint8Array)) return withLength(Buffer.concat(item.map(rlp)), 0xc0);
  return item.length === 1 && (item[0] ?? 0) < 0x80 ? Buffer.from(item) : withLength(item, 0x80);
};

/** The 2048-bit bloom of a block's logs: three bits for each address and topic. */
export const bloomOf = (logs: readonly { readonly address: Hex; readonly topics: readonly Hex[] }[]): Hex => {
  const bloom = Buffer.alloc(256);
  for (const value of logs.flatMap(({ address, topics }) => [address, ...topics])) {
    const hash = Buffer.from(keccak_256(bytesOf(value)));
    for (const at of [0, 2, 4]) {
      const bit = hash.readUInt16BE(at) & 2047;
      bloom[255 - (bit >> 3)] = (bloom[255 - (bit >> 3)] ?? 0) | (1 << (bit & 7));
    }
  }
  return `0x${bloom.toString('hex')}`;
};

/** What tells one scripted block from another. */
export interface HeaderContent {
  readonly number: number;
  readonly parentHash: Hex;
  readonly timestamp: number;
  readonly logsBloom: Hex;
  readonly transactionsRoot: Hex;
  readonly receiptsRoot: Hex;
  /** Distinguishes siblings. */
  readonly salt: string;
}

const emptyUncles = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347';
const gasLimit = 30_000_000;
const baseFee = 1_000_000_000;

/** A London header as `newHeads` pushes it; its hash is the keccak of its RLP, as on a real chain. */
export const sealHeader = (content: HeaderContent): Readonly<Record<string, Hex>> & { readonly hash: Hex } => {
  const header = {
    parentHash: content.parentHash,
    sha3Uncles: emptyUncles,
    miner: '0x00000000000000000000000000000000000c0ffe',
    stateRoot: hashOf('state', content.parentHash, content.salt),
    transactionsRoot: content.transactionsRoot,
    receiptsRoot: content.receiptsRoot,
    logsBloom: content.logsBloom,
    difficulty: '0x0',
    number: hexOf(content.number),
    gasLimit: hexOf(gasLimit),
    gasUsed: '0x0',
    timestamp: hexOf(content.timestamp),
    extraData: `0x${Buffer.from(content.salt).toString('hex')}`,
    mixHash: hashOf('mix', content.parentHash),
    nonce: '0x0000000000000000',
    baseFeePerGas: hexOf(baseFee),
  };
  const quantities = new Set(['difficulty', 'number', 'gasLimit', 'gasUsed', 'timestamp', 'baseFeePerGas']);
  const fields = Object.entries(header).map(([name, value]) =>
    quantities.has(name) ? minimal(BigInt(value)) : bytesOf(value),
  );
  return { hash: keccak(rlp(fields)), ...header };
};
