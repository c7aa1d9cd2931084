import type { Devnet } from './devnet.ts';

/** First topic of the ticker's event, the hash of `Tick(uint256)`; the second topic is the number. */
export const tickTopic = '0xb8c95b3cea6303a753d912e243354ef08add1085ed07d34191514ef1001ef9d8';

const countSelector = '06661abd';
const tickSelector = '3eaf5d9f';

/** Bytes of EVM code in hex, and what they do. */
type Assembly = readonly (readonly [code: string, meaning: string])[];

const assemble = (lines: Assembly): string =>
  lines
    .map(([code]) => code)
    .join('')
    .replaceAll(' ', '');

/** Any call but `count()` is a tick. Below the stack is written with its top on the right. */
const runtime: Assembly = [
  ['60 00 35', 'CALLDATALOAD(0)'],
  ['60 e0 1c', 'SHR(224): the selector'],
  [`63 ${countSelector}`, 'PUSH4 count()'],
  ['14', 'EQ'],
  ['60 40 57', 'JUMPI to offset 0x40 (count)'],
  ['60 00 54', 'SLOAD(0): the count so far'],
  ['60 01 01', 'ADD(1): n'],
  ['80 60 00 55', 'SSTORE(0, n): n stays on the stack'],
  [`7f ${tickTopic.slice(2)}`, 'PUSH32: the first topic'],
  ['60 00 60 00', 'no data: n, topic, 0, 0'],
  ['a2', 'LOG2: topics (topic, n)'],
  ['00', 'STOP'],
  ['5b', 'JUMPDEST count'],
  ['60 00 54', 'SLOAD(0)'],
  ['60 00 52', 'MSTORE(0, count)'],
  ['60 20 60 00 f3', 'RETURN 32 bytes from 0'],
];

const runtimeCode = assemble(runtime);
const runtimeLength = (runtimeCode.length / 2).toString(16).padStart(2, '0');

/** Copies the runtime code, which stands behind these eleven bytes, and returns it. */
const init: Assembly = [
  [`60 ${runtimeLength} 80`, 'the length, twice'],
  ['60 0b 60 00', 'from offset 11 of this code, to memory 0'],
  ['39', 'CODECOPY(0, 11, length)'],
  ['60 00 f3', 'RETURN(0, length)'],
];

/** Creates the contract: `tick()` counts up and emits `Tick(number)`, numbered from 1; `count()` is the number so far. */
export const tickerBytecode = `0x${assemble(init)}${runtimeCode}`;

export const tickerAbi = [
  { type: 'function', name: 'tick', inputs: [], outputs: [], stateMutability: 'nonpayable' },
  { type: 'function', name: 'count', inputs: [], outputs: [{ name: '', type: 'uint256' }], stateMutability: 'view' },
  { type: 'event', name: 'Tick', inputs: [{ name: 'number', type: 'uint256', indexed: true }] },
] as const;

/** Where the contract is when creating it is the first thing that account 0 does. */
export const tickerAddress = '0x5fbdb2315678afecb367f032d93f642f64180aa3';

const deployer = 0;
const ticking = 9;

/** Creates the contract at `tickerAddress` with the next block of a fresh devnet. Returns the transaction's hash. */
export const deployTicker = (devnet: Devnet): Promise<string> => devnet.send({ from: deployer, data: tickerBytecode });

/** One tick with the next block, from an account that does nothing else. Returns the transaction's hash. */
export const sendTick = (devnet: Devnet): Promise<string> =>
  devnet.send({ from: ticking, to: tickerAddress, data: `0x${tickSelector}` });
