import type { RpcError } from './message.ts';

/**
 * Every error that the gateway itself makes: the stable word in `data.reason`, the JSON-RPC code (EIP-1474 where it has
 * one), and the HTTP status of a single call. Inside a batch the status is always 200.
 */
const table = {
  parse_error: { code: -32700, status: 400 },
  invalid_request: { code: -32600, status: 400 },
  batch_too_large: { code: -32600, status: 400 },
  empty_batch: { code: -32600, status: 400 },
  duplicate_key: { code: -32600, status: 400 },
  too_deep: { code: -32600, status: 400 },
  body_too_large: { code: -32600, status: 413 },
  unknown_chain: { code: -32600, status: 404 },
  method_denied: { code: -32601, status: 200 },
  method_unknown: { code: -32601, status: 200 },
  internal_error: { code: -32603, status: 500 },
  invalid_params: { code: -32602, status: 200 },
  range_too_large: { code: -32602, status: 200 },
  cursor_lost: { code: -32001, status: 200 },
  no_upstream: { code: -32002, status: 503 },
  not_yet: { code: -32002, status: 503 },
  upstreams_failed: { code: -32002, status: 503 },
  disagreement: { code: -32002, status: 503 },
  timeout: { code: -32002, status: 504 },
  rate_limited: { code: -32005, status: 429 },
  too_many_subscriptions: { code: -32005, status: 429 },
  overloaded: { code: -32005, status: 429 },
  unauthorized: { code: -32016, status: 401 },
  origin_denied: { code: -32016, status: 403 },
  host_denied: { code: -32016, status: 403 },
} as const satisfies Record<string, { code: number; status: number }>;

/** The stable word by which scripts and dashboards know one of the gateway's own errors. */
export type Reason = keyof typeof table;

/** An error made by the gateway itself, as opposed to one that a node said. */
export interface GatewayError extends RpcError {
  readonly data: { readonly reason: Reason } & Readonly<Record<string, unknown>>;
}

/** `message` is for people and says what to do; `details` joins `reason` in the error's `data`. */
export const gatewayError = (
  reason: Reason,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
): GatewayError => ({ code: table[reason].code, message, data: { reason, ...details } });

/** The HTTP status that a single call answered with this reason gets. */
export const statusOf = (reason: Reason): number => table[reason].status;

/**
 * The reason of an error that another headgate made. Its code has to fit: nodes of other kinds tell in `data.reason` why a
 * contract reverted, in the contract's words.
 */
export const reasonOf = ({ code, data }: RpcError): Reason | undefined => {
  const said = typeof data === 'object' && data !== null && 'reason' in data ? data.reason : undefined;
  return typeof said === 'string' && isReason(said) && table[said].code === code ? said : undefined;
};

const isReason = (word: string): word is Reason => Object.hasOwn(table, word);
