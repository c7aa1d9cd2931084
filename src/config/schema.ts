import * as z from 'zod';
import { nameOf, unique } from './names.ts';
import { chainsSchema } from './schema-chain.ts';
import {
  cacheSchema,
  keysSchema,
  logSchema,
  methodsSchema,
  opsSchema,
  redisSchema,
  serverSchema,
} from './schema-server.ts';

const keys = {
  server: serverSchema,
  ops: opsSchema,
  log: logSchema,
  cache: cacheSchema,
  redis: redisSchema,
  keys: keysSchema,
  methods: methodsSchema,
  chains: chainsSchema,
};

type Chains = z.output<typeof chainsSchema>;

/** Gives every upstream its name: the one in the file, else one made of its address, unique in the file. */
const named = (chains: Chains) => {
  const given = chains.flatMap(({ upstreams }) => upstreams.flatMap(({ name }) => name ?? []));
  const taken = new Set(given);
  return chains.map((chain) => ({
    ...chain,
    upstreams: chain.upstreams.map((upstream) => ({
      ...upstream,
      name: upstream.name ?? unique(nameOf(upstream.url, upstream.discover?.dns), taken),
    })),
  }));
};

/**
 * The whole file: every key, its unit, default and documentation. Strict: an unknown key is an error at every level. What
 * concerns the file as a whole (names that are taken, chains that do not exist) is judged in `rules.ts`.
 */
export const configSchema = z
  .strictObject(keys)
  .meta({ title: 'headgate', description: 'Configuration of headgate' })
  .transform((config) => ({
    ...config,
    chains: named(config.chains),
    server: {
      ...config.server,
      // The headers are a part of the request: a longer time for them could never be used up.
      limits: {
        ...config.server.limits,
        headerTimeout: Math.min(config.server.limits.headerTimeout, config.server.limits.requestTimeout),
      },
    },
  }));

/**
 * A configuration that was checked, with all defaults in place. Names are those of the file; times are milliseconds,
 * sizes bytes, chain ids bigint. What has no default is undefined where it is left out: `server.tls`, `redis`, `keys`, a
 * chain's `id`, `blockTime` and `quorum`, an upstream's `url` or `discover`, `ws`, `headers`, `budget`, `ops.token`.
 */
export type Config = z.output<typeof configSchema>;

export type ChainConfig = Config['chains'][number];

/** Has exactly one of `url` and `discover`, and always a name. */
export type UpstreamConfig = ChainConfig['upstreams'][number];
