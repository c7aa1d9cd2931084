import type { ChainHead } from '../head/chain-head.ts';

/** The part of a chain that readers walk. */
export type Chain = Pick<ChainHead, 'view' | 'tree' | 'believes' | 'onMove' | 'waitFor'>;
