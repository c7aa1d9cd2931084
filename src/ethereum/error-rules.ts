import type { ClientKind } from './client-kind.ts';
import { sending } from './methods.ts';

/** Why an attempt failed, in terms of what to do next. */
export type ErrorClass =
  /** No JSON-RPC peer was reached, or it does not let us in: a proxy's page, refused credentials. */
  | 'transport'
  | 'timeout'
  | 'rate_limited'
  | 'overloaded'
  /** This node, or this plan, does not have the method. */
  | 'unsupported'
  /** This node no longer has the data (pruned state, history). */
  | 'missing_data'
  /** This node does not have the block yet. */
  | 'not_yet'
  /** Not JSON-RPC, a wrong id, too large, or refused by the call's `accept`. */
  | 'bad_reply'
  /** A wording nobody knows, or a limit of this node only: another is asked, no health is lost. */
  | 'unclassified';

/** What to think of an error: its class, or `refused` where it is the client's own (a revert, bad params). */
export type Verdict = ErrorClass | 'refused';

/** One line of the table. All given conditions must hold; the first line that fits decides. */
export interface Rule {
  readonly verdict: Verdict;
  readonly codes?: readonly number[];
  /** Tested on the start of the error's text, lower-cased. */
  readonly wording?: RegExp;
  readonly methods?: RegExp;
  readonly clients?: readonly ClientKind[];
}

const executes = /call|estimateGas|createAccessList|simulate|^trace_|^debug_trace|^eth_send|^ots_/i;

/** Any of these. */
export const any = (...parts: readonly RegExp[]): RegExp => new RegExp(parts.map((part) => part.source).join('|'));

/** What an HTTP status tells whatever the body says. */
export const statuses: ReadonlyMap<number, Verdict> = new Map([
  [401, 'transport'],
  [402, 'rate_limited'],
  [407, 'transport'],
  [429, 'rate_limited'],
]);

/** What an HTTP status tells where the body is no JSON-RPC error; any other status is `transport`. */
export const bareStatuses: ReadonlyMap<number, Verdict> = new Map([
  [200, 'bad_reply'],
  [408, 'timeout'],
  [413, 'unclassified'],
  [503, 'overloaded'],
  [504, 'timeout'],
  [524, 'timeout'],
  [529, 'overloaded'],
]);

/**
 * An execution that went wrong is the client's own, whatever the contract says in its reason. The wordings are tied to
 * the start of the text, so that `execution reverted: header not found` stays a revert.
 */
export const executionRules: readonly Rule[] = [
  // Alchemy says 3 for a block that its node has not seen; a revert never says just this.
  { verdict: 'not_yet', codes: [3], wording: /^unknown block$/ },
  { verdict: 'refused', codes: [3] },
  // Parity, OpenEthereum and Nethermind put the revert itself into `data`.
  { verdict: 'refused', codes: [-32015, -32016], wording: /^(?:vm|transaction) execution error|^the execution failed/ },
  {
    verdict: 'refused',
    methods: executes,
    wording: any(
      /^(?:error: |err: )*(?:vm exception while processing|vm execution error|evm error|execution error: revert)/,
      /^(?:error: |err: )*(?:execution reverted|transaction reverted|reverted\b|revert\b)/,
      /^(?:error: |err: )*(?:out of gas|invalid opcode|stack (?:under|over)flow|invalid jump|bad (?:instruction|jump))/,
      /^(?:error: |err: )*(?:gas required exceeds|intrinsic gas|gas uint64 overflow|write protection|max (?:init ?)?code)/,
      /^(?:error: |err: )*(?:insufficient (?:balance|funds) for|contract creation code storage)/,
    ),
  },
  {
    // execution-apis, eth_simulateV1: what is wrong with the simulated transactions. -38026 is the node's own limit.
    verdict: 'refused',
    methods: /^eth_simulateV1$/,
    codes: [-38010, -38011, -38012, -38013, -38014, -38015, -38020, -38021, -38022, -38023, -38024, -38025],
  },
];

/** What a code tells before any wording is looked at. */
export const codeRules: readonly Rule[] = [
  // EIP-4444: expired history. 4445, Nethermind: data of a fork that is not active at this block.
  { verdict: 'missing_data', codes: [4444] },
  { verdict: 'refused', codes: [4445] },
  // Sent, but not mined within the time: EIP-7966, Geth and Reth.
  { verdict: 'refused', codes: [4], methods: /^eth_sendRawTransactionSync$/ },
  { verdict: 'not_yet', codes: [-39001] },
  { verdict: 'rate_limited', codes: [429, -32029, -32090, -32097] },
  // -32604: Besu, a disabled group of methods. -32612, -32613: QuickNode.
  { verdict: 'unsupported', codes: [-32601, -32604, -32612, -32613] },
];

/** What a code tells where no wording was known. */
export const lastRules: readonly Rule[] = [
  // Nethermind and Reth keep to EIP-1474's meaning of these two; others number other things so.
  { verdict: 'not_yet', codes: [-32001], clients: ['nethermind', 'reth'] },
  { verdict: 'missing_data', codes: [-32002], clients: ['nethermind'] },
  { verdict: 'not_yet', codes: [-32001], wording: /not found|does not exist/ },
  { verdict: 'unsupported', codes: [-32004] },
  { verdict: 'refused', codes: [-32003, -32010], methods: sending },
  { verdict: 'rate_limited', codes: [-32005] },
  { verdict: 'refused', codes: [-32602] },
];
