import type { ErrorClass } from '../ethereum/error-class.ts';
import type { RawJson, RpcError } from '../jsonrpc/message.ts';

/** Why an attempt gave no answer, in terms of what to do next. */
export type FailureClass = ErrorClass;

/** What one attempt at an upstream came to. Never thrown. */
export type Outcome =
  | { readonly kind: 'answered'; readonly result: RawJson; readonly latencyMs: number }
  /** The node's error is the client's own (a revert, bad params): an answer, not a failure. */
  | { readonly kind: 'refused'; readonly error: RpcError; readonly raw: RawJson; readonly latencyMs: number }
  | Failed
  /** Whoever asked no longer wants it. Says nothing about the node. */
  | { readonly kind: 'cancelled' };

export interface Failed {
  readonly kind: 'failed';
  readonly failure: FailureClass;
  /** In words, for logs and the status page; never holds a URL or a secret. */
  readonly message: string;
  /** The node's own error, where it said one. */
  readonly error: RpcError | undefined;
  readonly raw: RawJson | undefined;
  readonly retryAfterMs: number | undefined;
  readonly latencyMs: number;
  /** The connection broke while the node had the request. */
  readonly died?: boolean;
  /** The gateway itself turned it away, so that the node never saw it. */
  readonly unsent?: boolean;
  /** The node said it in words that the table of wordings does not have. */
  readonly unknownWording?: boolean;
}

const ownFaults: ReadonlySet<FailureClass> = new Set<FailureClass>(['transport', 'timeout', 'overloaded', 'bad_reply']);

/** The node's own fault; any other failure shows that it is alive, and keeps to its limits or cannot answer this. */
export const isFault = ({ failure }: Failed): boolean => ownFaults.has(failure);

/** A failure in the gateway's own words; `message` must hold neither URL nor secret. */
export const failedBecause = (
  failure: FailureClass,
  message: string,
  { latencyMs = 0, retryAfterMs }: { latencyMs?: number; retryAfterMs?: number | undefined } = {},
): Failed => ({ kind: 'failed', failure, message, error: undefined, raw: undefined, retryAfterMs, latencyMs });

/** One try at an upstream, under way. */
export interface Attempt {
  /** Settles once; never rejects. */
  readonly outcome: Promise<Outcome>;
  /** Gives up: the outcome becomes `cancelled` unless it has settled. */
  cancel(): void;
}
