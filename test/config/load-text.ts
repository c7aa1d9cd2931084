import { renderFault } from '../../src/config/faults.ts';
import { type Loaded, loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';

export interface Outside {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Contents by path; any other file does not exist. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Loads `text` as the file `h.yaml`. */
export const load = (text: string, { env = {}, files = {} }: Outside = {}): Loaded => {
  const readFile = (path: string): string => {
    const content = files[path];
    if (content === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return content;
  };
  return loadConfig({ text, file: 'h.yaml', env, readFile });
};

export const configOf = (text: string, outside?: Outside): Config => {
  const loaded = load(text, outside);
  if (!loaded.ok) throw new Error(loaded.faults.map(renderFault).join('\n'));
  return loaded.config;
};

/** The faults as an operator sees them; none for a good file. */
export const faultsOf = (text: string, outside?: Outside): readonly string[] => {
  const loaded = load(text, outside);
  return loaded.ok ? [] : loaded.faults.map(renderFault);
};

/** A file with one chain of one upstream, and what is put in at the chain and the upstream. */
export const file = ({ top = '', chain = '', upstream = '' }: Readonly<Record<string, string>>): string =>
  `${top}
chains:
  - name: mainnet${indented(chain, 4)}
    upstreams:
      - url: http://10.0.0.1:8545${indented(upstream, 8)}
`;

const indented = (text: string, by: number): string => (text === '' ? '' : `\n${text.replace(/^/gm, ' '.repeat(by))}`);
