/** How a node behaves towards the gateway, seen through the proxy before it. */
export type Behaviour =
  | { readonly kind: 'pass' }
  /** Every answer comes this much later. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** This share of the requests is answered with an HTTP error; on a socket with an internal error. */
  | { readonly kind: 'failing'; readonly status: 500 | 502 | 503; readonly share: number }
  /** This share of the requests is refused with 429, with or without `Retry-After` in seconds. */
  | { readonly kind: 'limiting'; readonly retryAfter: number | undefined; readonly share: number }
  /** This share of the answers ends in the middle, with a reset. */
  | { readonly kind: 'resetting'; readonly share: number }
  /** This share of the answers is cut short, and looks complete to HTTP. */
  | { readonly kind: 'truncating'; readonly share: number }
  /** Connections are accepted and stay open, and nothing is ever answered. */
  | { readonly kind: 'silent' }
  /** Claims a head that is this many blocks away from its own, with a hash that nobody has. */
  | { readonly kind: 'lying'; readonly offset: number }
  /** `[]` to every question for logs. */
  | { readonly kind: 'no-logs' };

/** The parts of a JSON-RPC message that a proxy looks at. */
export interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

const hex = (value: number): string => `0x${Math.max(0, value).toString(16)}`;

/** A hash that no block has, always the same for the same height. */
const inventedHash = (number: number): string => `0x${'d15e'.repeat(8)}${number.toString(16).padStart(32, '0')}`;

/** One step ahead links to the node's true head, as a block of its own would; farther away nothing links. */
const inventHead = (header: Fields, offset: number): Fields => {
  const number = Math.max(0, Number(header['number']) + offset);
  const parentHash = offset === 1 ? header['hash'] : inventedHash(number - 1);
  return { ...header, number: hex(number), hash: inventedHash(number), parentHash };
};

const readsLatest = ({ method, params }: Message): boolean =>
  method === 'eth_getBlockByNumber' && Array.isArray(params) && params[0] === 'latest';

/** The answer to `request` as a node of this behaviour gives it; the same object where it changes nothing. */
export const falsify = (behaviour: Behaviour, request: Message | undefined, answer: Message): Message => {
  if (behaviour.kind === 'no-logs' && request?.method === 'eth_getLogs' && Array.isArray(answer.result)) {
    return { ...answer, result: [] };
  }
  if (behaviour.kind !== 'lying') return answer;
  if (request?.method === 'eth_blockNumber' && typeof answer.result === 'string') {
    return { ...answer, result: hex(Number(answer.result) + behaviour.offset) };
  }
  if (request !== undefined && readsLatest(request) && isFields(answer.result)) {
    return { ...answer, result: inventHead(answer.result, behaviour.offset) };
  }
  return falsifyEvent(answer, behaviour.offset);
};

/** A `newHeads` event tells of the invented head too. */
const falsifyEvent = (event: Message, offset: number): Message => {
  const { params } = event;
  if (event.method !== 'eth_subscription' || !isFields(params)) return event;
  const { result } = params;
  if (!isFields(result) || result['parentHash'] === undefined) return event;
  return { ...event, params: { ...params, result: inventHead(result, offset) } };
};
