import type { Call } from './call.ts';

/** A transaction that a node took from here, or of which it said that it has it. */
export interface Taken {
  /** 0x-prefixed lower case. */
  readonly hash: string;
  /** Undefined where the bytes do not tell. */
  readonly nonce: number | undefined;
  readonly upstream: string;
  /** Whose it is, as a lower-case address; undefined where the bytes do not tell. */
  readonly sender: string | undefined;
}

/** What went through here of late. */
export interface SentTransactions {
  taken(taken: Taken): void;
  /** Upstreams that took the transaction, or the newest one of the sender, that a call asks about; mostly none. */
  holders(call: Call): ReadonlySet<string>;
  /** Whose the transaction is that a call asks about; undefined where it did not go through here, or that is not known. */
  origin(call: Call): Origin | undefined;
}

/** A lower-case address, and the place among its transactions. */
export interface Origin {
  readonly sender: string;
  readonly nonce: number;
}
