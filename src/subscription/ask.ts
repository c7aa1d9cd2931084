import type { BlockId, Call } from '../core/call.ts';
import type { Handle } from '../core/layer.ts';
import type { Reply } from '../core/reply.ts';
import { methodSpec } from '../ethereum/methods.ts';
import { Cancellation } from '../lib/cancellation.ts';
import type { Clock } from '../lib/clock.ts';

/** A question of the gateway's own. */
export interface Question {
  readonly method: string;
  readonly params: readonly unknown[];
  /** Only nodes that hold this block are asked. */
  readonly pin?: BlockId | undefined;
  /** Only nodes that have reached this height are asked. */
  readonly minBlock?: number | undefined;
  readonly accept?: Call['accept'];
}

export type Ask = (question: Question) => Promise<Reply>;

export interface AskOptions {
  /** The chain's configured name. */
  readonly chain: string;
  /** Ms within which an answer is of use. */
  readonly timeoutMs: number;
}

/** Asks by way of `handle`, in nobody's name. */
export const asking =
  ({ chain, timeoutMs }: AskOptions, handle: Handle, clock: Clock): Ask =>
  ({ method, params, pin, minBlock, accept }) =>
    handle({
      chain,
      method,
      spec: methodSpec(method),
      params: Buffer.from(JSON.stringify(params)),
      client: { name: 'headgate', address: '', debug: false },
      transport: 'internal',
      deadline: clock.now() + timeoutMs,
      cancellation: new Cancellation(),
      head: undefined,
      minBlock,
      only: undefined,
      bypassCache: false,
      session: undefined,
      memory: undefined,
      requestId: 'events',
      traceparent: undefined,
      pin,
      accept,
    });
