import type { Reason } from '../jsonrpc/errors.ts';
import { type GatewayError, gatewayError } from '../jsonrpc/errors.ts';
import type { RawJson, RpcError } from '../jsonrpc/message.ts';

/** Where an answer came from, in the words of the `x-headgate-cache` header. */
export type Source = 'hit' | 'miss' | 'coalesced' | 'local' | 'bypass';

/** The ways in which an answer costs no call to a node. */
export const SPARING = ['hit', 'coalesced', 'local'] as const satisfies readonly Source[];
export type Sparing = (typeof SPARING)[number];

/** How a call to a node was spared; undefined where none was. */
export const sparedBy = ({ ok, info: { source } }: Reply): Sparing | undefined =>
  ok && source !== 'miss' && source !== 'bypass' ? source : undefined;

/** What an answer took. */
export interface Cost {
  readonly source: Source;
  /** The upstream whose answer this is. */
  readonly upstream: string | undefined;
  /** Attempts made at upstreams for this answer. */
  readonly attempts: number;
}

export interface ReplyInfo extends Cost {
  /** Height of the published head to which the call was pinned. */
  readonly block: number | undefined;
  /** The pinned block was orphaned before the answer: the call, with its whole batch, has to be pinned again. */
  readonly orphaned: boolean;
}

/** The answer to a call. An error is an answer too; nothing on the walk throws for what a node or client did. */
export type Reply =
  | { readonly ok: true; readonly result: RawJson; readonly info: ReplyInfo }
  | {
      readonly ok: false;
      readonly error: RpcError;
      /** The node's own bytes of the error object; undefined where the gateway made the error. */
      readonly raw: RawJson | undefined;
      /** Set where the gateway made the error. */
      readonly reason: Reason | undefined;
      /** Seconds after which a client may try again, for `Retry-After`. */
      readonly retryAfter: number | undefined;
      readonly info: ReplyInfo;
    };

/** What the gateway knows by itself. */
export const free: Cost = { source: 'local', upstream: undefined, attempts: 0 };

/** From what took most to what took nothing. */
const SOURCES = ['miss', 'bypass', 'coalesced', 'hit', 'local'] as const satisfies readonly Source[];

/** What the parts of an answer took together: it comes from where the dearest part does, and the last upstream stands for all. */
export const costOf = (parts: readonly Cost[]): Cost => ({
  source: SOURCES.find((word) => parts.some(({ source }) => source === word)) ?? 'local',
  upstream: parts.findLast(({ upstream }) => upstream !== undefined)?.upstream,
  attempts: parts.reduce((sum, { attempts }) => sum + attempts, 0),
});

const localInfo: ReplyInfo = {
  ...free,
  block: undefined,
  orphaned: false,
};

/** A result that the gateway knows by itself. */
export const localReply = (result: RawJson, info: Partial<ReplyInfo> = {}): Reply => ({
  ok: true,
  result,
  info: { ...localInfo, ...info },
});

/** One of the gateway's own errors as a reply. */
export const faultReply = (error: GatewayError, info: Partial<ReplyInfo> = {}, retryAfter?: number): Reply => ({
  ok: false,
  error,
  raw: undefined,
  reason: error.data.reason,
  retryAfter,
  info: { ...localInfo, ...info },
});

/** Too much is under way, as `why` says; a client may try again in a second. */
export const overloaded = (why: string): Reply =>
  faultReply(gatewayError('overloaded', `too busy: ${why}; try again in a second`), {}, 1);

/** What is told whose answer's bytes would be too many. */
export const tooManyBytes = (): Reply => overloaded('too many bytes of answers are under way, or not read yet');

/** Shorthand for the common case of `faultReply`. */
export const refuse = (reason: Reason, message: string, details?: Readonly<Record<string, unknown>>): Reply =>
  faultReply(gatewayError(reason, message, details));
