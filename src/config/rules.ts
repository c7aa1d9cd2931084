import { numeric } from './fields.ts';
import { defaultWindow } from './schema-chain.ts';
import type { Problem } from './tree-walk.ts';
import type { Path } from './paths.ts';
import { didYouMean } from './suggest.ts';

/**
 * What concerns the file as a whole: names that have to be unique, and names of things elsewhere in the file. Judges the
 * file as it stands, without defaults and whatever else may be wrong with it, so that all faults are told at once.
 */
export const wholeFileProblems = (file: unknown): readonly Problem[] => {
  const chains = items(file, 'chains');
  return [
    ...chainNames(chains),
    ...repeated(chains, ['chains'], 'id', 'is the id of another chain too'),
    ...defaults(chains),
    ...upstreamNames(chains),
    ...chains.flatMap((chain, index) => addresses(chain, index)),
    ...chains.flatMap((chain, index) => quorumSizes(chain, index)),
    ...chains.flatMap((chain, index) => finality(chain, index)),
    ...keys(file, chains),
    ...listeners(file),
  ];
};

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const at = (value: unknown, key: string): unknown => (isMapping(value) ? value[key] : undefined);

const items = (value: unknown, key: string): readonly unknown[] => {
  const list = at(value, key);
  return Array.isArray(list) ? list : [];
};

const wrong = (path: Path, message: string, suggestion?: string): Problem => ({
  path,
  at: 'value',
  message,
  suggestion,
});

/** A problem for each item whose `key` an earlier item has. */
const repeated = (list: readonly unknown[], path: Path, key: string, message: string): readonly Problem[] => {
  const seen = new Set<string>();
  return list.flatMap((item, index) => {
    const value = at(item, key);
    if (typeof value !== 'string' && typeof value !== 'number') return [];
    const again = seen.has(String(value));
    seen.add(String(value));
    return again ? [wrong([...path, index, key], message)] : [];
  });
};

const chainNames = (chains: readonly unknown[]): readonly Problem[] => {
  const unnamed = chains.flatMap((chain, index) =>
    isMapping(chain) && chain['name'] === undefined
      ? [wrong(['chains', index], 'needs a name, since there are several chains')]
      : [],
  );
  return [
    ...(chains.length > 1 ? unnamed : []),
    ...repeated(chains, ['chains'], 'name', 'is the name of another chain too'),
  ];
};

const isTrue = (value: unknown): boolean => value === true || value === 'true';

const defaults = (chains: readonly unknown[]): readonly Problem[] => {
  const marked = chains.flatMap((chain, index) => (isTrue(at(chain, 'default')) ? [index] : []));
  return marked
    .slice(1)
    .map((index) => wrong(['chains', index, 'default'], `chains[${marked[0]}] is the default already`));
};

const upstreamNames = (chains: readonly unknown[]): readonly Problem[] => {
  const seen = new Set<unknown>();
  return chains.flatMap((chain, chainIndex) =>
    items(chain, 'upstreams').flatMap((upstream, index) => {
      const name = at(upstream, 'name');
      const again = typeof name === 'string' && seen.has(name);
      seen.add(name);
      const path = ['chains', chainIndex, 'upstreams', index, 'name'];
      return again ? [wrong(path, 'is the name of another upstream too; names are unique in the file')] : [];
    }),
  );
};

/** An upstream is one node or what DNS finds, and a socket needs no second one. */
const addresses = (chain: unknown, chainIndex: number): readonly Problem[] =>
  items(chain, 'upstreams').flatMap((upstream, index) => {
    if (!isMapping(upstream)) return [];
    const here = ['chains', chainIndex, 'upstreams', index];
    const { url, ws, discover, calls } = upstream;
    if (url === undefined && discover === undefined) return [wrong(here, 'needs a url, or discover')];
    if (url !== undefined && discover !== undefined) {
      return [wrong([...here, 'discover'], 'has both url and discover', 'make them two upstreams')];
    }
    const found: Problem[] = [];
    if (discover !== undefined && ws !== undefined) {
      found.push(wrong([...here, 'ws'], 'names one node, but discover finds many; each is tried at its own address'));
    }
    if (typeof url !== 'string' || !/^(?:wss?|ipc):/i.test(url)) return found;
    if (ws !== undefined) found.push(wrong([...here, 'ws'], 'is of no use beside a url that is a socket already'));
    if (calls === 'http') {
      found.push(wrong([...here, 'calls'], 'http needs a url that begins with http:// or https://'));
    }
    return found;
  });

const quorumSizes = (chain: unknown, chainIndex: number): readonly Problem[] => {
  const upstreams = items(chain, 'upstreams');
  if (upstreams.length === 0 || upstreams.some((upstream) => at(upstream, 'discover') !== undefined)) return [];
  return items(chain, 'quorum').flatMap((quorum, index) => {
    const agree = at(quorum, 'agree');
    if (typeof agree !== 'number' || agree <= upstreams.length) return [];
    const has = upstreams.length === 1 ? 'is 1 upstream' : `are ${upstreams.length} upstreams`;
    return [wrong(['chains', chainIndex, 'quorum', index, 'agree'], `can never be reached: there ${has}`)];
  });
};

/** A final block is found among the kept ones; where the file does not say how deep it lies, it is the deepest that fits. */
const finality = (chain: unknown, chainIndex: number): readonly Problem[] => {
  const depth = numeric(at(chain, 'finality'));
  const window = numeric(at(at(chain, 'subscriptions'), 'window') ?? defaultWindow);
  if (depth === undefined || window === undefined || depth < window) return [];
  return [wrong(['chains', chainIndex, 'finality'], `has to be below subscriptions.window, which is ${window}`)];
};

const keys = (file: unknown, chains: readonly unknown[]): readonly Problem[] => {
  const list = items(file, 'keys');
  const names = chains.map((chain) => at(chain, 'name') ?? 'main').filter((name) => typeof name === 'string');
  const strangers = list.flatMap((key, index) =>
    items(key, 'chains').flatMap((chain, place) =>
      typeof chain === 'string' && !names.includes(chain)
        ? [wrong(['keys', index, 'chains', place], 'there is no chain of this name', didYouMean(chain, names))]
        : [],
    ),
  );
  return [
    ...repeated(list, ['keys'], 'name', 'is the name of another key too'),
    ...repeated(list, ['keys'], 'sha256', 'is the hash of another key too'),
    ...strangers,
  ];
};

const everywhere: readonly unknown[] = ['0.0.0.0', '::'];

const address = (section: unknown, port: number) => {
  const own = at(section, 'port') ?? port;
  return { host: at(section, 'host') ?? '127.0.0.1', port: typeof own === 'string' ? Number(own) : own };
};

const listeners = (file: unknown): readonly Problem[] => {
  const rpc = address(at(file, 'server'), 8545);
  const ops = address(at(file, 'ops'), 9545);
  if (rpc.port === 0 || rpc.port !== ops.port) return [];
  if (rpc.host !== ops.host && !everywhere.includes(rpc.host) && !everywhere.includes(ops.host)) return [];
  const section = at(at(file, 'ops'), 'port') === undefined ? 'server' : 'ops';
  return [wrong([section, 'port'], 'is the port of the other listener')];
};
