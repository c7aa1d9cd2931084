import type { HeadSnapshot } from './call.ts';
import type { Handle } from './layer.ts';

/** One chain as the listeners see it. */
export interface Endpoint {
  readonly name: string;
  /** Undefined until it was configured or a node has told it. */
  readonly chainId: () => bigint | undefined;
  readonly handle: Handle;
  /** The published head at this moment; a batch takes it once for all its items. */
  readonly head: () => HeadSnapshot | undefined;
  /** How long a client's call may take, in ms. */
  readonly timeoutMs: number;
}
