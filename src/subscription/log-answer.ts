import type { AnsweredLog } from '../ethereum/answered-logs.ts';
import { bloomOf } from '../ethereum/bloom.ts';
import { BlockLog } from './block-logs.ts';

/**
 * What a node's answer to "all logs of this block" is worth, seen from the block's own header:
 * - `proven`: exactly the logs that the header's bloom speaks of;
 * - `possible`: nothing speaks against it, but the bloom cannot tell (it is nearly full, it is empty on a chain that may
 *   not fill it in, or there are logs that it leaves out, as some chains do): a second source has to say the same;
 * - `false`: not this block's, not all of them, or no list of logs.
 */
export type Judgement =
  | { readonly kind: 'proven'; readonly logs: readonly BlockLog[] }
  /** `exceeds`: there are logs that the bloom does not know. */
  | { readonly kind: 'possible'; readonly logs: readonly BlockLog[]; readonly exceeds: boolean }
  | { readonly kind: 'false' };

const refuted: Judgement = { kind: 'false' };

/** Share of a bloom's bits from which it hides too much: three of four single values would go unnoticed. */
const DENSE = 0.9;

/** Judges the logs of an answer. `trusted`: an empty bloom of this chain means that there are no logs. */
export const judgeLogs = (
  answer: readonly AnsweredLog[] | undefined,
  block: { readonly hash: string; readonly bloom: Uint8Array | undefined },
  trusted: boolean,
): Judgement => {
  const logs = logsOf(answer, block.hash);
  if (logs === undefined) return refuted;
  if (block.bloom === undefined) return { kind: 'possible', logs, exceeds: false };
  const found = bloomOf(logs);
  if (!covers(found, block.bloom)) return refuted;
  const set = bits(block.bloom);
  const exact = covers(block.bloom, found);
  const telling = exact && set < DENSE * block.bloom.length * 8 && (set > 0 || trusted);
  return telling ? { kind: 'proven', logs } : { kind: 'possible', logs, exceeds: !exact };
};

/** All of a block's logs are numbered from 0 without a gap, and each says which block it is of. */
const logsOf = (answer: readonly AnsweredLog[] | undefined, block: string): BlockLog[] | undefined =>
  answer?.every(({ blockHash, logIndex }, index) => blockHash.toLowerCase() === block && Number(logIndex) === index)
    ? answer.map((fields, index) => new BlockLog(index, fields))
    : undefined;

/** True if `bloom` has every bit of `other`. */
const covers = (bloom: Uint8Array, other: Uint8Array): boolean =>
  other.every((byte, at) => (byte & ~(bloom[at] ?? 0)) === 0);

const bits = (bloom: Uint8Array): number => {
  let count = 0;
  for (let byte of bloom) for (; byte !== 0; byte &= byte - 1) count += 1;
  return count;
};
