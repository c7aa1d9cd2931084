import { writeFileSync } from 'node:fs';
import { renderFaults } from '../config/faults.ts';
import { configFromUrls } from '../config/from-urls.ts';
import type { UpstreamConfig } from '../config/schema.ts';
import { attempt } from '../config/substitute.ts';
import type { Env } from '../config/validate.ts';
import { printable } from './check.ts';
import type { Introduction } from './identify-upstream.ts';
import type { Terminal } from './terminal.ts';

export interface InitOptions {
  readonly urls: readonly string[];
  /** Where to write; an existing file is left alone. */
  readonly file: string;
}

export interface InitDeps extends Terminal {
  readonly env: Env;
  /** Asks one node who it is. Never rejects. */
  readonly introduce: (upstream: UpstreamConfig) => Promise<Introduction>;
}

/**
 * `headgate init`: asks the nodes who they are and writes a commented configuration, one chain for each chain id. Resolves to
 * the exit code: 0 written, 1 a URL is wrong or the file is there already, 2 no node answered (nothing is written).
 */
export const init = async ({ urls, file }: InitOptions, deps: InitDeps): Promise<0 | 1 | 2> => {
  const { env, introduce, stdout, stderr } = deps;
  const loaded = configFromUrls(urls, env);
  if (!loaded.ok) {
    stderr.write(`${renderFaults(loaded.faults)}\n`);
    return 1;
  }
  const upstreams = loaded.config.chains.flatMap((chain) => chain.upstreams);
  const nodes = await Promise.all(upstreams.map(async (upstream) => ({ upstream, found: await introduce(upstream) })));
  for (const { upstream, found } of nodes) stderr.write(`${upstream.name}: ${summary(found, loaded.secrets)}\n`);
  const reachable = nodes.filter(({ found }) => 'chainId' in found);
  if (reachable.length === 0) {
    stderr.write('No node answered, so nothing was written.\n');
    return 2;
  }
  const refusal = write(file, configText(nodes, loaded.secrets));
  if (refusal !== undefined) {
    stderr.write(`${refusal}\n`);
    return 1;
  }
  stdout.write(`Wrote ${file}. Check it: headgate check -c ${file} --online. Run it: headgate -c ${file}\n`);
  return 0;
};

/** In words why the file could not be written, or undefined where it was. */
const write = (file: string, text: string): string | undefined => {
  // URLs may hold keys, so nobody else may read them.
  const written = attempt(() => {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 });
    return '';
  });
  if (typeof written === 'string') return undefined;
  return written.code === 'EEXIST'
    ? `${file} is there already; move it away first`
    : `cannot write ${file}: ${written.why}`;
};

/** One node of a new configuration. */
export interface Found {
  readonly upstream: UpstreamConfig;
  readonly found: Introduction;
}

/** The text of headgate.yaml. Nodes that did not answer stand with the first chain, and a comment says so. */
export const configText = (nodes: readonly Found[], secrets: readonly string[]): string => {
  const ids = [...new Set(nodes.flatMap(({ found }) => ('chainId' in found ? [found.chainId] : [])))];
  const chains = ids.map((id, index) => {
    const own = nodes.filter(({ found }) => ('chainId' in found ? found.chainId === id : index === 0));
    return chainText(id, own, index === 0 && ids.length > 1, secrets);
  });
  return `${head}${chains.join('')}`;
};

const head = `# yaml-language-server: $schema=./config.schema.json
# What is not here has its default; config.example.yaml shows every key with its meaning.
# Secrets stay out of the file as "\${NAME}" (environment) or file:/run/secrets/name.

chains:
`;

const names: ReadonlyMap<bigint, string> = new Map([
  [1n, 'mainnet'],
  [10n, 'optimism'],
  [56n, 'bsc'],
  [100n, 'gnosis'],
  [137n, 'polygon'],
  [8453n, 'base'],
  [42161n, 'arbitrum'],
  [560048n, 'hoodi'],
  [11155111n, 'sepolia'],
]);

const chainText = (id: bigint, nodes: readonly Found[], isDefault: boolean, secrets: readonly string[]): string => {
  const name = names.get(id) ?? `chain-${id}`;
  const marked = isDefault ? '    default: true # also served at the path /\n' : '';
  const big = id > BigInt(Number.MAX_SAFE_INTEGER);
  return `  - name: ${name}
${marked}    id: ${big ? `'${id}'` : id} # a node of another chain is never used
    upstreams:
${nodes.map((node) => upstreamText(node, secrets)).join('')}`;
};

const upstreamText = (
  { upstream: { name, url = '' }, found }: Found,
  secrets: readonly string[],
): string => `      # ${summary(found, secrets)}
      - name: ${name}
        url: ${quoted(url)}
`;

const summary = (found: Introduction, secrets: readonly string[]): string => {
  if ('unreachable' in found) return `did not answer: ${printable(found.unreachable, secrets)}`;
  const client = printable(found.client, secrets) || 'a client that does not say its name';
  return `chain ${found.chainId}, ${client}, ${found.ws ? 'with WebSocket' : 'no WebSocket found'}`;
};

/** As YAML reads it back, also where it holds `$`, which has a meaning in configuration values. */
const quoted = (url: string): string => JSON.stringify(url.replaceAll('$', '$$$$'));
