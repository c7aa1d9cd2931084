/**
 * What a scrape reads off the living gateway. Upstreams are told structurally (`NodeView` of a chain's picture fits), so
 * that this room needs to know nothing of heads or of the choice among nodes.
 */
export interface Picture {
  /** All chains that are served; counts of any other are dropped. */
  readonly chains: readonly ChainPicture[];
  readonly wsConnections: number;
  /** Bytes of cached answers; undefined where nothing is cached. */
  readonly cacheBytes?: number | undefined;
  /** False after a reload that was refused; the config of the start counts as loaded. */
  readonly lastReloadSuccessful?: boolean | undefined;
}

export interface ChainPicture {
  readonly name: string;
  /** The published head; undefined before the first block. */
  readonly head?: { readonly number: number; readonly ageSeconds: number } | undefined;
  /** All upstreams of the chain; counts of any other are dropped. */
  readonly nodes: readonly NodePicture[];
  /** Open subscriptions by type (`newHeads`, `logs` …). */
  readonly subscriptions?: ReadonlyMap<string, number> | undefined;
}

export interface NodePicture {
  readonly upstream: { readonly name: string; readonly stats: { readonly inflight: number } };
  readonly state: string;
  /** 0 to 1. */
  readonly score: number;
  readonly head: number | undefined;
  readonly lag: number | undefined;
  readonly peers: number | undefined;
  /** `web3_clientVersion` as the node words it; empty where it is not told. */
  readonly client: string;
}
