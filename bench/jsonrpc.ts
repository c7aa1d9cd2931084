/**
 * Decoding side by side with `JSON.parse` on the same bytes, in turns, so that a noisy moment hits both. Prints the median
 * time of one decoding each, and how many times faster ours is. Run: `node bench/jsonrpc.ts`.
 */
import { decodeReply } from '../src/jsonrpc/decode-reply.ts';
import { decodeRequests } from '../src/jsonrpc/decode.ts';

const limits = { depth: 64, batchItems: 1000 };
const ROUNDS = 31;
/** Bytes of input that each side reads in one round, so that a round takes milliseconds whatever the size. */
const BYTES_PER_ROUND = 4e6;

const hex = (length: number): string => {
  let digits = '';
  for (let seed = 1; digits.length < length; ) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    digits += seed.toString(16).padStart(8, '0');
  }
  return `0x${digits.slice(0, length)}`;
};

const request = (method: string, params: unknown): Buffer =>
  Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));

const reply = (result: unknown): Buffer => Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, result }));

const logs = (bytes: number): Buffer => {
  const log = {
    address: hex(40),
    topics: [hex(64), hex(64), hex(64)],
    data: hex(64),
    blockNumber: '0x12a05f2',
    transactionHash: hex(64),
    transactionIndex: '0x1a',
    blockHash: hex(64),
    logIndex: '0x2b',
    removed: false,
  };
  return reply(Array.from({ length: Math.floor(bytes / (JSON.stringify(log).length + 1)) }, () => log));
};

const cases: readonly (readonly [name: string, body: Buffer, decode: (body: Buffer) => unknown])[] = [
  ['request  64 B', request('eth_chainId', []), (body) => decodeRequests(body, limits)],
  [
    'request 200 B',
    request('eth_call', [{ to: hex(40), data: hex(72) }, 'latest']),
    (body) => decodeRequests(body, limits),
  ],
  ['request  10 kB raw tx', request('eth_sendRawTransaction', [hex(1e4)]), (body) => decodeRequests(body, limits)],
  ['request   1 MB raw tx', request('eth_sendRawTransaction', [hex(1e6)]), (body) => decodeRequests(body, limits)],
  ['reply    45 B', reply('0x12a05f200'), decodeReply],
  ['reply   304 kB logs', logs(304e3), decodeReply],
  ['reply     5 MB logs', logs(5e6), decodeReply],
];

const time = (run: () => unknown, times: number): number => {
  const start = performance.now();
  for (let count = 0; count < times; count++) run();
  return ((performance.now() - start) / times) * 1000;
};

const median = (numbers: number[]): number => numbers.sort((a, b) => a - b)[numbers.length >> 1]!;

const rows = cases.map(([name, body, decode]) => {
  const times = Math.max(1, Math.round(BYTES_PER_ROUND / Math.max(body.length, 400)));
  // Until the compiler has had its say.
  time(() => [decode(body), JSON.parse(body.toString())], Math.min(20_000, times * 10));
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(time(() => decode(body), times));
    theirs.push(time(() => JSON.parse(body.toString()), times));
  }
  const decodeUs = median(ours);
  const parseUs = median(theirs);
  return {
    case: name,
    bytes: body.length,
    'decode µs': decodeUs.toFixed(3),
    'JSON.parse µs': parseUs.toFixed(3),
    'times faster': (parseUs / decodeUs).toFixed(1),
  };
});

console.table(rows);
