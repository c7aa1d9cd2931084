import { isIP } from 'node:net';
import type { Config } from '../config/schema.ts';
import { logLevels } from '../config/schema-server.ts';
import { didYouMean } from '../config/suggest.ts';
import type { Env } from '../config/validate.ts';

/** What flags and environment say instead of the file. */
export interface Overrides {
  readonly host?: string;
  readonly port?: number;
  readonly opsHost?: string;
  readonly opsPort?: number;
  readonly logLevel?: Config['log']['level'];
}

/** Flags by their long names, without dashes. */
export type Flags = ReadonlyMap<string, string>;

/** Flags beat environment. A value that cannot be used is told by its name, with what it should be. */
export const readOverrides = (flags: Flags, env: Env): Overrides | { readonly usage: string } => {
  const given: Record<string, string | number> = {};
  for (const { key, flag, variables, read } of settings) {
    const found = find(flag, variables, flags, env);
    if (found === undefined) continue;
    const reading = read(found.text);
    if ('usage' in reading) return { usage: `${found.from}: ${reading.usage}` };
    given[key] = reading.value;
  }
  return given;
};

/** The configuration with what flags and environment say in place of its own. */
export const applyOverrides = (config: Config, { host, port, opsHost, opsPort, logLevel }: Overrides): Config => ({
  ...config,
  server: { ...config.server, host: host ?? config.server.host, port: port ?? config.server.port },
  ops: { ...config.ops, host: opsHost ?? config.ops.host, port: opsPort ?? config.ops.port },
  log: { ...config.log, level: logLevel ?? config.log.level },
});

type Reading = { readonly value: string | number } | { readonly usage: string };

const readIp = (text: string): Reading => {
  if (isIP(text) !== 0) return { value: text };
  return { usage: `expected an IP address${text === 'localhost' ? '; did you mean 127.0.0.1?' : ''}` };
};

const readPort = (text: string): Reading =>
  /^\d{1,5}$/.test(text) && Number(text) <= 65_535
    ? { value: Number(text) }
    : { usage: 'expected a port from 0 to 65535' };

const readLevel = (text: string): Reading => {
  if ((logLevels as readonly string[]).includes(text)) return { value: text };
  const hint = didYouMean(text, logLevels);
  return { usage: `expected one of ${logLevels.join(', ')}${hint === undefined ? '' : `; ${hint}`}` };
};

/** Kubernetes and Docker put the address of a service called "headgate" into these very names. */
const notALink = (text: string): boolean => !/^(?:tcp|udp|sctp):\/\//.test(text);

interface Variable {
  readonly name: string;
  /** Whether a value is meant for headgate at all. */
  readonly meant: (text: string) => boolean;
}

interface Setting {
  readonly key: keyof Overrides;
  readonly flag: string;
  readonly variables: readonly Variable[];
  readonly read: (text: string) => Reading;
}

const always = (): boolean => true;

const settings: readonly Setting[] = [
  {
    key: 'host',
    flag: 'host',
    variables: [
      { name: 'HEADGATE_HOST', meant: always },
      // Shells set HOST to the machine's name.
      { name: 'HOST', meant: (text) => isIP(text) !== 0 },
    ],
    read: readIp,
  },
  {
    key: 'port',
    flag: 'port',
    variables: [
      { name: 'HEADGATE_PORT', meant: notALink },
      { name: 'PORT', meant: always },
    ],
    read: readPort,
  },
  { key: 'opsHost', flag: 'ops-host', variables: [{ name: 'HEADGATE_OPS_HOST', meant: always }], read: readIp },
  { key: 'opsPort', flag: 'ops-port', variables: [{ name: 'HEADGATE_OPS_PORT', meant: notALink }], read: readPort },
  { key: 'logLevel', flag: 'log-level', variables: [{ name: 'HEADGATE_LOG_LEVEL', meant: always }], read: readLevel },
];

const find = (flag: string, variables: readonly Variable[], flags: Flags, env: Env) => {
  const given = flags.get(flag);
  if (given !== undefined) return { text: given, from: `--${flag}` };
  for (const { name, meant } of variables) {
    const text = env[name];
    if (text !== undefined && text !== '' && meant(text)) return { text, from: name };
  }
  return undefined;
};
