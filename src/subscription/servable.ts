import type { ChainView, NodeState } from '../head/chain-view.ts';

const serving: ReadonlySet<NodeState> = new Set(['healthy', 'lagging', 'stalled', 'syncing', 'isolated', 'limited']);

/** True if some node can be asked at this moment. */
export const servable = ({ nodes }: ChainView): boolean => nodes.some(({ state }) => serving.has(state));
