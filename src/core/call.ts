import type { MethodSpec } from '../ethereum/methods.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import type { Cancellation } from '../lib/cancellation.ts';
import type { Memory } from './memory.ts';
import type { Session } from './session.ts';

/** A block, named so that no fork can confuse it. `hash` is 0x-prefixed lower-case hex. */
export interface BlockId {
  readonly number: number;
  readonly hash: string;
}

/** What the chain agreed on at one moment; never changes, so a batch that carries one sees one chain. */
export interface HeadSnapshot {
  readonly latest: BlockId;
  readonly safe: BlockId | undefined;
  readonly finalized: BlockId | undefined;
}

/** Who is asking. */
export interface Client {
  /** A configured key's name, or `anonymous`. */
  readonly name: string;
  /** The peer's address, taken from a trusted proxy's header where one is configured. */
  readonly address: string;
  /** May choose the upstream and go past the cache. */
  readonly debug: boolean;
}

/** A client's request on its walk. Frozen: a layer that wants another one passes on a new one. */
export interface Call {
  /** The chain's configured name. */
  readonly chain: string;
  readonly method: string;
  readonly spec: MethodSpec;
  /** An array or object, as bytes. */
  readonly params: RawJson;
  readonly client: Client;
  readonly transport: 'http' | 'ws' | 'internal';
  /** Monotonic ms (`Clock.now`) after which an answer is of no use. */
  readonly deadline: number;
  /** Fires when the client has gone. */
  readonly cancellation: Cancellation;
  /** The head as it was when the call, or the batch it came in, arrived. Undefined until the chain has one. */
  readonly head: HeadSnapshot | undefined;
  /** Answer only from state at this height or later (`x-headgate-min-block`). */
  readonly minBlock: number | undefined;
  /** Ask this upstream and no other (`x-headgate-upstream`). */
  readonly only: string | undefined;
  readonly bypassCache: boolean;
  /** The connection that events can be pushed to; undefined where there is none (HTTP). */
  readonly session: Session | undefined;
  /** Where the bytes of its answer count; undefined where nobody's answer is put together. */
  readonly memory: Memory | undefined;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  /** The block that the pin layer chose for this call; the router writes it into each attempt. */
  readonly pin: BlockId | undefined;
  /**
   * Tells a false answer from a true one, where a room can; a false one makes the router ask another node. `source` is
   * the same for answers of the same node, and says no more.
   */
  readonly accept: ((result: RawJson, source: string) => boolean) | undefined;
}
