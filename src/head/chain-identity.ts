import type { Identity } from '../upstream/upstream.ts';

/** What one upstream told of its chain; `failed` once it could not be asked, undefined before. */
export interface IdentityReport {
  readonly tier: number;
  readonly identity: Identity | 'failed' | undefined;
}

/** The chain that a pool serves. */
export interface ChainIdentity {
  readonly chainId: bigint;
  /** Undefined while no node of the chain could tell. */
  readonly genesis: string | undefined;
  /** More than half of all upstreams agree (or the id is configured and they agree on its genesis): it stays for good. */
  readonly settled: boolean;
}

/**
 * Which chain this is. More than half of all upstreams settle it, so that a lone wrong one never does; while some of them
 * have not answered nothing is said, unless `patient` is false. Then the most votes decide, on a tie the lowest tier's
 * first, for as long as no majority says otherwise.
 */
export const chainIdentityOf = (
  reports: readonly IdentityReport[],
  configured: bigint | undefined,
  patient: boolean,
): ChainIdentity | undefined => {
  const told = reports
    .toSorted((one, other) => one.tier - other.tier)
    .flatMap(({ identity }) => (identity === undefined || identity === 'failed' ? [] : [identity]))
    .filter(({ chainId }) => configured === undefined || chainId === configured);
  const groups = new Map<string, { chainId: bigint; genesis: string | undefined; votes: number }>();
  for (const { chainId, genesis } of told) {
    const key = `${chainId} ${genesis ?? ''}`;
    const group = groups.get(key) ?? { chainId, genesis, votes: 0 };
    group.votes++;
    groups.set(key, group);
  }
  // A node that cannot tell its genesis supports whichever one its chain id's others name.
  const support = ({ chainId, genesis }: { chainId: bigint; genesis: string | undefined }) =>
    told.filter((one) => one.chainId === chainId && (one.genesis === genesis || one.genesis === undefined)).length;
  const ranked = [...groups.values()]
    .map((group) => ({ ...group, votes: support(group) }))
    .toSorted(
      (one, other) =>
        other.votes - one.votes || Number(one.genesis === undefined) - Number(other.genesis === undefined),
    );
  const [first] = ranked;
  if (first === undefined) return undefined;
  const { chainId, genesis, votes } = first;
  if (votes * 2 > reports.length) return { chainId, genesis, settled: true };
  const awaited = reports.some(({ identity }) => identity === undefined);
  return awaited && patient ? undefined : { chainId, genesis, settled: false };
};

/**
 * The identity to go by after new reports. One that is not settled gives way to a majority; a settled chain id stays for
 * good, and its genesis for as long as any node has it: a development chain that was started anew has another one on every node.
 */
export const nextIdentity = (
  previous: ChainIdentity | undefined,
  reports: readonly IdentityReport[],
  configured: bigint | undefined,
  patient: boolean,
): ChainIdentity | undefined => {
  const found = chainIdentityOf(reports, configured, patient);
  if (previous === undefined || found === undefined) return previous ?? found;
  if (!previous.settled) return found.settled || sameChain(previous, found) ? found : previous;
  if (found.chainId !== previous.chainId || !found.settled) return previous;
  const kept = reports.some(({ identity }) => typeof identity === 'object' && identity.genesis === previous.genesis);
  return kept ? previous : found;
};

/** True where a node of the one may be a node of the other. */
export const sameChain = (one: ChainIdentity, other: ChainIdentity): boolean =>
  one.chainId === other.chainId &&
  (one.genesis === undefined || other.genesis === undefined || one.genesis === other.genesis);

/** Why a node that says this is not of the chain; undefined when it is. */
export const wrongChain = (identity: Identity, expected: ChainIdentity): string | undefined => {
  if (identity.chainId !== expected.chainId)
    return `it is of chain ${identity.chainId}, this is chain ${expected.chainId}`;
  if (identity.genesis !== undefined && expected.genesis !== undefined && identity.genesis !== expected.genesis) {
    return `its genesis is ${identity.genesis}, this chain's is ${expected.genesis}`;
  }
  return undefined;
};
