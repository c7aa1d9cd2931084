import type { Reason } from '../jsonrpc/errors.ts';
import type { Cancellation } from '../lib/cancellation.ts';
import type { Cursor } from './cursor.ts';
import type { Position } from './position.ts';

/** Where a reader wants to begin. */
export type Origin =
  /** With what comes after the present head. */
  | { readonly kind: 'head' }
  /** Behind what it got last. */
  | { readonly kind: 'cursor'; readonly cursor: Cursor }
  /** With this block. */
  | { readonly kind: 'block'; readonly number: number };

/** How long somebody waits for a beginning. */
export interface Patience {
  /** Monotonic ms. */
  readonly deadline: number;
  readonly cancellation: Cancellation;
}

/** Why a reader cannot begin there, in the words of the gateway's own errors. */
export interface Refusal {
  readonly reason: Reason;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export type Beginning = { readonly position: Position } | { readonly refusal: Refusal };
