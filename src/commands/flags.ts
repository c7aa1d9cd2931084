import { parseArgs } from 'node:util';
import { didYouMean } from '../config/suggest.ts';
import type { Env } from '../config/validate.ts';
import type { HealthcheckOptions } from './healthcheck.ts';
import { type Flags, type Overrides, readOverrides } from './overrides.ts';

export { applyOverrides, type Overrides } from './overrides.ts';

/** Where the configuration comes from. */
export type Source =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'urls'; readonly urls: readonly string[] };

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'run'; readonly source: Source; readonly overrides: Overrides }
  | { readonly kind: 'demo'; readonly overrides: Overrides }
  | { readonly kind: 'check'; readonly file: string; readonly online: boolean }
  /** `file` is where to write. */
  | { readonly kind: 'init'; readonly urls: readonly string[]; readonly file: string }
  /** `file` is undefined for an instance that was started without one. */
  | ({ readonly kind: 'healthcheck' } & HealthcheckOptions)
  | { readonly kind: 'version' }
  | { readonly kind: 'help' }
  | Usage;

/** The words cannot be understood; `message` says what to type instead. */
export interface Usage {
  readonly kind: 'usage';
  readonly message: string;
}

export const helpText = `headgate: a JSON-RPC load-balancing reverse proxy for Ethereum nodes

  headgate URL [URL...]          these nodes make one chain; no file is needed
  headgate -c FILE               run from a YAML file (config.example.yaml has every key)
  headgate demo                  three real nodes on one chain, and the gateway before them
  headgate check -c FILE         validate the file; --online also asks every node who it is
  headgate init URL [URL...]     write headgate.yaml (or -c FILE) from what the nodes say
  headgate healthcheck           ask /readyz of the instance that the same file, flags and
                                 environment describe

A URL is http(s)://, ws(s):// or ipc:///path. Flags beat environment beat file beat defaults:

  -c, --config FILE              HEADGATE_CONFIG
      --host IP                  HEADGATE_HOST; HOST where it is an IP address
      --port PORT                HEADGATE_PORT; PORT
      --ops-host IP              HEADGATE_OPS_HOST
      --ops-port PORT            HEADGATE_OPS_PORT
      --log-level LEVEL          HEADGATE_LOG_LEVEL
      --online                   for check: ask every node, too
  -v, --version
  -h, --help
`;

const options = {
  config: { type: 'string', short: 'c' },
  host: { type: 'string' },
  port: { type: 'string' },
  'ops-host': { type: 'string' },
  'ops-port': { type: 'string' },
  'log-level': { type: 'string' },
  online: { type: 'boolean' },
  version: { type: 'boolean', short: 'v' },
  help: { type: 'boolean', short: 'h' },
} as const;

const commands = ['demo', 'check', 'init', 'healthcheck'] as const;

/** Reads the command line, without node and script, and the environment. */
export const resolve = (argv: readonly string[], env: Env): Command => {
  const words = readWords(argv);
  if ('kind' in words) return words;
  const { flags, positionals } = words;
  if (flags.has('help')) return { kind: 'help' };
  if (flags.has('version')) return { kind: 'version' };
  const overrides = readOverrides(flags, env);
  if ('usage' in overrides) return usage(overrides.usage);
  const [first, ...rest] = positionals;
  const command = commands.find((name) => name === first);
  if (flags.has('online') && command !== 'check') return usage('--online belongs to headgate check');
  const config = flags.get('config') ?? nonEmpty(env['HEADGATE_CONFIG']);
  if (command === undefined) return run(positionals, flags, config, overrides);
  if (command === 'init') return init(rest, flags);
  const extra = rest[0];
  if (extra !== undefined) return usage(`headgate ${command} takes no ${JSON.stringify(shown(extra))}`);
  if (command === 'demo') return { kind: 'demo', overrides };
  if (command === 'healthcheck') return { kind: command, file: config, named: flags.has('config'), overrides };
  if (config === undefined) return usage('No file named: headgate check -c FILE');
  return { kind: 'check', file: config, online: flags.has('online') };
};

const run = (words: readonly string[], flags: Flags, config: string | undefined, overrides: Overrides): Command => {
  const strange = words.find((word) => !word.includes(':') && !word.startsWith('/'));
  if (strange !== undefined) {
    const hint = didYouMean(strange, commands) ?? 'headgate --help lists the commands';
    return usage(`${JSON.stringify(shown(strange))} is neither a command nor a URL; ${hint}`);
  }
  if (words.length > 0 && flags.has('config')) {
    return usage('Both URLs and -c FILE: name the upstreams in the file, or leave -c away');
  }
  // Upstreams named on the command line beat a file that only the environment names.
  if (words.length > 0) return { kind: 'run', source: { kind: 'urls', urls: words }, overrides };
  if (config !== undefined) return { kind: 'run', source: { kind: 'file', path: config }, overrides };
  return usage('No upstream named: headgate URL [URL...], headgate -c FILE, or headgate demo to look around');
};

const init = (urls: readonly string[], flags: Flags): Command => {
  if (urls.length === 0) return usage('No upstream named: headgate init URL [URL...]');
  return { kind: 'init', urls, file: flags.get('config') ?? 'headgate.yaml' };
};

const usage = (message: string): Usage => ({ kind: 'usage', message });

const nonEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

/** A word said back: short, and without what may be a key in a URL. */
const shown = (word: string): string => (word.includes('://') ? 'URL' : word.slice(0, 40));

interface Words {
  readonly flags: Flags;
  readonly positionals: readonly string[];
}

const readWords = (argv: readonly string[]): Words | Usage => {
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const flags = new Map<string, string>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const option = Object.entries(options).find(([name]) => name === token.name)?.[1];
    if (option === undefined) return unknownFlag(token.name, token.rawName);
    const { value } = token;
    if (option.type === 'boolean') {
      if (value !== undefined) return usage(`--${token.name} takes no value`);
      flags.set(token.name, '');
    } else {
      if (value === undefined || value === '' || (!token.inlineValue && value.startsWith('-'))) {
        return usage(`--${token.name} needs a value`);
      }
      flags.set(token.name, value);
    }
  }
  return { flags, positionals };
};

const unknownFlag = (name: string, raw: string): Usage => {
  const hint = didYouMean(name, Object.keys(options))?.replace('mean ', 'mean --');
  return usage(`Unknown flag ${raw.slice(0, 40)}; ${hint ?? 'headgate --help lists them all'}`);
};
