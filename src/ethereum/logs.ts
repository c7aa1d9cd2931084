/** A log as far as a filter looks at it. */
export interface LogLike {
  readonly address: string;
  readonly topics: readonly string[];
}

/** What logs a client asked for, apart from the blocks. All values are 0x-prefixed lower case. */
export interface LogFilter {
  /** Undefined: any address. */
  readonly addresses: ReadonlySet<string> | undefined;
  /** By position, at most four; undefined: any topic, but one there has to be, so `[null]` is not `[]`. */
  readonly topics: readonly (ReadonlySet<string> | undefined)[];
}

export interface InvalidFilter {
  /** For a -32602 `invalid_params`. */
  readonly invalid: string;
}

/** Blocks from `from` to `to`, both included. */
export interface BlockRange {
  readonly from: number;
  readonly to: number;
}

const maxTopics = 4;
const address = /^0x[0-9a-fA-F]{40}$/;
const topic = /^0x[0-9a-fA-F]{64}$/;

const member = (value: object, name: string): unknown =>
  Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;

/** One value or a list of alternatives. An empty list, and a list with `null` in it, stand for anything, as in Geth. */
const alternatives = (value: unknown, shape: RegExp): ReadonlySet<string> | undefined | 'wrong' => {
  if (value === undefined || value === null) return undefined;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const found = new Set<string>();
  let anything = list.length === 0;
  for (const one of list) {
    if (one === null && shape === topic) anything = true;
    else if (typeof one === 'string' && shape.test(one)) found.add(one.toLowerCase());
    else return 'wrong';
  }
  return anything ? undefined : found;
};

/** Reads `address` and `topics` of a filter object; its blocks are `locate`'s. */
export const parseLogFilter = (value: unknown): LogFilter | InvalidFilter => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { invalid: 'invalid filter: want an object' };
  const addresses = alternatives(member(value, 'address'), address);
  if (addresses === 'wrong') return { invalid: 'invalid address: want 20 bytes of hex, or a list of such' };
  const given = member(value, 'topics') ?? [];
  if (!Array.isArray(given)) return { invalid: 'invalid topics: want a list' };
  if (given.length > maxTopics) return { invalid: `too many topics: a log has at most ${maxTopics}` };
  const topics: (ReadonlySet<string> | undefined)[] = [];
  for (const position of given) {
    const set = alternatives(position, topic);
    if (set === 'wrong')
      return { invalid: `invalid topic ${topics.length}: want 32 bytes of hex, a list of such, or null` };
    topics.push(set);
  }
  return { addresses, topics };
};

/** The filter as text: equal for filters that mean the same, different for all others. */
export const filterKey = ({ addresses, topics }: LogFilter): string => {
  const sorted = (set: ReadonlySet<string> | undefined) => (set === undefined ? null : [...set].sort());
  return JSON.stringify([sorted(addresses), topics.map(sorted)]);
};

/** True if a node would give this log to whoever asked with this filter. */
export const matches = ({ addresses, topics }: LogFilter, log: LogLike): boolean =>
  log.topics.length >= topics.length &&
  (addresses === undefined || addresses.has(log.address.toLowerCase())) &&
  topics.every((wanted, i) => wanted === undefined || wanted.has((log.topics[i] ?? '').toLowerCase()));

/**
 * Cuts a range at the multiples of `size`, so that ranges that overlap share most of their parts. In order, no gap, no
 * block twice. Lazy: a range of billions costs nothing until it is walked.
 */
export function* splitRange(from: number, to: number, size: number): Generator<BlockRange> {
  for (let start = from; start <= to; ) {
    const end = Math.min(to, (Math.floor(start / size) + 1) * size - 1);
    yield { from: start, to: end };
    start = end + 1;
  }
}

/** The two halves of a range whose result was too large; undefined for a single block. */
export const halve = ({ from, to }: BlockRange): readonly [BlockRange, BlockRange] | undefined => {
  if (from >= to) return undefined;
  const middle = from + Math.floor((to - from) / 2);
  return [
    { from, to: middle },
    { from: middle + 1, to },
  ];
};
