import type { Layer } from '../core/layer.ts';
import { refuse } from '../core/reply.ts';
import { globs } from '../lib/glob.ts';

export interface AccessOptions {
  /** What happens to a method that headgate's table does not know. */
  readonly unknown: 'forward' | 'deny';
  /** Glob patterns; they beat `deny`, and both beat `unknown`. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

/** May this method be called here at all? Judges the method's name as a node would read it, not as it was spelt. */
export const access = (options: AccessOptions): Layer => {
  const allowed = globs(options.allow);
  const denied = globs(options.deny);
  return (next) => (call) => {
    if (allowed(call.method)) return next(call);
    if (denied(call.method)) {
      return Promise.resolve(refuse('method_denied', `the method ${printable(call.method)} is not offered here`));
    }
    if (options.unknown === 'deny' && !call.spec.known) {
      const message = `the method ${printable(call.method)} does not exist or is not offered here`;
      return Promise.resolve(refuse('method_unknown', message));
    }
    return next(call);
  };
};

/** A name that a client chose, short enough to be said back. */
const printable = (name: string): string => JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name);
