import type { BlockRange, LogFilter } from '../../src/ethereum/logs.ts';
import { matches } from '../../src/ethereum/logs.ts';

/** A log object as nodes give it. */
export interface TrueLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: string;
  readonly blockHash: string;
  readonly transactionHash: string;
  readonly logIndex: string;
}

const hex = (value: number): string => `0x${value.toString(16)}`;

export const addressOf = (index: number): string => `0x${index.toString(16).padStart(40, 'a')}`;
export const topicOf = (index: number): string => `0x${index.toString(16).padStart(64, '7')}`;
export const blockHashOf = (number: number): string => `0x${number.toString(16).padStart(64, '0b')}`;

const transactionHashOf = (block: number, index: number): string =>
  `0x${(block * 1000 + index).toString(16).padStart(64, '7c')}`;

/** The logs of a chain: for each block, the indices of the addresses that logged in it, in order. */
export class LogTruth {
  readonly blocks: readonly (readonly TrueLog[])[];

  constructor(blocks: readonly (readonly number[])[]) {
    this.blocks = blocks.map((addresses, number) =>
      addresses.map((address, index) => ({
        address: addressOf(address),
        topics: [topicOf(address % 2)],
        data: '0x',
        blockNumber: hex(number),
        blockHash: blockHashOf(number),
        transactionHash: transactionHashOf(number, index),
        logIndex: hex(index),
      })),
    );
  }

  get head(): number {
    return this.blocks.length - 1;
  }

  logs({ from, to }: BlockRange, filter: LogFilter): readonly TrueLog[] {
    return this.blocks.slice(from, to + 1).flatMap((logs) => logs.filter((log) => matches(filter, log)));
  }
}
