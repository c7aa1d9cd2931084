import type { Endpoint } from '../core/endpoint.ts';

/** What a path on the RPC listener names. */
export type Target =
  | { readonly kind: 'rpc'; readonly chain: string | undefined; readonly key: string | undefined }
  | { readonly kind: 'events'; readonly chain: string | undefined; readonly key: string | undefined }
  | { readonly kind: 'livez' }
  | { readonly kind: 'readyz' }
  | { readonly kind: 'unknown' };

/**
 * Reads a path: `/`, `/<chain>`, `/key/KEY`, `/<chain>/key/KEY`, each also with `/events` behind it; `/livez`, `/readyz`.
 * A chain may not be called by one of these words, so nothing is ambiguous.
 */
export const parseTarget = (path: string): Target => {
  if (path === '/') return root;
  const segments = path.split('/').filter((segment) => segment !== '');
  if (segments.length === 1 && (segments[0] === 'livez' || segments[0] === 'readyz')) return { kind: segments[0] };
  const rest = segments.map(decoded);
  const chain = rest[0] === 'key' || rest[0] === 'events' ? undefined : rest.shift();
  const key = rest[0] === 'key' ? rest.splice(0, 2)[1] : undefined;
  if (rest.length === 0) return { kind: 'rpc', chain, key };
  if (rest.length === 1 && rest[0] === 'events') return { kind: 'events', chain, key };
  return { kind: 'unknown' };
};

const root: Target = { kind: 'rpc', chain: undefined, key: undefined };

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

/** The chains of the gateway, found by name, by decimal chain id, or as the default. */
export class Endpoints {
  readonly #all: readonly Endpoint[];
  readonly #default: Endpoint | undefined;

  /** `defaultName` is the chain for paths that name none; the only chain needs no such mark. */
  constructor(all: readonly Endpoint[], defaultName: string | undefined) {
    this.#all = all;
    this.#default = all.length === 1 ? all[0] : all.find(({ name }) => name === defaultName);
  }

  get all(): readonly Endpoint[] {
    return this.#all;
  }

  find(chain: string | undefined): Endpoint | undefined {
    if (chain === undefined) return this.#default;
    const named = this.#all.find(({ name }) => name === chain);
    if (named !== undefined) return named;
    return /^[0-9]{1,20}$/.test(chain) ? this.#all.find((one) => one.chainId() === BigInt(chain)) : undefined;
  }
}
