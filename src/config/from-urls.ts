import type { Fault } from './faults.ts';
import type { Loaded } from './load.ts';
import { secretsOf } from './secrets.ts';
import { type Env, validate } from './validate.ts';

/**
 * The configuration of `headgate URL [URL...]`: these upstreams make one chain, `main`, and everything else has its
 * default. A fault's line is 1 and its column the URL's number among the arguments.
 */
export const configFromUrls = (urls: readonly string[], env: Env): Loaded => {
  const result = validate({ chains: [{ name: 'main', default: true, upstreams: urls.map((url) => ({ url })) }] }, env);
  if (result.ok) return { ok: true, config: result.config, secrets: secretsOf(result.config) };
  const faults = result.problems.map(({ path, message, suggestion }): Fault => {
    const index = path[3];
    const number = typeof index === 'number' ? index + 1 : 1;
    const told = suggestion === undefined ? {} : { suggestion };
    return { file: 'command line', line: 1, column: number, key: `URL ${number}`, message, ...told };
  });
  return { ok: false, faults };
};
