import type { Call } from '../core/call.ts';
import type { Reply } from '../core/reply.ts';
import type { RpcError } from '../jsonrpc/message.ts';
import type { Selection } from './selection.ts';

/** Which upstreams could serve a call at this moment, in what order, and why the others could not. */
export interface Explanation {
  readonly chain: string;
  readonly method: string;
  /** The gateway answers by itself, or refuses; no upstream is asked. Undefined where one would be. */
  readonly answeredHere: { readonly result: unknown } | { readonly error: RpcError } | undefined;
  /** The block that the answer would be read at; undefined where the method reads none, or it is not known by hash. */
  readonly block: { readonly number: number; readonly hash: string } | undefined;
  readonly candidates: readonly {
    readonly place: number;
    readonly upstream: string;
    readonly tier: number;
    readonly state: string;
    readonly score: number;
    readonly inflight: number;
  }[];
  readonly excluded: readonly { readonly upstream: string; readonly why: string }[];
}

/** Explains a call that would be routed. */
export const explainRouted = (call: Call, { candidates, excluded }: Selection): Explanation => ({
  chain: call.chain,
  method: call.method,
  answeredHere: undefined,
  block: call.pin,
  candidates: candidates.map(({ upstream, state, score }, index) => ({
    place: index + 1,
    upstream: upstream.name,
    tier: upstream.tier,
    state,
    score,
    inflight: upstream.stats.inflight,
  })),
  excluded: excluded.map(({ upstream, why }) => ({ upstream, why })),
});

/** Explains a call that no upstream would be asked about. */
export const explainAnswered = (call: Call, reply: Reply): Explanation => ({
  chain: call.chain,
  method: call.method,
  answeredHere: reply.ok ? { result: JSON.parse(reply.result.toString()) } : { error: reply.error },
  block: undefined,
  candidates: [],
  excluded: [],
});
