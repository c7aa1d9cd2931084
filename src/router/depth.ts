import type { Call } from '../core/call.ts';
import { locate } from '../ethereum/block-ref.ts';

/** The lowest block that a call reads; undefined where it names none, or one that is not known by number. */
export const depthOf = ({ spec, params, pin }: Pick<Call, 'spec' | 'params' | 'pin'>): number | undefined => {
  const ref = locate(spec, params);
  switch (ref.kind) {
    case 'number':
      return ref.number;
    case 'tag':
      return ref.tag === 'earliest' ? 0 : pin?.number;
    case 'logs':
      if (ref.blockHash !== undefined) return pin?.number;
      return ref.from.kind === 'number' ? ref.from.number : pin?.number;
    default:
      return pin?.number;
  }
};
