/** What a request for an event stream asks, as params of `eth_subscribe`; `invalid` says what is wrong with it. */
export type EventQuery = { readonly params: readonly unknown[] } | { readonly invalid: string };

const decimal = /^(?:0|[1-9][0-9]{0,15})$/;
const hex = /^0x[0-9a-fA-F]{1,13}$/;
const positions = ['topic0', 'topic1', 'topic2', 'topic3'] as const;

/**
 * Reads `address`, `topic0` to `topic3` (each repeatable, or separated by commas), `fromBlock` and `heads`. The id of the
 * event that the client got last goes before `fromBlock`. Whether addresses and topics are some is not judged here.
 */
export const readEventQuery = (query: URLSearchParams, lastEventId: string | undefined): EventQuery => {
  const heads = query.get('heads') ?? '0';
  if (!['0', '1', 'true', 'false'].includes(heads)) return { invalid: 'heads is 1 or 0' };
  const from = query.get('fromBlock') ?? '';
  if (from !== '' && !decimal.test(from) && !hex.test(from)) {
    return { invalid: 'fromBlock is a block number, decimal or hex with 0x' };
  }
  const address = valuesOf(query, 'address');
  const topics = positions
    .map((position) => valuesOf(query, position))
    .map((given) => (given.length === 0 ? null : given));
  while (topics.at(-1) === null) topics.pop();
  const filter = { ...(address.length === 0 ? {} : { address }), topics, heads: heads === '1' || heads === 'true' };
  const resumed = lastEventId === undefined || lastEventId === '' ? undefined : { resumeFrom: lastEventId };
  const replayed = from === '' ? null : replayFrom(`0x${Number(from).toString(16)}`);
  return { params: ['events', filter, resumed ?? replayed] };
};

/** The origin of a stream that begins with a block. */
export const replayFrom = (fromBlock: string): unknown => ({ replay: { fromBlock } });

const valuesOf = (query: URLSearchParams, name: string): string[] =>
  query
    .getAll(name)
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '');
