import type { Config } from '../config/schema.ts';

/**
 * What a config asks for that this version does not do. It is refused rather than left out in silence: whoever wrote
 * `keys:` believes that nobody else is let in.
 */
export const unserved = (config: Config): readonly string[] => {
  const found: string[] = [];
  if (config.server.workers !== 1) found.push('server.workers: one process serves; leave it at 1');
  if (config.keys !== undefined) found.push('keys: clients are not told apart by keys');
  for (const chain of config.chains) {
    for (const { name, discover } of chain.upstreams) {
      if (discover !== undefined) found.push(`discover of upstream ${name}: name each node by its url`);
    }
  }
  return found;
};
