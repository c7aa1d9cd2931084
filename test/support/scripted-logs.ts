import type { ScriptedLog } from './scripted-chain.ts';
import type { Hex } from './scripted-header.ts';

/** Whether a log filter wants a log: address and topics, each a value, a list of alternatives, or anything. */
export const matches = (log: Pick<ScriptedLog, 'address' | 'topics'>, filter: Record<string, unknown>): boolean => {
  const { address, topics = [] } = filter;
  const oneOf = (wanted: unknown, value: Hex | undefined): boolean =>
    wanted === undefined ||
    wanted === null ||
    (Array.isArray(wanted) ? wanted.length === 0 || wanted.some((one) => same(one, value)) : same(wanted, value));
  const positions = topics as readonly unknown[];
  if (log.topics.length < positions.length) return false;
  return oneOf(address, log.address) && positions.every((wanted, index) => oneOf(wanted, log.topics[index]));
};

const same = (one: unknown, other: Hex | undefined): boolean => String(one).toLowerCase() === other;
