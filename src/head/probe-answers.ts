import type { FailureClass, Outcome } from '../core/outcome.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import { shortValue } from '../jsonrpc/short-value.ts';
import type { UpstreamRequest } from '../upstream/upstream.ts';
import type { TagAnswer } from './finality.ts';
import { type Header, readHeader, readQuantity } from './header.ts';

const request = (method: string, params: readonly unknown[]): UpstreamRequest => ({
  method,
  params: Buffer.from(JSON.stringify(params)),
  heavy: false,
});

/** The questions that trackers ask. */
export const questions = {
  head: request('eth_getBlockByNumber', ['latest', false]),
  syncing: request('eth_syncing', []),
  peers: request('net_peerCount', []),
  safe: request('eth_getBlockByNumber', ['safe', false]),
  finalized: request('eth_getBlockByNumber', ['finalized', false]),
  byHash: (hash: string): UpstreamRequest => request('eth_getBlockByHash', [hash, false]),
  byNumber: (number: number): UpstreamRequest => request('eth_getBlockByNumber', [`0x${number.toString(16)}`, false]),
} as const;

/** The bytes of an answer; undefined for everything that is none. */
const answer = (outcome: Outcome | undefined): RawJson | undefined =>
  outcome?.kind === 'answered' ? outcome.result : undefined;

/** The header of a block that was asked for; undefined for `null` and every failure. */
export const headerIn = (outcome: Outcome | undefined): Header | undefined => {
  const raw = answer(outcome);
  return raw === undefined ? undefined : readHeader(raw);
};

/** True where the node says that it does not know the method, so that asking again is of no use. */
export const declined = (outcome: Outcome | undefined): boolean =>
  outcome?.kind === 'refused' || (outcome?.kind === 'failed' && outcome.failure === 'unsupported');

/** Geth and Parity say `false` or an object (of different shapes); some say `null` or `true`. Undefined where it is not told. */
export const syncingIn = (outcome: Outcome | undefined): boolean | undefined => {
  const value = parsed(answer(outcome));
  return value === undefined ? undefined : value !== false && value !== null;
};

export const peersIn = (outcome: Outcome | undefined): number | undefined => {
  const value = parsed(answer(outcome));
  return typeof value === 'number' ? value : readQuantity(value);
};

/** Failures by which a node says that it has no such block. */
const lacking: ReadonlySet<FailureClass> = new Set(['unsupported', 'not_yet', 'missing_data']);

/** A node that cannot serve the tag answers `null`, or says so in an error; one that is busy says nothing of it. */
export const tagIn = (outcome: Outcome | undefined): TagAnswer => {
  switch (outcome?.kind) {
    case 'answered': {
      const header = readHeader(outcome.result);
      if (header !== undefined) return { number: header.number, hash: header.hash };
      return parsed(outcome.result) === null ? 'none' : undefined;
    }
    case 'refused':
      return 'none';
    case 'failed':
      return lacking.has(outcome.failure) ? 'none' : undefined;
    default:
      return undefined;
  }
};

const parsed = (raw: RawJson | undefined): unknown => (raw === undefined ? undefined : shortValue(raw));
